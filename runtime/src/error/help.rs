//! What to do about a failed run.

use migrator_model::Code;
use tokio_postgres::error::SqlState;

use super::fault::{Fault, Left, Part};
use super::format::UPGRADING;
use super::kind::{ErrorKind, ReadOnly, first_conflict};
use crate::event::blocker::Blocker;

impl ErrorKind {
    /// What to do.
    pub(super) fn help(&self) -> String {
        match self {
            ErrorKind::UnknownService(unknown) => unknown.help(),
            ErrorKind::Refused(conflicts) => conflicts
                .first()
                .map_or_else(String::new, |c| c.remedy.to_string()),
            ErrorKind::NotCurrent { state, .. } => first_conflict(state).map_or_else(
                || {
                    "`migrator up` applies what is pending: see what became of the job that \
                     runs it, or wait longer"
                        .to_owned()
                },
                |conflict| conflict.remedy.to_string(),
            ),
            ErrorKind::Locked { .. } => {
                "wait for the other run, or end it; `--lock-wait` sets how long to wait".to_owned()
            }
            ErrorKind::LockLost { .. } => lock_lost_help(Left::Nothing),
            ErrorKind::Script(fault) => script_help(fault),
            ErrorKind::Scripts(faults) => faults.first().map_or_else(String::new, script_help),
            ErrorKind::Stopped(stopped) => stopped.help(),
            ErrorKind::Connection { .. } => {
                "run the command again: it skips the applied migrations".to_owned()
            }
            ErrorKind::Connect(error) => error.help().to_owned(),
            ErrorKind::Format(unknown) => unknown.help(),
            ErrorKind::History {
                doing,
                sqlstate,
                blockers,
                ..
            } => {
                let limit = match doing == UPGRADING {
                    true => "`--lock-wait`",
                    false => LOCK_TIMEOUT,
                };
                history_help(sqlstate.as_deref(), blockers, limit)
            }
            ErrorKind::ReadOnly(ReadOnly::Standby) => {
                "connect to the primary; with several hosts in the URL, \
                 `target_session_attrs=primary` finds it"
                    .to_owned()
            }
            ErrorKind::ReadOnly(ReadOnly::Setting) => {
                "`default_transaction_read_only` is on for the role, the database or the \
                 server: use a role that may write, or put \
                 `options=-c default_transaction_read_only=off` into the URL"
                    .to_owned()
            }
            ErrorKind::Engine(_) => "please report this, with the tree and the history".to_owned(),
        }
    }
}

const LOCK_TIMEOUT: &str = "`--lock-timeout`";

/// `limit` is the option that limits the wait for a lock.
fn history_help(sqlstate: Option<&str>, blockers: &[Blocker], limit: &str) -> String {
    match sqlstate {
        Some(state) if state == SqlState::INSUFFICIENT_PRIVILEGE.code() => {
            "the role needs to own the history's schema and tables, or CREATE on the database; \
             to read alone, USAGE on that schema and SELECT on its tables"
        }
        Some(state) if state == SqlState::DISK_FULL.code() => {
            "make room where the server keeps its data, and run again"
        }
        Some(state) if state == SqlState::LOCK_NOT_AVAILABLE.code() => {
            if let Some(help) = blockers.iter().find_map(Blocker::help) {
                return format!("{help}, and run again");
            }
            match blockers {
                [] => {
                    "another session or a prepared transaction holds a lock on a table of the \
                     history: `pg_locks` and `pg_prepared_xacts` show which; end it, and run again"
                }
                _ => {
                    return format!(
                        "the session named above holds a lock on a table of the history: end it, \
                         or run again later; {limit} sets how long to wait"
                    );
                }
            }
        }
        _ => {
            "if somebody altered a table of the history by hand, put it back as it was; \
             `migrator explain M0505` lists its columns"
        }
    }
    .to_owned()
}

/// The run does not know who ended its lock's session: these are who may.
fn lock_lost_help(left: Left) -> String {
    let left = match left {
        Left::Nothing | Left::Done => "nothing of this step is left in the database: run again",
        Left::Dirty | Left::Resumable | Left::Unrecorded { .. } | Left::Unknown => {
            "what its statements did is still there; `migrator status` shows how the \
             migration is recorded now, and what to do about it"
        }
    };
    format!(
        "{left}; see the server's log for what ended the lock's session: `pg_terminate_backend`, \
         a restart, or the idle timeout of a proxy, which must exceed 20 s"
    )
}

fn script_help(fault: &Fault) -> String {
    if fault.code == Code::M0528 {
        return lock_lost_help(fault.left);
    }
    let is = |state: &SqlState| fault.sqlstate.as_deref() == Some(state.code());
    match fault.left {
        Left::Nothing if fault.part == Part::Record => {
            return history_help(fault.sqlstate.as_deref(), &fault.blockers, LOCK_TIMEOUT);
        }
        Left::Unrecorded {
            direction,
            is_resumable,
        } => return Left::unrecorded_help(direction, is_resumable),
        Left::Nothing if is(&SqlState::UNTRANSLATABLE_CHARACTER) && fault.position.is_some() => {
            "nothing of this script is left in the database; replace the character, or use a \
             database whose encoding has it, such as UTF8"
        }
        Left::Nothing if is(&SqlState::DISK_FULL) => {
            "nothing of this script is left in the database; make room where the server keeps \
             its data, and run again"
        }
        Left::Nothing if is(&SqlState::INSUFFICIENT_PRIVILEGE) => {
            "nothing of this script is left in the database; grant the role what it lacks, or \
             migrate by a role that has it, and run again"
        }
        Left::Nothing if fault.part == Part::Commit => {
            "nothing of this script is left in the database; COMMIT checks deferred \
             constraints and runs deferred triggers, so the server names no line; fix the \
             script and run again"
        }
        Left::Nothing if is(&SqlState::LOCK_NOT_AVAILABLE) => {
            if let Some(help) = fault.blockers.iter().find_map(Blocker::help) {
                return format!("{help}, and run again");
            }
            "another session holds a lock that it needs, on every try: end that session or \
             run again later; `--lock-timeout` sets how long a try waits"
        }
        Left::Nothing => "the script was rolled back; fix it and run again",
        Left::Dirty => {
            "the script ran outside a transaction, and its earlier statements remain; finish or undo \
             the script by hand, then record which with `migrator repair`"
        }
        Left::Resumable if fault.code == Code::M0514 => {
            "decide which of the two objects to keep: drop or rename the other and run again, or \
             finish the script by hand and record it with `migrator repair`"
        }
        Left::Resumable if fault.code == Code::M0515 => {
            "wait until that statement has ended, or end it, and run again; \
             `--lock-wait` sets how long to wait"
        }
        Left::Resumable => {
            "the script ran outside a transaction, and its earlier statements remain; fix the cause \
             and run again: the run resumes the script"
        }
        Left::Done => {
            "see why the standby does not confirm (`SELECT * FROM pg_stat_replication`), and \
             keep this server until the standby has caught up"
        }
        Left::Unknown => "`migrator status` says whether it was applied; run it again",
    }
    .to_owned()
}
