//! A plan: its notes, its steps and their number.

use migrator_runtime::Direction;

use super::lost;
use crate::line::{Line, Tone};
use crate::view::{Plan, PlannedStep};
use crate::words::count;

/// The steps of a plan: of a dry run, or before a question.
pub(crate) fn lines(view: &Plan, database: &str) -> Vec<Line> {
    let mut lines = notes(view);
    if view.creates_database {
        let database = format!("database {database}");
        lines.push(Line::worded(Tone::Plain, "would be created", &database));
    }
    lines.extend(view.steps.iter().map(step));
    lines.extend(lost::planned(&view.lost));
    if view.steps.is_empty() {
        lines.push(nothing(view.directions, database));
        return lines;
    }
    let parts = view.directions.iter().filter_map(|&direction| {
        let steps = view.steps.iter();
        let number = steps.filter(|step| step.direction == direction).count();
        let (migrations, done) = (count(number, "migration"), direction.verb().past);
        (number > 0).then(|| format!("{migrations} would be {done}"))
    });
    let parts: Vec<String> = parts.collect();
    lines.push(Line::result(format!(
        "{} on {database}",
        parts.join(" and ")
    )));
    lines
}

/// What the planner noticed, and which migrations the user has not asked for.
pub(crate) fn notes(view: &Plan) -> Vec<Line> {
    let mut notes: Vec<Line> = view.notes.iter().map(Line::note).collect();
    let (number, services) = view.dependencies();
    if number > 0 {
        let migrations = count(number, "migration");
        let services: Vec<&str> = services.into_iter().collect();
        notes.push(Line::note(format!(
            "also applying {migrations} of {}, which the selected services need",
            services.join(", ")
        )));
    }
    notes
}

fn step(step: &PlannedStep) -> Line {
    let word = match step.resumed {
        false => format!("would be {}", step.direction.verb().past),
        true => "would be resumed".to_owned(),
    };
    let why = match &step.irreversible {
        Some(reason) => format!("  irreversible: {reason}"),
        None => String::new(),
    };
    Line::worded(Tone::Plain, &word, &format!("{}{why}", step.id))
}

/// The run had, or would have, nothing to do.
pub(super) fn nothing(directions: &[Direction], database: &str) -> Line {
    let nothing = match directions {
        [Direction::Up] => "nothing is pending",
        [Direction::Down] => "nothing to revert",
        _ => "nothing to revert, and nothing is pending,",
    };
    Line::result(format!("{nothing} on {database}"))
}
