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
    /// Use one connection alone, if the database or its pool has no second one.
    UseSingleConnection {
        /// What helps if it has one that could not be opened.
        first: Option<&'static str>,
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
    /// Fix the script, which was rolled back, and run again.
    FixScript,
    /// Fix the script, whose COMMIT failed, and run again.
    FixForCommit,
    /// Fix the cause, and run again: the run resumes the script.
    FixAndResume,
    /// Fix anything else, and run again.
    FixAndRunAgain {
        /// What to fix, as the first part of a sentence.
        what: String,
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

/// Whether the text of a remedy advises to run the same call again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RunAgain {
    /// The text gives this advice.
    Advised,
    /// The text leaves this advice out, because another call follows.
    LeftOut,
}

impl RunAgain {
    /// The words of the advice, or nothing.
    #[must_use]
    pub fn words(self, advice: &str) -> &str {
        match self {
            RunAgain::Advised => advice,
            RunAgain::LeftOut => "",
        }
    }
}

impl Remedy {
    pub(super) fn advice(text: impl Into<String>) -> Remedy {
        Remedy::Advice(text.into())
    }

    /// Fix this, and run again.
    pub(super) fn fix(what: impl Into<String>) -> Remedy {
        Remedy::FixAndRunAgain { what: what.into() }
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
        self.write(f, RunAgain::Advised)
    }
}

impl Remedy {
    /// The same line, with or without the advice to run the same call again.
    #[must_use]
    pub fn text(&self, again: RunAgain) -> String {
        fmt::from_fn(|f| self.write(f, again)).to_string()
    }

    fn write(&self, f: &mut fmt::Formatter<'_>, again: RunAgain) -> fmt::Result {
        match self {
            Remedy::Conflict(remedy) => fmt::Display::fmt(remedy, f),
            Remedy::WaitForStatement => write!(
                f,
                "wait until that statement has ended, or end it{}; `Options::lock_wait` sets how \
                 long to wait",
                again.words(", and run again")
            ),
            Remedy::RaiseLimit { table } => raise_limit(f, *table, again),
            Remedy::UseSingleConnection { first } => {
                if let Some(first) = first {
                    write!(f, "{first}; or, ")?;
                }
                f.write_str(USE_SINGLE_CONNECTION)
            }
            Remedy::FindLostLock { left } => find_lost_lock(f, *left, again),
            Remedy::AddRecord {
                direction,
                is_resumable,
                is_refused,
            } => add_record(f, *direction, *is_resumable, *is_refused),
            Remedy::KeepOneObject => write!(
                f,
                "decide which of the two objects to keep: drop or rename the other{}, or finish \
                 the script by hand and record it with `Migrator::repair`",
                again.words(" and run again")
            ),
            Remedy::ReadStatus => write!(
                f,
                "`Migrator::status` says whether it was applied{}",
                again.words("; run it again")
            ),
            Remedy::Continue { remaining, first } => go_on(f, remaining, first.as_deref()),
            Remedy::FixScript => write!(
                f,
                "the script was rolled back; fix it{}",
                again.words(" and run again")
            ),
            Remedy::FixForCommit => {
                write!(f, "{FIX_FOR_COMMIT}{}", again.words(" and run again"))
            }
            Remedy::FixAndResume => write!(
                f,
                "the script ran outside a transaction, so a part of it may remain; fix the \
                 cause{}: the run resumes the script",
                again.words(" and run again")
            ),
            Remedy::FixAndRunAgain { what } => {
                write!(f, "{what}{}", again.words(", and run again"))
            }
            Remedy::ApplyPending => f.write_str(APPLY_PENDING),
            Remedy::RaiseLockWait => f.write_str(RAISE_LOCK_WAIT),
            Remedy::RestoreTables => f.write_str(RESTORE_TABLES),
            Remedy::RecordInterrupted => f.write_str(RECORD_INTERRUPTED),
            Remedy::ReadUncancelled => f.write_str(READ_UNCANCELLED),
            Remedy::RunAgain => f.write_str("run again: the run skips what is already done"),
            Remedy::Resume => f.write_str(RESUME),
            Remedy::Advice(advice) => f.write_str(advice),
        }
    }
}

const APPLY_PENDING: &str =
    "see what became of the job that applies the pending migrations, or wait longer";

const RAISE_LOCK_WAIT: &str =
    "wait for the other run, or end it; `Options::lock_wait` sets how long to wait";

const USE_SINGLE_CONNECTION: &str = "if the database or its pooler has only one connection for \
                                     this run, use `Options::single_connection`";

const RESTORE_TABLES: &str = "if somebody altered a table of the history by hand, put it back as \
                              it was; `Code::M0505.page()` lists its columns";

const RECORD_INTERRUPTED: &str = "the script ran outside a transaction, so a part of it \
                                  may remain; finish or undo the script by hand, then record \
                                  which with `Migrator::repair`";

const READ_UNCANCELLED: &str = "the server did not obey the request to cancel and may still \
                                finish the script; `Migrator::status` shows whether it did";

const RESUME: &str = "run again: the run resumes the script, which ran outside a transaction";

const FIX_FOR_COMMIT: &str = "nothing of this script is left in the database; COMMIT checks \
                              deferred constraints and runs deferred triggers, so the server \
                              names no line; fix the script";

fn raise_limit(f: &mut fmt::Formatter<'_>, table: LockedTable, again: RunAgain) -> fmt::Result {
    let option = match table {
        LockedTable::History => "lock_timeout",
        LockedTable::HistoryToUpgrade => "lock_wait",
        LockedTable::Schema => {
            return write!(
                f,
                "another session holds a lock that it needs, on every try: end that session{}; \
                 `Options::lock_timeout` sets how long a try waits",
                again.words(" or run again later")
            );
        }
    };
    write!(
        f,
        "the session named above holds a lock on a table of the history: end it{}; \
         `Options::{option}` sets how long to wait",
        again.words(", or run again later")
    )
}

/// The run cannot know who ended the session of its lock; the text lists the usual causes.
fn find_lost_lock(f: &mut fmt::Formatter<'_>, left: Left, again: RunAgain) -> fmt::Result {
    match left {
        Left::Nothing | Left::Done => write!(
            f,
            "nothing of this step is left in the database{}",
            again.words(": run again")
        )?,
        Left::Dirty | Left::Resumable | Left::Unrecorded { .. } | Left::Unknown => f.write_str(
            "the changes of its statements remain; `Migrator::status` shows whether the migration \
             is applied, pending or dirty now, and what to do",
        )?,
    }
    f.write_str(
        "; see the server's log for what ended the lock's session: `pg_terminate_backend`, \
         a restart, or the idle timeout of a proxy, which must exceed 20 s",
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
        write!(f, "{}; then ", first.text(RunAgain::LeftOut))?;
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
