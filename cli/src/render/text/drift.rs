//! `drift`: the differences and their number.

use migrator_verify::{Change, Difference};

use super::difference::{irremovable, unknown_options};
use crate::line::{Line, Tone};
use crate::view::{Drift, DriftDifference};
use crate::words::count;

pub(super) fn lines(view: &Drift, database: &str) -> Vec<Line> {
    let mut lines: Vec<Line> = view.differences.iter().map(difference).collect();
    lines.extend(notes(view));
    lines.push(summary(view, database));
    lines
}

/// What a reader should know about the comparison.
pub(super) fn notes(view: &Drift) -> Vec<Line> {
    let mut lines = Vec::new();
    let notes = view.notes.iter();
    lines.extend(notes.map(|note| Line::note(irremovable(&note.difference.0))));
    if view.migrations == 0 {
        lines.push(Line::warning(format!(
            "the schema `{}` has no history: every object counts as drift",
            view.schema
        )));
    }
    if !view.left_out.is_empty() {
        let number = count(view.left_out.len(), "difference");
        lines.push(Line::note(format!(
            "{number} left out by the patterns of `[drift]`"
        )));
    }
    lines.extend(view.from_history.iter().map(|step| {
        Line::note(format!(
            "this binary does not have the script of `{step}`: the script in the history was \
             replayed without superuser rights"
        ))
    }));
    lines.extend(unknown_options(&view.unknown_options));
    lines
}

fn summary(view: &Drift, database: &str) -> Line {
    let applied = count(view.migrations, "applied migration");
    Line::result(match (view.differences.len(), view.caught.len()) {
        (0, 0) => format!("no drift: the schema matches its {applied}"),
        (number, _) => {
            let number = count(number, "difference");
            format!("{number} between the schema and its {applied}, on {database}")
        }
    })
}

/// A difference, in the words of somebody who looks at the live schema.
pub(super) fn difference(found: &DriftDifference) -> Line {
    let Difference { object, change } = &found.difference.0;
    let (word, rest) = match change {
        Change::Appeared => ("unknown", format!("{object}: no migration makes it")),
        Change::Disappeared => ("gone   ", format!("{object}: a migration made it")),
        Change::Altered { .. } => ("changed", found.difference.0.to_string()),
    };
    Line::worded(Tone::Warn, word, &format!("{rest} [{}]", found.code))
}
