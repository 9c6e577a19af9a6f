//! The document as JSON, its members in alphabetical order.

use migrator_model::small;
use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value;

use crate::view::{Document, View};

/// The member with the version of the format, and the version. It changes only if a member is removed
/// or gets another meaning.
const FORMAT_VERSION: (&str, u8) = ("format_version", 1);

/// Passes the document to `write` in parts, each of one or more lines.
pub(super) fn write(document: &Document, mut write: impl FnMut(&str)) {
    let rows = document.view.as_ref().and_then(View::rows);
    let mut members = members(document);
    if let Some((list, _)) = rows {
        members.insert(list.to_owned(), Value::Null);
    }
    let end = members.len().saturating_sub(1);
    write("{");
    for (index, (name, value)) in members.iter().enumerate() {
        let comma = if index < end { "," } else { "" };
        match rows.filter(|(list, _)| name == list) {
            Some((name, rows)) => list(name, rows, comma, &mut write),
            None => {
                // No line break can be within a string: JSON escapes it.
                let value = format!("{value:#}").replace('\n', "\n  ");
                write(&format!("  \"{name}\": {value}{comma}"));
            }
        }
    }
    write("}");
}

/// A row of a list as one line of JSON, its members in alphabetical order.
pub(crate) fn row(row: &impl Serialize) -> String {
    // Each row has a form in JSON.
    let json = serde_json::to_value(row).unwrap_or_default();
    json.to_string()
}

/// The document as one line. The databases of a fleet have lines of their own, before this one.
pub(super) fn line(document: &Document) -> String {
    let mut members = members(document);
    if let Some(View::History(history)) = &document.view {
        let events = history.events.iter();
        let events = events.filter_map(|event| serde_json::from_str(event).ok());
        members.insert("events".to_owned(), Value::Array(events.collect()));
    }
    Value::Object(members.into_iter().collect()).to_string()
}

fn members(document: &Document) -> BTreeMap<String, Value> {
    let mut members = match serde_json::to_value(document) {
        Ok(Value::Object(members)) => small::collect(members),
        // A document is an object, and each of its values has a form in JSON.
        Ok(_) | Err(_) => BTreeMap::new(),
    };
    let (name, version) = FORMAT_VERSION;
    members.insert(name.to_owned(), version.into());
    members
}

fn list(name: &str, rows: &[Box<str>], comma: &str, write: &mut impl FnMut(&str)) {
    let Some((last, rows)) = rows.split_last() else {
        return write(&format!("  \"{name}\": []{comma}"));
    };
    write(&format!("  \"{name}\": ["));
    for row in rows {
        write(&format!("    {row},"));
    }
    write(&format!("    {last}\n  ]{comma}"));
}
