//! The reasons why a run fails, with their codes.

use std::fmt;

use migrator_connect::ConnectError;
use migrator_model::{Code, UnknownService};
use migrator_plan::{Conflict, DatabaseState};

use super::fault::{Fault, Left, StepEnd};
use super::format::UnknownFormat;
use super::stopped::{InterruptedStep, Stopped};
use crate::event::blocker::{Blocker, Holder};
use crate::event::operation::Operation;
use crate::event::second::SecondConnection;

/// Why a run failed.
#[derive(Debug)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The target names a service that is not in the registry.
    UnknownService(UnknownService),
    /// A conflict keeps the run from starting.
    Refused(Vec<Conflict>),
    /// The database did not become current within the time to wait, or never will.
    NotCurrent {
        /// Its last known state.
        state: DatabaseState,
        /// How many seconds the run waited.
        waited: u64,
    },
    /// Another run held the lock longer than this run may wait.
    Locked {
        /// The session that holds the lock.
        holder: Holder,
        /// How many seconds the run waited.
        waited: u64,
    },
    /// The run lost its lock, so another run may have started.
    LockLost {
        /// The operation that failed.
        doing: Operation,
        /// How the run lost the lock.
        why: String,
    },
    /// A script failed.
    Script(Box<Fault>),
    /// Several scripts that ran at the same time failed. They are in the order of the plan.
    Scripts(Vec<Fault>),
    /// The caller stopped the run.
    Stopped(Stopped),
    /// The connection was lost, or another connection could not be opened.
    Connection {
        /// The operation that failed.
        doing: Operation,
        /// The error of the connection.
        why: String,
    },
    /// No connection could be opened.
    Connect(ConnectError),
    /// The run needs a second connection for its locks, and could not use one. The first connection
    /// worked.
    SecondConnection {
        /// What happened.
        what: SecondConnection,
        /// How many seconds the run waited for an answer.
        waited: u64,
        /// Why the connection could not be opened.
        error: Option<ConnectError>,
    },
    /// This version does not know the format of the history.
    Format(UnknownFormat),
    /// The history could not be read or written.
    History {
        /// The operation that failed.
        doing: Operation,
        /// The server's message.
        why: String,
        /// The five characters of the SQLSTATE, if the server sent an error.
        sqlstate: Option<String>,
        /// The sessions that held the lock for which the operation waited, as far as known.
        blockers: Vec<Blocker>,
    },
    /// The database is read-only, so the run did not start.
    ReadOnly(ReadOnly),
    /// refinery's runner refused a step of the plan.
    Engine(Box<dyn std::error::Error + Send + Sync>),
}

/// Why a database is read-only.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ReadOnly {
    /// Its server is a standby (`pg_is_in_recovery()`).
    Standby,
    /// The role, the database or the server has `default_transaction_read_only` on.
    Setting,
}

impl ErrorKind {
    /// The code of the error.
    pub(super) fn code(&self) -> Code {
        match self {
            ErrorKind::UnknownService(_) => Code::M0406,
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
            ErrorKind::Connection { .. } | ErrorKind::SecondConnection { error: None, .. } => {
                Code::M0503
            }
            ErrorKind::Connect(error)
            | ErrorKind::SecondConnection {
                error: Some(error), ..
            } => connect_code(error),
            ErrorKind::Format(_) => Code::M0504,
            ErrorKind::History { .. } => Code::M0505,
            ErrorKind::ReadOnly(_) => Code::M0525,
        }
    }

    /// Whether a step may be done whose answer did not arrive.
    pub(crate) fn is_uncertain(&self) -> bool {
        match self {
            ErrorKind::Script(fault) => fault.left == Left::Unknown,
            ErrorKind::Scripts(faults) => faults.iter().any(|fault| fault.left == Left::Unknown),
            ErrorKind::Stopped(stopped) => stopped.left() == Left::Unknown,
            ErrorKind::Connection { .. } => true,
            ErrorKind::UnknownService(_)
            | ErrorKind::Refused(_)
            | ErrorKind::NotCurrent { .. }
            | ErrorKind::Locked { .. }
            | ErrorKind::LockLost { .. }
            | ErrorKind::Connect(_)
            | ErrorKind::SecondConnection { .. }
            | ErrorKind::Format(_)
            | ErrorKind::History { .. }
            | ErrorKind::ReadOnly(_)
            | ErrorKind::Engine(_) => false,
        }
    }

    /// The same error, with the sessions that held the lock for which the operation waited.
    pub(crate) fn behind(mut self, who: Vec<Blocker>) -> ErrorKind {
        if let ErrorKind::History { blockers, .. } = &mut self {
            *blockers = who;
        }
        self
    }

    /// The underlying error. Its text is not part of the text of this error.
    pub(super) fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            ErrorKind::Connect(error)
            | ErrorKind::SecondConnection {
                error: Some(error), ..
            } => std::error::Error::source(error),
            ErrorKind::Engine(error) => Some(&**error),
            ErrorKind::UnknownService(_)
            | ErrorKind::Refused(_)
            | ErrorKind::NotCurrent { .. }
            | ErrorKind::Locked { .. }
            | ErrorKind::LockLost { .. }
            | ErrorKind::Script(_)
            | ErrorKind::Scripts(_)
            | ErrorKind::Stopped(_)
            | ErrorKind::Connection { .. }
            | ErrorKind::SecondConnection { error: None, .. }
            | ErrorKind::Format(_)
            | ErrorKind::ReadOnly(_)
            | ErrorKind::History { .. } => None,
        }
    }
}

impl fmt::Display for ErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ErrorKind::UnknownService(unknown) => unknown.fmt(f),
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
            ErrorKind::SecondConnection {
                what,
                error: Some(error),
                ..
            } => write!(f, "{what}: {error}"),
            ErrorKind::SecondConnection { what, waited, .. } => {
                write!(f, "{what}: no answer in {waited} s")
            }
            ErrorKind::Format(unknown) => unknown.fmt(f),
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

/// The code of a connection that could not be opened.
#[must_use]
pub fn connect_code(error: &ConnectError) -> Code {
    match error {
        ConnectError::Settings { .. } => Code::M0901,
        ConnectError::Refused { .. } => Code::M0903,
        ConnectError::Tls { .. } => Code::M0904,
        ConnectError::Unreachable { .. } | _ => Code::M0902,
    }
}

fn refused(f: &mut fmt::Formatter<'_>, conflicts: &[Conflict]) -> fmt::Result {
    match conflicts {
        [one] => fmt::Display::fmt(one, f),
        several => write!(f, "{} conflicts keep the run from starting", several.len()),
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

/// The help also suggests `all`, which may replace the name of a service.
impl From<UnknownService> for ErrorKind {
    fn from(unknown: UnknownService) -> ErrorKind {
        ErrorKind::UnknownService(unknown.or("all"))
    }
}

/// A fault is the failure of a script, or the stop of the run.
impl From<Fault> for ErrorKind {
    fn from(fault: Fault) -> ErrorKind {
        match fault.end {
            StepEnd::Failed => ErrorKind::Script(Box::new(fault)),
            StepEnd::NotStarted => ErrorKind::Stopped(Stopped::default()),
            StepEnd::CutShort => {
                let Fault { step, left, .. } = fault;
                let interrupted = vec![InterruptedStep { step, left }];
                ErrorKind::Stopped(Stopped { interrupted })
            }
        }
    }
}
