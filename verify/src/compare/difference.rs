//! Finds the differences between two snapshots. A new or missing object stands for its parts.

use migrator_model::small;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use crate::snapshot::content::{Properties, Snapshot};
use crate::snapshot::object::{Kind, Object};

/// The property with the position of a column. It is compared among the columns that both snapshots
/// have: if a column is dropped, the positions of the later columns change as well.
const POSITION: &str = "position";

/// The property with the values of an enum.
const LABELS: &str = "labels";

/// A difference in one object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// The object, from the later snapshot if both have the object.
    pub object: Object,
    /// How the object changed.
    pub change: Change,
}

/// How an object changed between two snapshots.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// Only the later snapshot has the object.
    Appeared,
    /// Only the earlier snapshot has the object.
    Disappeared,
    /// Both snapshots have the object, with different values of a property.
    Altered {
        /// The property's name.
        property: String,
        /// The whole value in the earlier snapshot, if the property is set there.
        before: Option<String>,
        /// The whole value in the later snapshot, if the property is set there.
        after: Option<String>,
    },
}

impl Difference {
    /// Whether no script can undo the difference without creating a table or type again: a column
    /// has another position, or an enum has more values.
    #[must_use]
    pub fn is_irremovable(&self) -> bool {
        match &self.change {
            Change::Altered { .. } => self.is_moved() || self.added_values().is_some(),
            Change::Appeared | Change::Disappeared => false,
        }
    }

    /// Whether a column has another position.
    pub(crate) fn is_moved(&self) -> bool {
        matches!(&self.change, Change::Altered { property, .. } if property == POSITION)
    }

    /// The values that an enum got, as SQL writes them. `None` if the enum changed in another way.
    #[must_use]
    pub fn added_values(&self) -> Option<Vec<&str>> {
        let Change::Altered {
            property,
            before,
            after: Some(after),
        } = &self.change
        else {
            return None;
        };
        if property != LABELS || self.object.kind != Kind::Type {
            return None;
        }
        // An enum may have had no value.
        let mut had = labels(before.as_deref().unwrap_or_default()).peekable();
        let added = labels(after).filter(|label| had.next_if_eq(label).is_none());
        let added = added.collect();
        had.next().is_none().then_some(added)
    }
}

/// Splits `'a', 'b'` into its values.
fn labels(text: &str) -> impl Iterator<Item = &str> {
    let mut is_quoted = false;
    let labels = text.split(move |c| {
        is_quoted ^= c == '\'';
        c == ',' && !is_quoted
    });
    let labels = labels.map(|label| label.strip_prefix(' ').unwrap_or(label));
    labels.filter(|label| !label.is_empty())
}

/// The differences between a snapshot and a later one, by kind and name. There is none if and only
/// if the snapshots are equal.
///
/// An object that appeared or disappeared with its parent is left out.
#[must_use]
pub fn differences(before: &Snapshot, after: &Snapshot) -> Vec<Difference> {
    let candidates = before.candidates(after);
    let moved = moved(before, after, &candidates);
    let mut found = Vec::new();
    for object in candidates {
        let changes = match (before.properties(object), after.properties(object)) {
            (Some(_), None) if is_news(object, after, before) => vec![Change::Disappeared],
            (None, Some(_)) if is_news(object, before, after) => vec![Change::Appeared],
            (Some(old), Some(new)) => altered(old, new, moved.contains(object)),
            (Some(_) | None, None) | (None, Some(_)) => Vec::new(),
        };
        let object = after.find(object).or_else(|| before.find(object));
        if let Some(object) = object {
            let changes = changes.into_iter();
            found.extend(changes.map(|change| Difference {
                object: object.clone(),
                change,
            }));
        }
    }
    found
}

/// Whether an object is missing from a snapshot while its parent, if it has one, is not.
fn is_news(object: &Object, missing_from: &Snapshot, present_in: &Snapshot) -> bool {
    let goes_with_parent = |parent: &Object| {
        missing_from.properties(parent).is_none() && present_in.properties(parent).is_some()
    };
    let object = present_in.find(object).unwrap_or(object);
    !object.parent().is_some_and(goes_with_parent)
}

fn altered(old: &Properties, new: &Properties, moved: bool) -> Vec<Change> {
    let names: BTreeSet<&String> = small::collect(old.keys().chain(new.keys()));
    names
        .into_iter()
        .filter(|name| old.get(*name) != new.get(*name))
        .filter(|name| moved || name.as_str() != POSITION)
        .map(|name| Change::Altered {
            property: name.clone(),
            before: old.get(name).cloned(),
            after: new.get(name).cloned(),
        })
        .collect()
}

/// The columns that have moved: the smallest set that explains the new order of the columns that
/// both snapshots have.
fn moved<'a>(
    before: &'a Snapshot,
    after: &'a Snapshot,
    candidates: &[&'a Object],
) -> BTreeSet<&'a Object> {
    let old = columns(before, after, candidates);
    let new = columns(after, before, candidates);
    let mut moved = BTreeSet::new();
    for (table, new) in &new {
        let old = old.get(table).map_or(&[][..], Vec::as_slice);
        if old == new.as_slice() {
            continue;
        }
        let ranks: BTreeMap<&Object, usize> = small::collect(old.iter().copied().zip(0..));
        let order: Vec<usize> = new
            .iter()
            .filter_map(|column| ranks.get(column))
            .copied()
            .collect();
        let stayed = longest_rise(&order);
        let is_moved = |rank: &usize| stayed.binary_search(rank).is_err();
        moved.extend(
            order
                .iter()
                .filter(|rank| is_moved(rank))
                .filter_map(|rank| old.get(*rank)),
        );
    }
    moved
}

/// The columns of each table that both snapshots have, in their order.
fn columns<'a>(
    of: &'a Snapshot,
    common: &Snapshot,
    candidates: &[&'a Object],
) -> BTreeMap<&'a Object, Vec<&'a Object>> {
    let mut columns: BTreeMap<&Object, Vec<(usize, &Object)>> = BTreeMap::new();
    let found = candidates.iter().filter_map(|object| of.find(object));
    for object in found.filter(|object| common.properties(object).is_some()) {
        let position = of.properties(object).and_then(|all| all.get(POSITION));
        if let (Kind::Column | Kind::Attribute, Some(parent), Some(position)) = (
            object.kind,
            object.parent(),
            position.and_then(|position| position.parse().ok()),
        ) {
            columns.entry(parent).or_default().push((position, object));
        }
    }
    let sorted = columns.into_iter().map(|(table, mut columns)| {
        columns.sort_unstable();
        let columns = columns.into_iter().map(|(_, column)| column);
        (table, columns.collect())
    });
    small::collect(sorted)
}

/// The longest increasing subsequence.
fn longest_rise(row: &[usize]) -> Vec<usize> {
    let mut longest: Vec<Vec<usize>> = Vec::new();
    for (index, number) in row.iter().enumerate() {
        let earlier = longest.iter().zip(&row[..index]);
        let before = earlier.filter(|(_, last)| *last < number);
        let mut rise = before
            .map(|(rise, _)| rise)
            .max_by_key(|rise| rise.len())
            .cloned()
            .unwrap_or_default();
        rise.push(*number);
        longest.push(rise);
    }
    // Of several, the one that ends first: a column that was added again is the last one.
    let from_the_end = longest.into_iter().rev();
    from_the_end.max_by_key(Vec::len).unwrap_or_default()
}

/// `table a.b appeared`, `column a.b.c: default is '1', was '2'`.
impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let object = &self.object;
        match &self.change {
            Change::Appeared => write!(f, "{object} appeared"),
            Change::Disappeared => write!(f, "{object} disappeared"),
            Change::Altered {
                property,
                before,
                after,
            } => {
                let (before, after) = (before.as_deref(), after.as_deref());
                let (line, before, after) = first_difference(before, after);
                write!(f, "{object}: {property}{line} is {after}, was {before}")
            }
        }
    }
}

/// The shown part of two values: short ones whole, long ones from where they differ.
fn first_difference(before: Option<&str>, after: Option<&str>) -> (String, String, String) {
    let lines = |value: &str| value.split('\n').count();
    let (Some(old), Some(new)) = (before, after) else {
        let shown = |value: Option<&str>| match value {
            None => "not set".to_owned(),
            Some(value) => match value.trim_start().lines().next() {
                Some(line) if value.lines().count() > 1 => excerpt(line, 0) + " …",
                _ => excerpt(value.trim_end_matches('\n'), 0),
            },
        };
        return (String::new(), shown(before), shown(after));
    };
    if lines(old).max(lines(new)) <= 1 {
        let (old, new) = excerpts(old, new);
        return (String::new(), old, new);
    }
    let same = old.split('\n').zip(new.split('\n'));
    let same = same.take_while(|(a, b)| a == b).count();
    let line = |value: &'_ str| value.split('\n').nth(same).map(str::to_owned);
    let at = format!(" at line {}", same + 1);
    let (old, new) = match (line(old), line(new)) {
        (Some(old), Some(new)) => {
            let is_indentation = old.trim() == new.trim();
            let shown = |line: &str| match is_indentation {
                true => line.to_owned(),
                false => line.trim().to_owned(),
            };
            let (old, new) = excerpts(&shown(&old), &shown(&new));
            (format!("`{old}`"), format!("`{new}`"))
        }
        (old, new) => {
            let shown = |line: Option<String>| match line {
                Some(line) => format!("`{}`", excerpt(line.trim(), 0)),
                None => "no line".to_owned(),
            };
            (shown(old), shown(new))
        }
    };
    (at, old, new)
}

/// The number of characters of a value that are shown.
const SHOWN: usize = 120;

/// The number of shown characters before the first different one.
const LEAD: usize = 40;

/// Two lines, or the part of long lines in which they begin to differ.
fn excerpts(old: &str, new: &str) -> (String, String) {
    let same = old.chars().zip(new.chars()).take_while(|(a, b)| a == b);
    let same = same.count();
    let longest = old.chars().count().max(new.chars().count());
    let start = match longest <= SHOWN {
        true => 0,
        false => same.saturating_sub(LEAD),
    };
    (excerpt(old, start), excerpt(new, start))
}

/// The shown part of a line from a character on, with control characters as escapes.
fn excerpt(line: &str, start: usize) -> String {
    let mut shown = String::new();
    if start > 0 {
        shown.push('…');
    }
    for c in line.chars().skip(start).take(SHOWN) {
        match c.is_control() {
            true => shown.extend(c.escape_default()),
            false => shown.push(c),
        }
    }
    if line.chars().count() > start + SHOWN {
        shown.push('…');
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::{first_difference, labels};

    fn shown(before: &str, after: &str) -> String {
        let (at, before, after) = first_difference(Some(before), Some(after));
        format!("{at}|{before}|{after}")
    }

    #[test]
    fn short_values_are_shown_whole() {
        assert_eq!(shown("1", "2"), "|1|2");
        assert_eq!(shown("a > 1", "a >= 1"), "|a > 1|a >= 1");
    }

    #[test]
    fn long_lines_are_shown_where_they_differ() {
        let same = "abcdefghij".repeat(30);
        let lead = format!("…{}", "abcdefghij".repeat(4));
        let (old, new) = (format!("{same}, 'old')"), format!("{same}, 'new', 'more')"));
        let (old_end, new_end) = (", 'old')", ", 'new', 'more')");
        // The comma, the space and the quote are the same as well.
        let lead = format!(
            "…{}",
            lead.trim_start_matches('…').get(3..).unwrap_or_default()
        );
        assert_eq!(
            shown(&old, &new),
            format!("|{lead}{old_end}|{lead}{new_end}")
        );
        let longer = format!("{same}x");
        assert!(
            shown(&same, &longer).ends_with('x'),
            "{}",
            shown(&same, &longer)
        );
        let far = format!("{old}{same}");
        assert!(
            shown(&far, &new).contains("'old')abc"),
            "{}",
            shown(&far, &new)
        );
        assert!(shown(&far, &new).contains("…|"), "{}", shown(&far, &new));
    }

    #[test]
    fn characters_of_many_bytes_are_not_cut() {
        let same = "ä€🙂".repeat(60);
        let shown = shown(&format!("{same}1"), &format!("{same}2"));
        assert!(shown.contains("🙂1|") && shown.ends_with("🙂2"), "{shown}");
    }

    #[test]
    fn of_many_lines_the_first_that_differs_is_shown() {
        assert_eq!(shown("a\nb\nc", "a\nx\nc"), " at line 2|`b`|`x`");
        assert_eq!(shown("a\n", "a\nb"), " at line 2|``|`b`");
        assert_eq!(shown("a", "a\nb"), " at line 2|no line|`b`");
        let body = |end: &str| format!("BEGIN\n  {}{end};\nEND", "x ".repeat(100));
        let shown = shown(&body("old"), &body("new"));
        assert!(
            shown.contains("x old;`|") && shown.ends_with("x new;`"),
            "{shown}"
        );
    }

    #[test]
    fn what_cannot_be_seen_is_shown() {
        assert_eq!(shown("a\n  b", "a\n b"), " at line 2|`  b`|` b`");
        assert_eq!(shown("a\nb\r", "a\nb"), " at line 2|`b\\r`|`b`");
        assert_eq!(shown("a\tb", "a b"), "|a\\tb|a b");
    }

    #[test]
    fn labels_are_read_as_postgres_writes_them() {
        let text = r"'a', 'b, c', 'it''s', '', E'\\, ', 'ä'";
        let read: Vec<&str> = labels(text).collect();
        let expected = ["'a'", "'b, c'", "'it''s'", "''", r"E'\\, '", "'ä'"];
        assert_eq!(read, expected);
    }
}
