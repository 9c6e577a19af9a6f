//! Why a run failed, with what it did before.

use std::fmt;

use migrator_connect::ConnectError;
use migrator_model::{Code, UnknownService, Version};
use migrator_plan::Conflict;
use migrator_plan::DatabaseState;
use tokio_postgres::error::SqlState;

use crate::blockers::Blocker;
use crate::event::Holder;
use crate::fault::{Fault, Left, Part};
use crate::report::Report;
use crate::stop::Stopped;

/// A run failed.
#[derive(Debug)]
pub struct Error {
    /// Why.
    pub kind: Box<ErrorKind>,
    /// What was done before, and stays.
    pub report: Report,
}

/// Why a run failed.
#[derive(Debug)]
pub enum ErrorKind {
    /// A service that the registry does not have was named.
    UnknownService(UnknownService),
    /// A migration is to be repaired that is not dirty.
    NotDirty {
        /// Its service.
        service: String,
        /// Its version.
        version: Version,
    },
    /// A conflict keeps the run from starting.
    Refused(Vec<Conflict>),
    /// The database did not become current within the time to wait, or never will.
    NotCurrent {
        /// How it stood last.
        state: DatabaseState,
        /// For how many seconds it was waited.
        waited: u64,
    },
    /// Another run held the lock for too long.
    Locked {
        /// Who.
        holder: Holder,
        /// For how many seconds it was waited.
        waited: u64,
    },
    /// The run's lock was lost, so that another run may have begun.
    LockLost {
        /// What was being done.
        doing: String,
        /// How it was lost.
        why: String,
    },
    /// A script failed.
    Script(Box<Fault>),
    /// Scripts that ran side by side failed; in the order of the plan.
    Scripts(Vec<Fault>),
    /// The run was told to stop.
    Stopped(Stopped),
    /// The connection was lost, or a further one could not be opened.
    Connection {
        /// What was being done.
        doing: String,
        /// What the connection said.
        why: String,
    },
    /// No connection could be opened.
    Connect(ConnectError),
    /// The history is of a format that this version does not know.
    Format(String),
    /// The history could not be read or written.
    History {
        /// What was being done.
        doing: String,
        /// What the server said.
        why: String,
        /// The five characters of the SQLSTATE, if the server said anything.
        sqlstate: Option<String>,
        /// Who held the lock that was waited for, as far as this was seen.
        blockers: Vec<Blocker>,
    },
    /// The database is read-only, so that nothing was begun.
    ReadOnly(ReadOnly),
    /// The engine refused what the plan had allowed.
    Engine(refinery::Error),
}

/// Why a database is read-only.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReadOnly {
    /// Its server is a standby (`pg_is_in_recovery()`).
    Standby,
    /// The role, the database or the server has `default_transaction_read_only` on.
    Setting,
}

impl Error {
    /// What the error is filed under.
    #[must_use]
    pub fn code(&self) -> Code {
        match &*self.kind {
            ErrorKind::UnknownService(_) => Code::M0406,
            ErrorKind::NotDirty { .. } => Code::M0404,
            ErrorKind::Refused(conflicts) => conflicts
                .first()
                .map_or(Code::M0501, |conflict| conflict.code),
            ErrorKind::NotCurrent { state, .. } => {
                first_conflict(state).map_or(Code::M0506, |conflict| conflict.code)
            }
            ErrorKind::Locked { .. } => Code::M0502,
            ErrorKind::LockLost { .. } => Code::M0528,
            ErrorKind::Script(fault) if fault.left == Left::Unknown => Code::M0503,
            ErrorKind::Script(fault) => fault.code,
            ErrorKind::Scripts(faults) if are_unconfirmed(faults) => Code::M0530,
            ErrorKind::Scripts(_) | ErrorKind::Engine(_) => Code::M0501,
            ErrorKind::Stopped(_) => Code::M0518,
            ErrorKind::Connection { .. } => Code::M0503,
            ErrorKind::Connect(error) => Code::find(error.code()).unwrap_or(Code::M0902),
            ErrorKind::Format(_) => Code::M0504,
            ErrorKind::History { .. } => Code::M0505,
            ErrorKind::ReadOnly(_) => Code::M0525,
        }
    }

    /// The conflicts that keep the run from starting, or the database from being current.
    #[must_use]
    pub fn conflicts(&self) -> &[Conflict] {
        if let ErrorKind::Refused(conflicts)
        | ErrorKind::NotCurrent {
            state: DatabaseState::Conflict(conflicts),
            ..
        } = &*self.kind
        {
            return conflicts;
        }
        &[]
    }

    /// What to do.
    #[must_use]
    pub fn help(&self) -> String {
        match &*self.kind {
            ErrorKind::UnknownService(unknown) => unknown.help(),
            ErrorKind::NotDirty { .. } => "`migrator status` says which migrations are".to_owned(),
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
            ErrorKind::Format(_) => "run a newer binary on this database".to_owned(),
            ErrorKind::History {
                sqlstate, blockers, ..
            } => history_help(sqlstate.as_deref(), blockers),
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

fn history_help(sqlstate: Option<&str>, blockers: &[Blocker]) -> String {
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
                    "the session named above holds a lock on a table of the history: end it, or \
                     run again later; `--lock-timeout` sets how long to wait"
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

impl ErrorKind {
    /// The same, with who held the lock that was waited for.
    pub(crate) fn behind(mut self, who: Vec<Blocker>) -> ErrorKind {
        if let ErrorKind::History { blockers, .. } = &mut self {
            *blockers = who;
        }
        self
    }
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
            return history_help(fault.sqlstate.as_deref(), &fault.blockers);
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

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &*self.kind {
            ErrorKind::UnknownService(unknown) => unknown.fmt(f),
            ErrorKind::NotDirty { service, version } => {
                write!(f, "`{service}/{version}` is not recorded as dirty")
            }
            ErrorKind::Refused(conflicts) => refused(f, conflicts),
            ErrorKind::NotCurrent { state, waited } => {
                write!(f, "the database is not current after {waited} s: {state}")
            }
            ErrorKind::Locked { holder, waited } => {
                write!(
                    f,
                    "the lock was not obtained in {waited} s: {holder} holds it"
                )
            }
            ErrorKind::LockLost { doing, why } => {
                write!(f, "the run lost its lock while {doing}: {why}")
            }
            ErrorKind::Script(fault) => fault.fmt(f),
            ErrorKind::Scripts(faults) if are_unconfirmed(faults) => write!(
                f,
                "{} steps were committed on this server, perhaps not on its standby",
                faults.len()
            ),
            ErrorKind::Scripts(faults) => write!(f, "{} scripts failed", faults.len()),
            ErrorKind::Stopped(stopped) => stopped.fmt(f),
            ErrorKind::Connection { doing, .. } => {
                write!(f, "the connection was lost while {doing}")
            }
            ErrorKind::Connect(error) => error.fmt(f),
            ErrorKind::Format(format) => write!(
                f,
                "the history has the format {format}; this version knows {}",
                crate::history::FORMAT
            ),
            ErrorKind::History { doing, .. } => write!(f, "{doing} failed"),
            ErrorKind::ReadOnly(ReadOnly::Standby) => {
                f.write_str("the database is read-only: its server is a standby")
            }
            ErrorKind::ReadOnly(ReadOnly::Setting) => {
                f.write_str("the database is read-only: its sessions are read-only by default")
            }
            ErrorKind::Engine(_) => f.write_str("the engine refused what was planned"),
        }
    }
}

fn are_unconfirmed(faults: &[Fault]) -> bool {
    faults.iter().all(|fault| fault.left == Left::Done)
}

fn first_conflict(state: &DatabaseState) -> Option<&Conflict> {
    match state {
        DatabaseState::Conflict(conflicts) => conflicts.first(),
        DatabaseState::Current | DatabaseState::Behind(_) | DatabaseState::Ahead(_) => None,
    }
}

fn refused(f: &mut fmt::Formatter<'_>, conflicts: &[Conflict]) -> fmt::Result {
    match conflicts {
        [one] => fmt::Display::fmt(one, f),
        several => write!(f, "{} conflicts keep the run from starting", several.len()),
    }
}

impl fmt::Display for Holder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Holder {
            pid,
            application,
            role,
            since,
        } = self;
        let Some(pid) = pid else {
            return f.write_str("another session");
        };
        match application.is_empty() {
            true => f.write_str("a session without a name")?,
            false => write!(f, "`{application}`")?,
        }
        write!(f, " (pid {pid}")?;
        for (word, what) in [("role", role), ("since", since)] {
            // The server's own sessions have no role.
            if !what.is_empty() {
                write!(f, ", {word} {what}")?;
            }
        }
        f.write_str(")")
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match &*self.kind {
            ErrorKind::Connect(error) => error.source(),
            ErrorKind::Engine(error) => Some(error),
            ErrorKind::UnknownService(_)
            | ErrorKind::NotDirty { .. }
            | ErrorKind::Refused(_)
            | ErrorKind::NotCurrent { .. }
            | ErrorKind::Locked { .. }
            | ErrorKind::LockLost { .. }
            | ErrorKind::Script(_)
            | ErrorKind::Scripts(_)
            | ErrorKind::Stopped(_)
            | ErrorKind::Connection { .. }
            | ErrorKind::Format(_)
            | ErrorKind::ReadOnly(_)
            | ErrorKind::History { .. } => None,
        }
    }
}

impl From<ErrorKind> for Error {
    fn from(kind: ErrorKind) -> Error {
        Error {
            kind: Box::new(kind),
            report: Report::default(),
        }
    }
}

/// In place of a service, `all` may be named.
impl From<UnknownService> for ErrorKind {
    fn from(unknown: UnknownService) -> ErrorKind {
        ErrorKind::UnknownService(unknown.or("all"))
    }
}

impl From<ConnectError> for Error {
    fn from(error: ConnectError) -> Error {
        ErrorKind::Connect(error).into()
    }
}
