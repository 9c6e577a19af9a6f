//! M0234: the down script restores a view, a function or another definition with a different text.
//!
//! The finding is a warning, because only the server can tell whether two texts have the same
//! meaning.

use migrator_model::Code;

use crate::finding::Finding;
use crate::objects::{Effect, Object, Space};
use crate::sql_type::canonical;

use super::comparison::Comparison;
use super::moments::Moment;

pub(super) fn find<'a>(comparison: &Comparison<'_, 'a>) -> Option<Finding<'a>> {
    let keys = comparison.moments.up.objects();
    let restored = keys.filter(|key| is_other(comparison, key));
    let mut restored: Vec<(usize, &Object)> = restored
        .filter_map(|key| Some((made_at(comparison, key)?, key)))
        .collect();
    restored.sort_unstable();
    let (offset, first) = restored.first()?;
    let others = match restored.len() - 1 {
        0 => String::new(),
        1 => " and one other object".to_owned(),
        many => format!(" and {many} other objects"),
    };
    let shown = match first.space {
        Space::Relation => format!("`{}`", first.name),
        _ => first.to_string(),
    };
    Some(Finding::new(
        comparison.down.script,
        Code::M0234,
        *offset,
        format!(
            "the down script restores {shown}{others} with a definition that it did not have before the up script"
        ),
        format!(
            "write the earlier definition, {}",
            comparison.as_before(first)
        ),
    ))
}

/// Whether the up script replaces a definition, and the down script writes a third one.
fn is_other(comparison: &Comparison<'_, '_>, key: &Object) -> bool {
    let entry = |moment| comparison.moments.entry(moment, key);
    let written = |moment| {
        let entry = entry(moment).filter(|entry| entry.table.is_none() && !entry.is_outdated);
        entry?.text.as_deref()
    };
    let text = |moment| Some(normal(written(moment)?, key.space));
    let style = |moment| written(moment).map(Style::of);
    if key.space != Space::Routine && style(Moment::BeforeUp) != style(Moment::AfterDown) {
        return false;
    }
    let (Some(before), Some(after)) = (text(Moment::BeforeUp), text(Moment::AfterDown)) else {
        return false;
    };
    let is_replaced = entry(Moment::AfterUp).is_none()
        || text(Moment::AfterUp).is_some_and(|between| between != before && between != after);
    is_replaced && before != after && !comparison.moments.state.is_hidden(key)
}

/// Where the down script creates an object.
fn made_at(comparison: &Comparison<'_, '_>, key: &Object) -> Option<usize> {
    let mut made = comparison.down.script.mentions.iter().filter(|one| {
        one.effect == Effect::Create && comparison.down.path.key(&one.object).as_ref() == Some(key)
    });
    made.next_back().map(|one| one.offset)
}

/// Words that do not change a definition.
const IGNORED: [&str; 9] = [
    "",
    "as",
    "public",
    "asc",
    "using",
    "btree",
    "column",
    "varying",
    "precision",
];

/// The words of a definition, without comments, optional words and casts.
///
/// The words of a function are sorted, because its clauses may be in any order.
fn normal(text: &str, space: Space) -> Vec<String> {
    let text = without_comments(&text.to_lowercase()).replace("!=", "<>");
    let mut words: Vec<String> = Vec::new();
    let mut word = String::new();
    for c in text.chars().chain([' ']) {
        if c.is_alphanumeric() || c == '_' {
            word.push(c);
            continue;
        }
        let known = std::mem::take(&mut word);
        let is_cast = words.ends_with(&[":".to_owned(), ":".to_owned()]);
        if is_cast && !known.is_empty() {
            // Postgres adds casts when it prints a definition.
            words.truncate(words.len() - 2);
        } else if !IGNORED.contains(&known.as_str()) {
            words.push(spelled(&known));
        }
        if !c.is_whitespace() && !"();.\"'$".contains(c) {
            words.push(c.to_string());
        }
    }
    if space == Space::Routine {
        words.sort_unstable();
    }
    words
}

/// How a definition is written. Postgres prints casts (`::text`), writes `IN` as `= ANY (ARRAY[…])`
/// and puts the table before each column; few people write so. Two definitions that are written
/// in different ways may have the same meaning.
#[derive(PartialEq, Eq)]
struct Style {
    has_casts: bool,
    has_arrays: bool,
    is_qualified: bool,
}

impl Style {
    /// The style of a definition, which has no parentheses and no quotes.
    fn of(text: &str) -> Style {
        let text = without_comments(&text.to_lowercase());
        let dense: String = text.split_whitespace().collect();
        let is_name = |c: char| c.is_alphanumeric() || c == '_';
        let columns = text.split_once("select ").map(|(_, columns)| columns);
        let behind_name = columns.map(|text| text.trim_start().trim_start_matches(is_name));
        Style {
            has_casts: dense.contains("::"),
            has_arrays: ["anyarray[", "allarray["]
                .iter()
                .any(|mark| dense.contains(mark)),
            is_qualified: behind_name.is_some_and(|rest| rest.trim_start().starts_with('.')),
        }
    }
}

fn spelled(word: &str) -> String {
    match word {
        "procedure" => "function",
        other => canonical(other).unwrap_or(other),
    }
    .to_owned()
}

fn without_comments(text: &str) -> String {
    let mut kept = String::new();
    for line in text.lines() {
        kept.push_str(line.split("--").next().unwrap_or_default());
        kept.push(' ');
    }
    while let Some(start) = kept.find("/*") {
        let end = kept
            .get(start..)
            .and_then(|rest| rest.find("*/"))
            .map_or(kept.len(), |at| start + at + 2);
        kept.replace_range(start..end, " ");
    }
    kept
}
