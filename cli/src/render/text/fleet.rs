//! `up` of many databases: a line for each as it ends, the failures and the sum.

use crate::line::{Line, Tone};
use crate::render::problem;
use crate::view::{Database, DatabaseState, FailureGroup, Fleet};
use crate::words::{count, seconds};

/// A database that has ended.
pub(crate) fn database(view: &Database) -> Vec<Line> {
    let name = &view.name;
    let took = seconds(view.took);
    match &view.state {
        DatabaseState::Applied(done) => {
            let rest = format!("{name} ({}, {took})", count(*done, "migration"));
            vec![Line::detail(Tone::Good, "applied", &rest)]
        }
        DatabaseState::Pending(steps) => {
            let rest = format!("{name} ({})", count(steps.len(), "migration"));
            let database = Line::detail(Tone::Plain, "pending", &rest);
            let steps = steps.iter().map(ToString::to_string);
            let steps = steps.map(|step| Line::detail(Tone::Plain, "       ", &step));
            [database].into_iter().chain(steps).collect()
        }
        DatabaseState::Current => {
            let rest = format!("{name} ({took})");
            vec![Line::detail(Tone::Plain, "current", &rest)]
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

/// The failures and the last line. The databases were printed as they ended.
pub(super) fn lines(view: &Fleet) -> Vec<Line> {
    let failures: Vec<String> = view.failures.iter().map(failure).collect();
    let mut lines = Vec::new();
    if !failures.is_empty() {
        lines.push(Line::Failure(failures.join("\n\n")));
    }
    lines.push(match view.totals.databases() {
        0 => Line::warning(match &view.shard {
            None => "the list names no database: nothing was done".to_owned(),
            Some(shard) => format!("no database is in shard {shard}: nothing was done"),
        }),
        databases => Line::result(format!(
            "{}{} in {}: {}",
            count(databases, "database"),
            of_shard(view),
            seconds(view.elapsed),
            parts(view).join(", ")
        )),
    });
    lines
}

fn of_shard(view: &Fleet) -> String {
    match &view.shard {
        Some(shard) => format!(" of shard {shard}"),
        None => String::new(),
    }
}

/// How many databases are in each state.
fn parts(view: &Fleet) -> Vec<String> {
    let totals = &view.totals;
    let (changed, word) = match view.is_dry_run {
        false => (totals.applied, "applied"),
        true => (totals.pending, "pending"),
    };
    let word = format!("{word} ({})", count(totals.migrations, "migration"));
    let numbers = [
        (changed, word.as_str()),
        (totals.current, "current"),
        (totals.failed, "failed"),
        (totals.skipped, "skipped"),
    ];
    let parts = numbers.iter().filter(|(number, _)| *number > 0);
    parts
        .map(|(number, word)| format!("{number} {word}"))
        .collect()
}

/// The errors, and the databases unless the errors name them.
fn failure(group: &FailureGroup) -> String {
    let mut errors = group.errors.clone();
    if let Some(last) = errors.last_mut() {
        let note = match group.databases.as_slice() {
            [] => None,
            [one] if last.message().contains(one) => None,
            [one] => Some(format!("in {one}")),
            several => Some(format!(
                "in {} databases:\n{}",
                several.len(),
                several.join("\n")
            )),
        };
        if let Some(note) = note {
            last.note("note", note);
        }
    }
    let texts: Vec<String> = errors.iter().map(problem::text).collect();
    texts.join("\n\n")
}
