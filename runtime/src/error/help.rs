//! Chooses what to do about a failed run.

use migrator_model::Code;
use migrator_plan::DatabaseState;
use tokio_postgres::error::SqlState;

use super::fault::{Fault, Left, Part};
use super::format::UPGRADING;
use super::kind::{ErrorKind, ReadOnly};
use super::remedy::{LockedTable, Remedy};
use super::stopped::Stopped;
use crate::event::blocker::Blocker;

impl ErrorKind {
    /// What to do about the error.
    pub(super) fn remedy(&self) -> Remedy {
        match self {
            ErrorKind::UnknownService(unknown) => Remedy::Advice(unknown.help()),
            ErrorKind::Refused(conflicts) => {
                Remedy::first(conflicts).unwrap_or_else(|| Remedy::advice(""))
            }
            ErrorKind::NotCurrent {
                state: DatabaseState::Conflict(conflicts),
                ..
            } => Remedy::first(conflicts).unwrap_or(Remedy::ApplyPending),
            ErrorKind::NotCurrent { .. } => Remedy::ApplyPending,
            ErrorKind::Locked { .. } => Remedy::RaiseLockWait,
            ErrorKind::LockLost { .. } => Remedy::FindLostLock {
                left: Left::Nothing,
            },
            ErrorKind::Script(fault) => script_remedy(fault),
            ErrorKind::Scripts(faults) => faults
                .first()
                .map_or_else(|| Remedy::advice(""), script_remedy),
            ErrorKind::Stopped(stopped) => stopped.remedy(),
            ErrorKind::Connection { .. } => Remedy::RunAgain,
            ErrorKind::Connect(error) => Remedy::advice(error.help()),
            ErrorKind::Format(unknown) => Remedy::Advice(unknown.help()),
            ErrorKind::History {
                doing,
                sqlstate,
                blockers,
                ..
            } => {
                let table = match doing == UPGRADING {
                    true => LockedTable::HistoryToUpgrade,
                    false => LockedTable::History,
                };
                history_remedy(sqlstate.as_deref(), blockers, table)
            }
            ErrorKind::ReadOnly(ReadOnly::Standby) => Remedy::advice(
                "connect to the primary; with several hosts in the URL, \
                 `target_session_attrs=primary` finds it",
            ),
            ErrorKind::ReadOnly(ReadOnly::Setting) => Remedy::advice(
                "`default_transaction_read_only` is on for the role, the database or the \
                 server: use a role that may write, or put \
                 `options=-c default_transaction_read_only=off` into the URL",
            ),
            ErrorKind::Engine(_) => {
                Remedy::advice("please report this, with the tree and the history")
            }
        }
    }
}

impl Stopped {
    fn remedy(&self) -> Remedy {
        match self.left() {
            Left::Nothing | Left::Done => Remedy::RunAgain,
            Left::Dirty => Remedy::RecordInterrupted,
            Left::Unrecorded {
                direction,
                is_resumable,
            } => Remedy::AddRecord {
                direction,
                is_resumable,
                is_refused: false,
            },
            Left::Resumable => Remedy::Resume,
            Left::Unknown => Remedy::ReadUncancelled,
        }
    }
}

fn history_remedy(sqlstate: Option<&str>, blockers: &[Blocker], table: LockedTable) -> Remedy {
    let is = |state: &SqlState| sqlstate == Some(state.code());
    if is(&SqlState::INSUFFICIENT_PRIVILEGE) {
        return Remedy::advice(missing_right(table));
    }
    if is(&SqlState::DISK_FULL) {
        return Remedy::advice("make room where the server keeps its data, and run again");
    }
    if !is(&SqlState::LOCK_NOT_AVAILABLE) {
        return Remedy::RestoreTables;
    }
    match blockers {
        [] => Remedy::advice(
            "another session or a prepared transaction holds a lock on a table of the \
             history: `pg_locks` and `pg_prepared_xacts` show which; end it, and run again",
        ),
        _ => end_prepared(blockers).unwrap_or(Remedy::RaiseLimit { table }),
    }
}

/// The rights that a role needs. The cause names the object on which the role lacks them.
fn missing_right(table: LockedTable) -> &'static str {
    match table {
        LockedTable::HistoryToUpgrade => {
            "the upgrade to the newest format alters every table of the history, so it needs the \
             role that owns them, or a member of that role"
        }
        LockedTable::History | LockedTable::Schema => {
            "to create the history, the role needs CREATE on the database; to change it, the role \
             needs to own the history's schema and tables; to read it, the role needs USAGE on \
             that schema and SELECT on its tables"
        }
    }
}

/// The remedy for a prepared transaction, which has no session to end; `None` if no blocker is one.
fn end_prepared(blockers: &[Blocker]) -> Option<Remedy> {
    let help = blockers.iter().find_map(Blocker::help)?;
    Some(Remedy::Advice(format!("{help}, and run again")))
}

fn script_remedy(fault: &Fault) -> Remedy {
    if fault.code == Code::M0528 {
        return Remedy::FindLostLock { left: fault.left };
    }
    match fault.left {
        Left::Nothing => rolled_back(fault),
        Left::Dirty => Remedy::RecordInterrupted,
        Left::Unrecorded {
            direction,
            is_resumable,
        } => Remedy::AddRecord {
            direction,
            is_resumable,
            is_refused: fault.sqlstate.is_some(),
        },
        Left::Resumable if fault.code == Code::M0514 => Remedy::KeepOneObject,
        Left::Resumable if fault.code == Code::M0515 => Remedy::WaitForStatement,
        Left::Resumable => Remedy::advice(
            "the script ran outside a transaction, so a part of it may remain; fix the cause and \
             run again: the run resumes the script",
        ),
        Left::Done => Remedy::advice(
            "see why the standby does not confirm (`SELECT * FROM pg_stat_replication`), and \
             keep this server until the standby has caught up",
        ),
        Left::Unknown => Remedy::ReadStatus,
    }
}

/// The remedy if the script's transaction was rolled back.
fn rolled_back(fault: &Fault) -> Remedy {
    let is = |state: &SqlState| fault.sqlstate.as_deref() == Some(state.code());
    if fault.part == Part::Record {
        let sqlstate = fault.sqlstate.as_deref();
        return history_remedy(sqlstate, &fault.blockers, LockedTable::History);
    }
    if is(&SqlState::LOCK_NOT_AVAILABLE) && fault.part != Part::Commit {
        return end_prepared(&fault.blockers).unwrap_or(Remedy::RaiseLimit {
            table: LockedTable::Schema,
        });
    }
    Remedy::advice(
        if is(&SqlState::UNTRANSLATABLE_CHARACTER) && fault.position.is_some() {
            "nothing of this script is left in the database; replace the character, or use a \
             database whose encoding has it, such as UTF8"
        } else if is(&SqlState::DISK_FULL) {
            "nothing of this script is left in the database; make room where the server keeps \
             its data, and run again"
        } else if is(&SqlState::INSUFFICIENT_PRIVILEGE) {
            "nothing of this script is left in the database; grant the role what it lacks, or \
             migrate by a role that has it, and run again"
        } else if fault.part == Part::Commit {
            "nothing of this script is left in the database; COMMIT checks deferred \
             constraints and runs deferred triggers, so the server names no line; fix the \
             script and run again"
        } else {
            "the script was rolled back; fix it and run again"
        },
    )
}
