//! Why a query of ours failed: the server refused it, or the connection is gone.

use tokio_postgres::error::{DbError, Severity};

use super::guard;
use super::read::ReadError;
use crate::error::fault::Fault;
use crate::error::kind::ErrorKind;
use crate::session::answer::describe;
use crate::session::client::Client;

/// What most reads do.
pub(crate) const READING: &str = "reading the history";

pub(crate) fn read_failed(client: &Client, doing: &str, error: ReadError) -> ErrorKind {
    let doing = doing.to_owned();
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

/// A query of ours failed: the server said why, or the connection is gone.
pub(crate) fn failed(client: &Client, doing: String, error: &tokio_postgres::Error) -> ErrorKind {
    let said = error.as_db_error().filter(|said| !ends_the_session(said));
    if let Some(conflicts) = said.and_then(guard::conflicts) {
        return ErrorKind::Refused(conflicts);
    }
    match (said, client.postgres().is_closed()) {
        (Some(said), false) => ErrorKind::History {
            doing,
            why: guard::raised(said).unwrap_or(said.message()).to_owned(),
            sqlstate: Some(said.code().code().to_owned()),
            blockers: Vec::new(),
        },
        _ => ErrorKind::Connection {
            doing,
            why: client.lost().unwrap_or_else(|| describe(error)),
        },
    }
}

/// Whether the server ended the session with this error, as when it shuts down; it
/// may be a moment before the connection is seen to be closed.
fn ends_the_session(said: &DbError) -> bool {
    matches!(
        said.parsed_severity(),
        Some(Severity::Fatal | Severity::Panic)
    )
}

impl Fault {
    /// Takes over what the server said.
    pub(crate) fn with_server(mut self, said: &DbError) -> Fault {
        let message = guard::raised(said).unwrap_or(said.message());
        message.clone_into(&mut self.message);
        if let Some([first, ..]) = guard::conflicts(said).as_deref() {
            self.message = first.to_string();
            self.code = first.code;
        }
        self.sqlstate = Some(said.code().code().to_owned());
        self.detail = said.detail().map(str::to_owned);
        self.hint = said.hint().map(str::to_owned);
        self.context = said.where_().map(str::to_owned);
        self
    }
}
