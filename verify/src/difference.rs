//! What differs between two pictures, told once: an object that came or went stands for its parts.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use crate::picture::{Kind, Object, Picture, Properties};

/// The property that tells columns' order, compared among the columns that both pictures have:
/// when a column goes, the later ones move up, and nobody changed them.
const POSITION: &str = "position";

/// One thing that differs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// What it is about, as the picture has it that shows it; the later one if both do.
    pub object: Object,
    /// What became of it.
    pub change: Change,
}

/// What became of an object between two pictures.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// It is in the later picture only.
    Appeared,
    /// It is in the earlier picture only.
    Disappeared,
    /// It is in both, and a property is not the same.
    Altered {
        /// The property's name.
        property: String,
        /// Its value in the earlier picture, whole; none if it was not set.
        before: Option<String>,
        /// Its value in the later picture.
        after: Option<String>,
    },
}

/// What differs from one picture to a later one, by kind and name. Nothing differs if and only if
/// the pictures are equal.
///
/// An object whose parent came or went with it is not told.
#[must_use]
pub fn differences(before: &Picture, after: &Picture) -> Vec<Difference> {
    if before == after {
        return Vec::new();
    }
    let gone = before
        .objects()
        .filter(|(object, _)| is_news(object, after, before));
    let gone = gone.map(|(object, _)| (object, Change::Disappeared));
    let new = after
        .objects()
        .filter(|(object, _)| is_news(object, before, after));
    let new = new.map(|(object, _)| (object, Change::Appeared));
    let moved = moved(before, after);
    let altered = after.objects().flat_map(|(object, new)| {
        let old = before.properties(object);
        let changes = old.map(|old| altered(old, new, moved.contains(object)));
        changes
            .into_iter()
            .flatten()
            .map(move |change| (object, change))
    });
    let told = gone.chain(new).chain(altered);
    let mut told: Vec<_> = told
        .map(|(object, change)| Difference {
            object: object.clone(),
            change,
        })
        .collect();
    told.sort_by(|a, b| a.object.cmp(&b.object));
    told
}

/// Whether an object is missing from a picture while its parent, if it has one, is not.
fn is_news(object: &Object, missing_from: &Picture, present_in: &Picture) -> bool {
    let goes_with_parent = |parent: &Object| {
        missing_from.properties(parent).is_none() && present_in.properties(parent).is_some()
    };
    missing_from.properties(object).is_none() && !object.parent().is_some_and(goes_with_parent)
}

fn altered(old: &Properties, new: &Properties, moved: bool) -> Vec<Change> {
    let mut names: Vec<&String> = old.keys().chain(new.keys()).collect();
    names.sort();
    names.dedup();
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

/// The columns in both pictures that have moved against the others in both: as few as
/// explain the new order.
fn moved<'a>(before: &'a Picture, after: &'a Picture) -> BTreeSet<&'a Object> {
    let old = columns(before, after);
    let new = columns(after, before);
    let mut moved = BTreeSet::new();
    for (table, new) in &new {
        let old = old.get(table).map_or(&[][..], Vec::as_slice);
        if old == new.as_slice() {
            continue;
        }
        let ranks: BTreeMap<&Object, usize> = old.iter().copied().zip(0..).collect();
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

/// The columns of each table that another picture has as well, in their order.
fn columns<'a>(of: &'a Picture, common: &Picture) -> BTreeMap<&'a Object, Vec<&'a Object>> {
    let mut columns: BTreeMap<&Object, Vec<(usize, &Object)>> = BTreeMap::new();
    for (object, properties) in of.objects() {
        let position = properties.get(POSITION).and_then(|p| p.parse().ok());
        if let (Kind::Column | Kind::Attribute, Some(parent), Some(position)) =
            (object.kind, object.parent(), position)
            && common.properties(object).is_some()
        {
            columns.entry(parent).or_default().push((position, object));
        }
    }
    let sorted = columns.into_iter().map(|(table, mut columns)| {
        columns.sort_unstable();
        let columns = columns.into_iter().map(|(_, column)| column);
        (table, columns.collect())
    });
    sorted.collect()
}

/// The longest part of a row of numbers that rises, with gaps.
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
    // Of several the one that ends first: what is made again stands last.
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

/// What is shown of two values: all of short ones, else the first line in which they differ.
fn first_difference(before: Option<&str>, after: Option<&str>) -> (String, String, String) {
    let lines = |value: Option<&str>| value.map_or(0, |value| value.lines().count());
    let (Some(old), Some(new)) = (before, after) else {
        let shown = |value: Option<&str>| match value {
            None => "not set".to_owned(),
            Some(value) => match value.trim_start().lines().next() {
                Some(line) if lines(Some(value)) > 1 => shortened(line) + " …",
                _ => shortened(value),
            },
        };
        return (String::new(), shown(before), shown(after));
    };
    if lines(before).max(lines(after)) <= 1 {
        return (String::new(), shortened(old), shortened(new));
    }
    let same = old.lines().zip(new.lines()).take_while(|(a, b)| a == b);
    let same = same.count();
    let shown = |value: &str| match value.lines().nth(same) {
        Some(line) => format!("`{}`", shortened(line.trim())),
        None => "no line".to_owned(),
    };
    (format!(" at line {}", same + 1), shown(old), shown(new))
}

/// The first line, and of that at most 120 characters.
fn shortened(text: &str) -> String {
    let text = text.lines().next().unwrap_or_default();
    match text.char_indices().nth(120) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or(text)),
        None => text.to_owned(),
    }
}
