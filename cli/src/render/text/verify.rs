//! `verify`: a line for each migration as soon as it is verified, and the sum.

use std::time::Duration;

use migrator_model::Blocks;
use migrator_verify::Lock;

use super::difference::{irremovable, unknown_options};
use crate::line::{Line, Tone};
use crate::render::problem;
use crate::slowest::Slowest;
use crate::view::{Accepted, AcceptedLevel, Times, Verdict, Verified, Verify};
use crate::words::{count, seconds};

/// The lines below a migration's line start below its name.
const INDENT: &str = "         ";

/// One migration, with the locks that make others wait.
pub(crate) fn migration(view: &Verified) -> Vec<Line> {
    let (tone, word) = outcome(view);
    let why = match view.verdict.irreversible() {
        Some(reason) => format!("  irreversible: {reason}"),
        None => String::new(),
    };
    let rest = format!("{}{}{why}", view.id, times(view.times));
    let mut lines = vec![Line::worded(tone, word, &rest)];
    lines.extend(view.locks.iter().flatten().filter_map(lock));
    lines.extend(allowed(view));
    lines.extend(view.notes.iter().map(|note| {
        let note = irremovable(&note.0);
        Line::result(format!("{INDENT}note: {note}"))
    }));
    if view.verdict.is_sound() && view.times.down.is_some() && view.times.again.is_none() {
        lines.push(Line::result(format!(
            "{INDENT}note: the up script cannot add that value again: \
             write `ADD VALUE IF NOT EXISTS`"
        )));
    }
    lines
}

fn outcome(view: &Verified) -> (Tone, &'static str) {
    let is_warning = |accepted: &Accepted| {
        let level = AcceptedLevel::Warn;
        matches!(accepted, Accepted::Manifest { level: of } if *of == level)
    };
    match (&view.accepted, &view.verdict) {
        (Some(accepted), _) if is_warning(accepted) => (Tone::Warn, "warned  "),
        (Some(_), _) | (None, Verdict::Sound | Verdict::Irreversible(_)) => {
            (Tone::Good, "verified")
        }
        (None, Verdict::Skipped(_)) => (Tone::Warn, "skipped "),
        (None, Verdict::NotUndone | Verdict::NotRepeated | Verdict::Failed(_)) => {
            (Tone::Warn, "failed  ")
        }
    }
}

fn times(times: Times) -> String {
    let times = [
        ("up", times.up),
        ("down", times.down),
        ("up again", times.again),
    ];
    let times: Vec<String> = times
        .into_iter()
        .filter_map(|(word, took)| Some(format!("{word} {}", seconds(took?))))
        .collect();
    match times.is_empty() {
        true => String::new(),
        false => format!(" ({})", times.join(", ")),
    }
}

fn lock(lock: &Lock) -> Option<Line> {
    let blocked = match lock.mode.blocks() {
        Blocks::Nobody => return None,
        Blocks::Writes => "writes to",
        Blocks::ReadsAndWrites => "reads and writes of",
    };
    let Lock { table, mode } = lock;
    Some(Line::result(format!(
        "{INDENT}blocks {blocked} {table} ({mode})"
    )))
}

/// Who allows differences that are not shown.
fn allowed(view: &Verified) -> Option<Line> {
    let because = match view.accepted.as_ref()? {
        Accepted::Script { reason } => format!("because {reason}"),
        Accepted::Manifest {
            level: AcceptedLevel::Allow,
        } => "by the manifest".to_owned(),
        Accepted::Manifest {
            level: AcceptedLevel::Warn,
        } => return None,
    };
    let code = view.verdict.code()?;
    let number = count(view.differences.len(), "difference");
    Some(Line::result(format!(
        "{INDENT}allowed: {code}, {number}, {because}"
    )))
}

/// The warnings and the last line. The migrations were printed as they were verified.
pub(super) fn lines(view: &Verify) -> Vec<Line> {
    let mut lines: Vec<Line> = unknown_options(&view.unknown_options).into_iter().collect();
    if !view.warnings.is_empty() {
        let warnings: Vec<String> = view.warnings.iter().map(problem::text).collect();
        lines.push(Line::Finding(warnings.join("\n\n")));
    }
    if view.is_complete {
        lines.push(Line::result(summary(&view.migrations, view.elapsed)));
        let migrations = view.migrations.iter();
        let slowest: Slowest = migrations
            .map(|one| (one.id.to_string(), one.times.all()))
            .collect();
        lines.extend(slowest.line(view.elapsed));
    }
    lines
}

/// How many migrations are sound, and how many are not.
fn summary(migrations: &[Verified], took: Duration) -> String {
    let number = |is_counted: fn(&Verified) -> bool| {
        let migrations = migrations.iter();
        migrations.filter(|one| is_counted(one)).count()
    };
    let sound = number(|one| one.verdict.is_sound());
    let skipped = number(|one| matches!(one.verdict, Verdict::Skipped(_)));
    let irreversible = number(|one| one.verdict.irreversible().is_some());
    let accepted = number(|one| one.accepted.is_some());
    let failed = migrations.len() - sound - skipped - accepted;
    let took = seconds(took);
    let all = count(migrations.len(), "migration");
    match (migrations.len(), failed) {
        (0, _) => "verified nothing: no migration matches `--service` and `--since`".to_owned(),
        (_, 0) => {
            let exceptions = exceptions(irreversible, accepted);
            format!("{all} verified in {took}: each down script undoes its up script{exceptions}")
        }
        (_, failed) => {
            let behind = match skipped {
                0 => String::new(),
                skipped => format!(", {skipped} skipped behind them,"),
            };
            format!("{failed} of {all} failed{behind} in {took}")
        }
    }
}

fn exceptions(irreversible: usize, accepted: usize) -> String {
    let exceptions = [
        (irreversible, "irreversible migration"),
        (accepted, "accepted migration"),
    ];
    let exceptions = exceptions.into_iter().filter(|(number, _)| *number > 0);
    let exceptions: Vec<String> = exceptions
        .map(|(number, what)| count(number, what))
        .collect();
    match exceptions.is_empty() {
        true => String::new(),
        false => format!(", but for {}", exceptions.join(" and ")),
    }
}
