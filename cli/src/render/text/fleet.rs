//! Renders a fleet: a line for each database when its run ends, then the failures and the totals.

use crate::line::{Line, Tone};
use crate::render::problem;
use crate::view::{Condition, Database, DatabaseState, FailureGroup, Fleet, Status};
use crate::words::{count, seconds};

/// A database that has ended.
pub(crate) fn database(view: &Database) -> Vec<Line> {
    let name = &view.name;
    let took = seconds(view.took);
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
        DatabaseState::Compared(status) => vec![compared(name, status)],
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

/// A database that was compared with the tree, and its services that are not current.
fn compared(name: &str, status: &Status) -> Line {
    let others = status
        .others()
        .map(|one| format!("{}: {}", one.service, one.summary));
    let others: Vec<String> = others.collect();
    let condition = status.condition();
    let rest = match others.is_empty() {
        true => name.to_owned(),
        false => format!("{name} ({})", others.join("; ")),
    };
    match condition {
        Condition::Current | Condition::Pending => {
            Line::detail(Tone::Plain, condition.word(), &rest)
        }
        Condition::Problem => Line::worded(Tone::Warn, condition.word(), &rest),
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
