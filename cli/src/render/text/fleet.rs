//! Renders a fleet: a line for each database when its run ends, then the failures and the totals.

use migrator_runtime::ServerRole;

use super::drift;
use super::status::active;
use crate::line::{Line, Tone};
use crate::render::problem;
use crate::view::{Condition, Database, DatabaseState, Drift, FailureGroup, Fleet, Status};
use crate::words::{count, seconds};

/// A database that has ended.
pub(crate) fn database(view: &Database) -> Vec<Line> {
    let name = &view.name;
    let took = match view.wave {
        Some(wave) => format!("{}, wave {wave}", seconds(view.took)),
        None => seconds(view.took),
    };
    let word = view.state.word();
    match &view.state {
        DatabaseState::Applied(done) | DatabaseState::Reverted(done) => {
            let rest = format!("{name} ({}, {took})", count(*done, "migration"));
            vec![Line::detail(Tone::Good, word, &rest)]
        }
        DatabaseState::Pending(steps) | DatabaseState::Planned(steps) => {
            let rest = format!("{name} ({})", count(steps.len(), "migration"));
            let database = Line::detail(Tone::Plain, word, &rest);
            let steps = steps.iter().map(ToString::to_string);
            let steps = steps.map(|step| Line::detail(Tone::Plain, "       ", &step));
            [database].into_iter().chain(steps).collect()
        }
        DatabaseState::Current | DatabaseState::Unchanged => {
            let rest = format!("{name} ({took})");
            vec![Line::detail(Tone::Plain, word, &rest)]
        }
        DatabaseState::Compared(status) => compared(name, status),
        DatabaseState::Matches(drift) | DatabaseState::Drifted(drift) => {
            of_drift(view, drift, &took)
        }
        DatabaseState::Failed { done, errors } => {
            let code = errors
                .first()
                .map_or("", |error| error.problem.code.as_str());
            let after = match done {
                0 => String::new(),
                done => format!(" after {}", count(*done, "migration")),
            };
            let rest = format!("{name} ({code}{after}, {took})");
            vec![Line::worded(Tone::Bad, "failed ", &rest)]
        }
        DatabaseState::Skipped => Vec::new(),
    }
}

/// A database whose schema was compared with its history, and the differences.
fn of_drift(view: &Database, drift: &Drift, took: &str) -> Vec<Line> {
    let Database { name, .. } = view;
    let word = view.state.word();
    let notes = drift::notes(drift).into_iter();
    let notes = notes.map(|note| note.about(name));
    let database = match drift.differences.len() {
        0 => {
            let migrations = count(drift.migrations, "migration");
            let rest = format!("{name} ({migrations}, {took})");
            Line::detail(Tone::Good, word, &rest)
        }
        number => {
            let differences = count(number, "difference");
            let rest = format!("{name} ({differences}, {took})");
            Line::worded(Tone::Warn, word, &rest)
        }
    };
    let differences = drift.differences.iter().map(drift::difference);
    let differences = differences.map(Line::indented);
    [database]
        .into_iter()
        .chain(differences)
        .chain(notes)
        .collect()
}

/// A database that was compared with the tree: whether its server is a standby, its services that are
/// not current, and the runs that are changing it.
fn compared(name: &str, status: &Status) -> Vec<Line> {
    let standby = (status.server == ServerRole::Standby).then(|| "standby".to_owned());
    let others = status
        .others()
        .map(|one| format!("{}: {}", one.service, one.summary));
    let about: Vec<String> = standby.into_iter().chain(others).collect();
    let condition = status.condition();
    let rest = match about.is_empty() {
        true => name.to_owned(),
        false => format!("{name} ({})", about.join("; ")),
    };
    let database = match condition {
        Condition::Current | Condition::Pending => {
            Line::detail(Tone::Plain, condition.word(), &rest)
        }
        Condition::Problem => Line::worded(Tone::Warn, condition.word(), &rest),
    };
    let runs = status.runs.iter().map(active);
    let runs = runs.map(|run| Line::detail(Tone::Plain, "       ", &run));
    [database].into_iter().chain(runs).collect()
}

/// The failures and the last line. The databases were printed as they ended.
pub(super) fn lines(view: &Fleet) -> Vec<Line> {
    let failures: Vec<String> = view.failures.iter().map(failure).collect();
    let mut lines = Vec::new();
    if !failures.is_empty() {
        lines.push(Line::Failure(failures.join("\n\n")));
    }
    lines.push(match view.totals.databases() {
        0 => Line::warning(match part(view) {
            None => "the list names no database: nothing was done".to_owned(),
            Some(part) => format!("no database is in {part}: nothing was done"),
        }),
        databases => Line::result(format!(
            "{}{} in {}: {}",
            count(databases, "database"),
            part(view).map_or(String::new(), |part| format!(" of {part}")),
            seconds(view.elapsed),
            parts(view).join(", ")
        )),
    });
    lines.extend(view.slowest.line(view.elapsed));
    lines
}

/// The part of the list that the process worked on.
fn part(view: &Fleet) -> Option<String> {
    let wave = view.wave.map(|wave| format!("wave {wave}"));
    let shard = view.shard.as_ref().map(|shard| format!("shard {shard}"));
    match (wave, shard) {
        (Some(wave), Some(shard)) => Some(format!("{wave}, {shard}")),
        (wave, shard) => wave.or(shard),
    }
}

/// How many databases are in each state.
fn parts(view: &Fleet) -> Vec<String> {
    let totals = &view.totals;
    let migrations = count(totals.migrations, "migration");
    let with_migrations = [
        (totals.applied, "applied"),
        (totals.reverted, "reverted"),
        (totals.pending, "pending"),
        (totals.planned, "planned"),
    ];
    let with_migrations =
        with_migrations.map(|(number, word)| (number, format!("{word} ({migrations})")));
    let others = [
        (totals.current, "current"),
        (totals.matches, "without drift"),
        (totals.drifted, "drifted"),
        (totals.unchanged, "unchanged"),
        (totals.problem, "with a problem"),
        (totals.failed, "failed"),
        (totals.skipped, "skipped"),
    ];
    let others = others.map(|(number, word)| (number, word.to_owned()));
    let numbers = with_migrations.into_iter().chain(others);
    let parts = numbers.filter(|(number, _)| *number > 0);
    parts
        .map(|(number, word)| format!("{number} {word}"))
        .collect()
}

/// The errors, and the databases that they do not name.
fn failure(group: &FailureGroup) -> String {
    let mut errors = group.errors.clone();
    if let Some(last) = errors.last_mut() {
        match group.unnamed.as_slice() {
            [] => {}
            [one] => last.note("note", format!("in {one}")),
            several => last.note(
                "note",
                format!("in {} databases:\n{}", several.len(), several.join("\n")),
            ),
        }
    }
    let texts: Vec<String> = errors.iter().map(problem::text).collect();
    texts.join("\n\n")
}
