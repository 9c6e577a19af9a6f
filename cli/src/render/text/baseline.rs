//! `baseline`: what it finds and records.

use super::evidence;
use crate::line::{Line, Tone};
use crate::view::Baseline;
use crate::words::count;

/// What the command is about to do: printed before it asks.
pub(crate) fn plan(view: &Baseline) -> Vec<Line> {
    if view.migrations.is_empty() {
        return Vec::new();
    }
    let mut lines = Vec::new();
    if !view.created.is_empty() {
        let text = format!("the first migration of {}", view.service);
        lines.push(Line::worded(Tone::Plain, "writes", &text));
    }
    let gaps = view.gaps.iter();
    lines.extend(gaps.map(|gap| Line::warning(format!("the draft leaves to you: {gap}"))));
    lines.extend(view.migrations.iter().flat_map(evidence::claimed));
    let earlier = match view.earlier {
        0 => String::new(),
        earlier => format!("; {} recorded already", count(earlier, "migration")),
    };
    let pending = match view.pending {
        0 => String::new(),
        1 => "; 1 remains pending".to_owned(),
        pending => format!("; {pending} remain pending"),
    };
    let migrations = count(view.migrations.len(), "migration");
    let text = format!("{migrations} of {}{earlier}{pending}", view.service);
    lines.push(Line::worded(Tone::Plain, "records", &text));
    lines
}

/// What the command has done.
pub(crate) fn done(view: &Baseline, database: &str, has_failed: bool) -> Vec<Line> {
    if view.migrations.is_empty() && !has_failed {
        return vec![Line::result("nothing to do: the migrations are recorded")];
    }
    let mut lines = Vec::new();
    if view.written {
        let created = view.created.iter();
        lines.extend(created.map(|path| Line::worded(Tone::Good, "created", path)));
    }
    if view.recorded {
        let migrations = count(view.migrations.len(), "migration");
        let text = format!("{migrations} of {} in {database}", view.service);
        lines.push(Line::worded(Tone::Good, "recorded", &text));
    }
    lines
}
