//! The document as JSON, its members in alphabetical order.

use migrator_model::small;
use std::collections::BTreeMap;

use serde_json::Value;

use crate::view::{Document, View};

/// The member with the version of the format, and the version. It changes only if a member is removed
/// or gets another meaning.
const FORMAT_VERSION: (&str, u8) = ("format_version", 1);

/// The member whose rows are already JSON text.
const DATABASES: &str = "databases";

/// Passes the document to `write` in parts, each of one or more lines.
pub(super) fn write(document: &Document, mut write: impl FnMut(&str)) {
    let rows = document.view.as_ref().and_then(View::databases);
    let mut members = members(document);
    if rows.is_some() {
        members.insert(DATABASES.to_owned(), Value::Null);
    }
    let end = members.len().saturating_sub(1);
    write("{");
    for (index, (name, value)) in members.iter().enumerate() {
        let comma = if index < end { "," } else { "" };
        match rows.filter(|_| name == DATABASES) {
            Some(rows) => list(rows, comma, &mut write),
            None => {
                // No line break can be within a string: JSON escapes it.
                let value = format!("{value:#}").replace('\n', "\n  ");
                write(&format!("  \"{name}\": {value}{comma}"));
            }
        }
    }
    write("}");
}

/// The document as one line. The databases of a fleet have lines of their own, before this one.
pub(super) fn line(document: &Document) -> String {
    let members = members(document).into_iter();
    Value::Object(members.collect()).to_string()
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

fn list(rows: &[Box<str>], comma: &str, write: &mut impl FnMut(&str)) {
    let Some((last, rows)) = rows.split_last() else {
        return write(&format!("  \"{DATABASES}\": []{comma}"));
    };
    write(&format!("  \"{DATABASES}\": ["));
    for row in rows {
        write(&format!("    {row},"));
    }
    write(&format!("    {last}\n  ]{comma}"));
}
