//! The warning of `create` and `init` about a tree that has findings.

use crate::line::Line;
use crate::words::count;

/// The warning about a tree that has findings.
pub(super) fn warning(number: usize) -> Option<Line> {
    let findings = count(number, "finding");
    let warning = format!("the tree has {findings}; `migrator check` shows them");
    (number > 0).then(|| Line::warning(warning))
}
