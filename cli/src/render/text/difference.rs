//! Differences between two snapshots of a catalog.

use std::collections::BTreeSet;

use migrator_verify::Difference;

use crate::line::Line;

/// What was not compared.
pub(super) fn unknown_options(unknown: &BTreeSet<String>) -> Option<Line> {
    let list: Vec<&str> = unknown.iter().map(String::as_str).collect();
    let list = list.join(", ");
    (!list.is_empty())
        .then(|| Line::note(format!("not compared, as the option is unknown: {list}")))
}

/// A difference that no script can undo, with the reason.
pub(super) fn irremovable(difference: &Difference) -> String {
    let reason = match difference.added_values() {
        Some(_) => "Postgres cannot remove an enum value",
        None => "Postgres cannot move a column",
    };
    format!("{difference} ({reason})")
}
