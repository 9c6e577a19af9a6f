//! `repair`: what the script has left, and what was recorded.

use crate::line::{Line, Tone};
use crate::view::Repair;

/// What the script has left: printed before the command records anything.
pub(crate) fn found(view: &Repair) -> Vec<Line> {
    if view.found.is_empty() {
        return vec![Line::note(format!(
            "{}: its script was not recorded, so the command cannot check its effects",
            view.id
        ))];
    }
    let statements = view.found.iter();
    let line = statements.map(|one| {
        let tone = match one.contradicts {
            true => Tone::Bad,
            false => Tone::Plain,
        };
        let what = one.found.as_ref().map(|what| format!(", {what}"));
        let line = format!(
            "`{}` ({} script, line {}): {}{}",
            one.statement,
            view.direction.as_str(),
            one.line,
            one.state,
            what.unwrap_or_default()
        );
        Line::detail(tone, "found", &line)
    });
    line.collect()
}

/// What was recorded, if anything was.
pub(super) fn recorded(view: &Repair) -> Vec<Line> {
    let line = view.recorded.map(|word| {
        let line = format!("{}: recorded as {word}", view.id);
        Line::worded(Tone::Good, "repaired", &line)
    });
    line.into_iter().collect()
}
