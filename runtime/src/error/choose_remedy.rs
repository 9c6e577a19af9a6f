//! Chooses the remedy for each error: what `Error::remedy` returns.

use migrator_connect::ConnectError;
use migrator_model::Code;
use migrator_plan::DatabaseState;
use tokio_postgres::error::SqlState;

use super::fault::{Fault, Left, Part};
use super::kind::{ErrorKind, ReadOnly};
use super::remedy::{LockedTable, Remedy};
use super::stopped::Stopped;
use crate::event::blocker::Blocker;
use crate::event::operation::Operation;

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
            ErrorKind::SecondConnection { error, .. } => Remedy::UseSingleConnection {
                first: error.as_ref().map(ConnectError::help),
            },
            ErrorKind::Format(unknown) => Remedy::Advice(unknown.help()),
            ErrorKind::History {
                doing,
                sqlstate,
                blockers,
                ..
            } => {
                let table = match doing {
                    Operation::UpgradeHistory => LockedTable::HistoryToUpgrade,
                    Operation::PrepareSession
                    | Operation::WaitForLock
                    | Operation::TakeLock
                    | Operation::ReadLocks
                    | Operation::CreateHistory
                    | Operation::ReadHistory
                    | Operation::ReadScripts
                    | Operation::RecordMigrations
                    | Operation::ReadEffects => LockedTable::History,
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
        let left = self.left();
        to_record(left, None).unwrap_or(match left {
            Left::Resumable => Remedy::Resume,
            Left::Unknown => Remedy::ReadUncancelled,
            Left::Nothing | Left::Done | Left::Dirty | Left::Unrecorded { .. } => Remedy::RunAgain,
        })
    }
}

/// The remedy for a step whose entry must be recorded; `None` if a run records the entry.
fn to_record(left: Left, sqlstate: Option<&str>) -> Option<Remedy> {
    match left {
        Left::Dirty => Some(Remedy::RecordInterrupted),
        Left::Unrecorded {
            direction,
            is_resumable,
        } => Some(Remedy::AddRecord {
            direction,
            is_resumable,
            is_refused: sqlstate.is_some(),
        }),
        Left::Nothing | Left::Resumable | Left::Done | Left::Unknown => None,
    }
}

fn history_remedy(sqlstate: Option<&str>, blockers: &[Blocker], table: LockedTable) -> Remedy {
    let is = |state: &SqlState| sqlstate == Some(state.code());
    if is(&SqlState::INSUFFICIENT_PRIVILEGE) {
        return Remedy::advice(missing_right(table));
    }
    if is(&SqlState::DISK_FULL) {
        return Remedy::fix("make room where the server keeps its data");
    }
    if !is(&SqlState::LOCK_NOT_AVAILABLE) {
        return Remedy::RestoreTables;
    }
    match blockers {
        [] => Remedy::fix(
            "another session or a prepared transaction holds a lock on a table of the \
             history: `pg_locks` and `pg_prepared_xacts` show which; end it",
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
    blockers.iter().find_map(Blocker::help).map(Remedy::fix)
}

fn script_remedy(fault: &Fault) -> Remedy {
    if fault.code == Code::M0528 {
        return Remedy::FindLostLock { left: fault.left };
    }
    if let Some(remedy) = to_record(fault.left, fault.sqlstate.as_deref()) {
        return remedy;
    }
    match fault.left {
        Left::Nothing | Left::Dirty | Left::Unrecorded { .. } => rolled_back(fault),
        Left::Resumable if fault.code == Code::M0514 => Remedy::KeepOneObject,
        Left::Resumable if fault.code == Code::M0515 => Remedy::WaitForStatement,
        Left::Resumable => Remedy::FixAndResume,
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
    if is(&SqlState::UNTRANSLATABLE_CHARACTER) && fault.position.is_some() {
        Remedy::advice(
            "nothing of this script is left in the database; replace the character, or use a \
             database whose encoding has it, such as UTF8",
        )
    } else if is(&SqlState::DISK_FULL) {
        Remedy::fix(
            "nothing of this script is left in the database; make room where the server keeps \
             its data",
        )
    } else if is(&SqlState::INSUFFICIENT_PRIVILEGE) {
        Remedy::fix(
            "nothing of this script is left in the database; grant the role what it lacks, or \
             migrate by a role that has it",
        )
    } else if fault.part == Part::Commit {
        Remedy::FixForCommit
    } else if fault.sqlstate.is_none() {
        // The run has refused the script itself.
        Remedy::fix("no part of the script was sent to the server; fix the cause")
    } else {
        Remedy::FixScript
    }
}
