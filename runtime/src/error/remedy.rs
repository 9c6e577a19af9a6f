//! The remedies for errors, as data.
//!
//! `Display` is for a program that embeds the library: its text names no command and no flag.
//! The command line has its own text for each remedy.

use std::fmt;

use migrator_model::file_name::Direction;
use migrator_plan::Conflict;

use super::fault::Left;
use crate::event::report::Remaining;

/// A remedy for an error.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Remedy {
    /// Resolve a conflict.
    Conflict(migrator_plan::Remedy),
    /// Apply the pending migrations, or wait longer.
    ApplyPending,
    /// Wait longer for another run, or end it.
    RaiseLockWait,
    /// Wait longer for a statement of an earlier run, or end it.
    WaitForStatement,
    /// Wait longer for a lock on a table, or end the session that holds the lock.
    RaiseLimit {
        /// The table.
        table: LockedTable,
    },
    /// Find out what ended the session of the run's lock.
    FindLostLock {
        /// What is left of the step.
        left: Left,
    },
    /// Restore a table of the history that somebody altered.
    RestoreTables,
    /// Finish or undo an interrupted script, and record which.
    RecordInterrupted,
    /// Record a script of which every statement ran.
    AddRecord {
        /// The direction of the script.
        direction: Direction,
        /// Whether the next run in this direction adds the record.
        is_resumable: bool,
        /// Whether the server refused the record. It refuses every other record until somebody
        /// removes the cause.
        is_refused: bool,
    },
    /// Decide which of two objects to keep.
    KeepOneObject,
    /// Read whether the migration was applied, and run again.
    ReadStatus,
    /// Read whether the server finished a script that it did not cancel.
    ReadUncancelled,
    /// Run again: the run skips what is done.
    RunAgain,
    /// Run again: the run resumes the script.
    Resume,
    /// Carry out what remains of a run, because the same call would now do something else.
    Continue {
        /// What remains.
        remaining: Remaining,
        /// What to do before, unless it is nothing but to run again.
        first: Option<Box<Remedy>>,
    },
    /// Any other advice. The sentence names no command of `migrator`.
    Advice(String),
}

/// A table on which another session holds a lock. It decides which option limits the wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum LockedTable {
    /// A table of the history: `lock_timeout`.
    History,
    /// A table of the history, which the run upgrades: `lock_wait`.
    HistoryToUpgrade,
    /// A table that a script changes: `lock_timeout`.
    Schema,
}

impl Remedy {
    pub(super) fn advice(text: impl Into<String>) -> Remedy {
        Remedy::Advice(text.into())
    }

    /// The text of a remedy, without its advice to run the same call again.
    #[doc(hidden)]
    #[must_use]
    pub fn without_run_again(text: String) -> String {
        let advice = [
            ", and run again",
            " and run again",
            ", or run again later",
            " or run again later",
            "; run it again",
            ": run again",
        ];
        advice
            .iter()
            .fold(text, |text, advice| text.replace(advice, ""))
    }

    /// This, and then what remains of the run. An entry that has to be recorded by hand comes
    /// first: until then, every run is refused.
    pub(super) fn then(self, remaining: &Remaining) -> Remedy {
        if matches!(self, Remedy::RecordInterrupted | Remedy::AddRecord { .. }) {
            return self;
        }
        let is_run_again = matches!(self, Remedy::RunAgain | Remedy::Resume);
        let first = (!is_run_again).then(|| Box::new(self));
        let remaining = remaining.clone();
        Remedy::Continue { remaining, first }
    }

    /// The remedy of the first conflict, if there is one.
    pub(super) fn first(conflicts: &[Conflict]) -> Option<Remedy> {
        let first = conflicts.first()?;
        Some(Remedy::Conflict(first.remedy.clone()))
    }
}

/// One line, for a program that embeds the library.
impl fmt::Display for Remedy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = match self {
            Remedy::Conflict(remedy) => return remedy.fmt(f),
            Remedy::ApplyPending => {
                "see what became of the job that applies the pending migrations, or wait longer"
            }
            Remedy::RaiseLockWait => {
                "wait for the other run, or end it; `Options::lock_wait` sets how long to wait"
            }
            Remedy::WaitForStatement => {
                "wait until that statement has ended, or end it, and run again; \
                 `Options::lock_wait` sets how long to wait"
            }
            Remedy::RaiseLimit { table } => raise_limit(*table),
            Remedy::FindLostLock { left } => return find_lost_lock(f, *left),
            Remedy::RestoreTables => {
                "if somebody altered a table of the history by hand, put it back as it was; \
                 `Code::M0505.page()` lists its columns"
            }
            Remedy::RecordInterrupted => {
                "the script ran outside a transaction, so a part of it may remain; finish or undo \
                 the script by hand, then record which with `Migrator::repair`"
            }
            Remedy::AddRecord {
                direction,
                is_resumable,
                is_refused,
            } => return add_record(f, *direction, *is_resumable, *is_refused),
            Remedy::KeepOneObject => {
                "decide which of the two objects to keep: drop or rename the other and run again, \
                 or finish the script by hand and record it with `Migrator::repair`"
            }
            Remedy::ReadStatus => "`Migrator::status` says whether it was applied; run it again",
            Remedy::ReadUncancelled => {
                "the server did not obey the request to cancel and may still finish the script; \
                 `Migrator::status` shows whether it did"
            }
            Remedy::RunAgain => "run again: the run skips what is already done",
            Remedy::Resume => {
                "run again: the run resumes the script, which ran outside a transaction"
            }
            Remedy::Continue { remaining, first } => return go_on(f, remaining, first.as_deref()),
            Remedy::Advice(advice) => advice,
        };
        f.write_str(text)
    }
}

fn raise_limit(table: LockedTable) -> &'static str {
    match table {
        LockedTable::History => {
            "the session named above holds a lock on a table of the history: end it, or run again \
             later; `Options::lock_timeout` sets how long to wait"
        }
        LockedTable::HistoryToUpgrade => {
            "the session named above holds a lock on a table of the history: end it, or run again \
             later; `Options::lock_wait` sets how long to wait"
        }
        LockedTable::Schema => {
            "another session holds a lock that it needs, on every try: end that session or run \
             again later; `Options::lock_timeout` sets how long a try waits"
        }
    }
}

/// The run cannot know who ended the session of its lock; the text lists the usual causes.
fn find_lost_lock(f: &mut fmt::Formatter<'_>, left: Left) -> fmt::Result {
    let left = match left {
        Left::Nothing | Left::Done => "nothing of this step is left in the database: run again",
        Left::Dirty | Left::Resumable | Left::Unrecorded { .. } | Left::Unknown => {
            "the changes of its statements remain; `Migrator::status` shows whether the migration \
             is applied, pending or dirty now, and what to do"
        }
    };
    write!(
        f,
        "{left}; see the server's log for what ended the lock's session: `pg_terminate_backend`, \
         a restart, or the idle timeout of a proxy, which must exceed 20 s"
    )
}

fn add_record(
    f: &mut fmt::Formatter<'_>,
    direction: Direction,
    is_resumable: bool,
    is_refused: bool,
) -> fmt::Result {
    let first = match is_refused {
        true => "remove the cause, then ",
        false => "",
    };
    let run = match is_resumable {
        true => format!("{first}run `Migrator::{direction}`, which adds the record, or add it"),
        false => format!("{first}add it"),
    };
    let done = direction.verb().past;
    write!(
        f,
        "every statement of the script ran, outside a transaction; only the record in the history \
         is missing: {run} as {done} with `Migrator::repair`"
    )
}

fn go_on(f: &mut fmt::Formatter<'_>, remaining: &Remaining, first: Option<&Remedy>) -> fmt::Result {
    if let Some(first) = first {
        write!(f, "{}; then ", Remedy::without_run_again(first.to_string()))?;
    }
    match remaining {
        Remaining::Apply(id) => write!(
            f,
            "run `Migrator::up` for `{}` to version {}: `Migrator::redo` would now revert an \
             earlier migration",
            id.service, id.version
        ),
        Remaining::Steps { direction, number } => write!(
            f,
            "run `Migrator::{direction}` with at most {number} steps: the others are done"
        ),
    }
}
