//! The cause of a failed query on the history: the server refused the query, or the connection
//! was lost.

use tokio_postgres::error::{DbError, Severity, SqlState};

use super::guard;
use crate::error::fault::Fault;
use crate::error::format::UnknownFormat;
use crate::error::kind::ErrorKind;
use crate::event::blocker::Blocker;
use crate::event::operation::Operation;
use crate::session::answer::describe;
use crate::session::client::Client;

/// Why a history could not be read.
#[derive(Debug)]
pub(crate) enum ReadError {
    /// This version does not know the format of the tables.
    Format(UnknownFormat),
    /// A row is malformed: this version does not write such a row.
    Row(String),
    /// The server refused, or the connection was lost.
    Postgres {
        /// The error of the server or the connection.
        error: tokio_postgres::Error,
        /// The sessions that held the lock for which the read waited, as far as known.
        blockers: Vec<Blocker>,
    },
}

impl From<tokio_postgres::Error> for ReadError {
    fn from(error: tokio_postgres::Error) -> ReadError {
        ReadError::Postgres {
            error,
            blockers: Vec::new(),
        }
    }
}

impl From<UnknownFormat> for ReadError {
    fn from(format: UnknownFormat) -> ReadError {
        ReadError::Format(format)
    }
}

impl ReadError {
    /// Whether the read waited for a lock for too long (SQLSTATE 55P03).
    pub(crate) fn is_locked(&self) -> bool {
        match self {
            ReadError::Postgres { error, .. } => {
                error.code() == Some(&SqlState::LOCK_NOT_AVAILABLE)
            }
            ReadError::Format(_) | ReadError::Row(_) => false,
        }
    }

    /// Whether a check found that the history is not as migrator creates it.
    pub(super) fn is_unusual(&self) -> bool {
        match self {
            ReadError::Postgres { error, .. } => error.as_db_error().is_some_and(guard::is_unusual),
            ReadError::Format(_) | ReadError::Row(_) => false,
        }
    }

    /// Whether the role lacks a right.
    pub(crate) fn is_forbidden(&self) -> bool {
        match self {
            ReadError::Postgres { error, .. } => {
                error.code() == Some(&SqlState::INSUFFICIENT_PRIVILEGE)
            }
            ReadError::Format(_) | ReadError::Row(_) => false,
        }
    }

    /// Whether the cause may end while the caller waits: the role lacks a right, or a session
    /// holds a lock.
    pub(crate) fn may_pass(&self) -> bool {
        let passing = [
            &SqlState::INSUFFICIENT_PRIVILEGE,
            &SqlState::LOCK_NOT_AVAILABLE,
        ];
        match self {
            ReadError::Postgres { error, .. } => {
                error.code().is_some_and(|code| passing.contains(&code))
            }
            ReadError::Format(_) | ReadError::Row(_) => false,
        }
    }
}

/// The error of an operation that failed to read the history.
pub(crate) fn read_failed(client: &Client, doing: Operation, error: ReadError) -> ErrorKind {
    match error {
        ReadError::Format(format) => ErrorKind::Format(format),
        ReadError::Row(row) => ErrorKind::History {
            doing,
            why: format!("this entry of the history is malformed: {row}"),
            sqlstate: None,
            blockers: Vec::new(),
        },
        ReadError::Postgres { error, blockers } => failed(client, doing, &error).behind(blockers),
    }
}

/// The error of a failed query, from the server's answer or the lost connection.
pub(crate) fn failed(
    client: &Client,
    doing: Operation,
    error: &tokio_postgres::Error,
) -> ErrorKind {
    let db_error = error
        .as_db_error()
        .filter(|db_error| !ends_the_session(db_error));
    if let Some(conflicts) = db_error.and_then(guard::conflicts) {
        return ErrorKind::Refused(conflicts);
    }
    match (db_error, client.postgres().is_closed()) {
        (Some(db_error), false) => ErrorKind::History {
            doing,
            why: guard::raised(db_error)
                .unwrap_or(db_error.message())
                .to_owned(),
            sqlstate: Some(db_error.code().code().to_owned()),
            blockers: Vec::new(),
        },
        _ => ErrorKind::Connection {
            doing,
            why: client.lost().unwrap_or_else(|| describe(error)),
        },
    }
}

/// Whether the server ended the session with this error, for example because it shuts down. The
/// client may notice the closed connection only a moment later.
fn ends_the_session(db_error: &DbError) -> bool {
    matches!(
        db_error.parsed_severity(),
        Some(Severity::Fatal | Severity::Panic)
    )
}

impl Fault {
    /// Copies the server's message and details into the fault.
    pub(crate) fn with_server(mut self, db_error: &DbError) -> Fault {
        let message = guard::raised(db_error).unwrap_or(db_error.message());
        message.clone_into(&mut self.message);
        if let Some([first, ..]) = guard::conflicts(db_error).as_deref() {
            self.message = first.to_string();
            self.code = first.code;
        }
        self.sqlstate = Some(db_error.code().code().to_owned());
        self.detail = db_error.detail().map(str::to_owned);
        self.hint = db_error.hint().map(str::to_owned);
        self.context = db_error.where_().map(str::to_owned);
        self
    }
}
