//! `repair --accept-change`: how scripts differ, and what was recorded.

use crate::line::{Line, Tone};
use crate::view::ChangedScripts;
use crate::words::count;

/// How the scripts differ: printed before the command records anything.
pub(crate) fn differences(view: &ChangedScripts) -> Vec<Line> {
    let differences = view.edits.iter().flat_map(|edit| &edit.differences);
    differences
        .map(|difference| Line::result(difference.trim_end()))
        .collect()
}

/// What was recorded.
pub(super) fn recorded(view: &ChangedScripts, database: &str, has_failed: bool) -> Vec<Line> {
    if has_failed {
        return Vec::new();
    }
    if view.edits.is_empty() {
        return vec![Line::result(format!(
            "no script of {} differs from what is recorded on {database}",
            view.service
        ))];
    }
    let mut lines: Vec<Line> = view
        .edits
        .iter()
        .map(|edit| {
            let line = format!("{}: recorded the new scripts", edit.migration);
            Line::worded(Tone::Good, "repaired", &line)
        })
        .collect();
    let migrations = count(view.edits.len(), "migration");
    lines.push(Line::result(format!(
        "recorded the new scripts of {migrations} on {database}; ran no script"
    )));
    lines
}
