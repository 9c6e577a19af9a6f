//! Differences between two snapshots of a catalog, as data.

use std::collections::BTreeSet;

use migrator_verify::{Change, Difference};
use serde_json::{Value, json};

use crate::output::Output;

/// One difference.
pub(crate) fn json(difference: &Difference) -> Value {
    let object = &difference.object;
    let (change, property, before, after) = match &difference.change {
        Change::Appeared => ("appeared", None, None, None),
        Change::Disappeared => ("disappeared", None, None, None),
        Change::Altered {
            property,
            before,
            after,
        } => ("altered", Some(property), before.as_ref(), after.as_ref()),
    };
    json!({
        "kind": object.kind.as_str(),
        "name": object.name,
        "change": change,
        "property": property,
        "before": before,
        "after": after,
    })
}

/// Notes what was not compared.
pub(crate) fn note_unknown_options(output: &mut Output, unknown: &BTreeSet<String>) {
    if !unknown.is_empty() {
        let list: Vec<&str> = unknown.iter().map(String::as_str).collect();
        let list = list.join(", ");
        output.note(&format!("not compared, as the option is unknown: {list}"));
    }
}

/// A difference that no script could take back, with the reason.
pub(crate) fn note(difference: &Difference) -> String {
    let reason = match difference.added_values() {
        Some(_) => "Postgres cannot remove an enum value",
        None => "Postgres cannot move a column",
    };
    format!("{difference} ({reason})")
}
