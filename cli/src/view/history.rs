//! The event log.

use std::time::Duration;

use migrator_model::MigrationId;
use migrator_runtime::history::LogEntry;
use serde::Serialize;

use super::members;

/// What `history` found.
#[derive(Debug, Default, Serialize)]
pub(crate) struct History {
    /// The JSON text of each [`LoggedEvent`], the oldest first; empty if the format is text. The
    /// renderer adds this list to the document as text.
    #[serde(skip)]
    pub(crate) events: Vec<Box<str>>,
    /// How many events were printed when they were read: a log may be long.
    #[serde(skip)]
    pub(crate) printed: usize,
}

/// An entry of the event log.
#[derive(Debug, Serialize)]
pub(crate) struct LoggedEvent {
    /// By the server's clock, in RFC 3339.
    pub(crate) at: String,
    /// `apply`, `revert`, `failure`, ….
    pub(crate) kind: String,
    #[serde(flatten, serialize_with = "members::migration")]
    pub(crate) id: MigrationId,
    #[serde(
        rename = "milliseconds",
        serialize_with = "members::milliseconds_if_known"
    )]
    pub(crate) took: Option<Duration>,
    pub(crate) message: Option<String>,
    pub(crate) role: String,
    pub(crate) application: String,
    /// The address of the client; null for a Unix socket.
    pub(crate) client: Option<String>,
    /// The version of migrator.
    pub(crate) migrator: String,
}

impl From<LogEntry> for LoggedEvent {
    fn from(entry: LogEntry) -> LoggedEvent {
        LoggedEvent {
            at: entry.at,
            kind: entry.kind,
            id: entry.id,
            took: entry.took,
            message: entry.message,
            role: entry.role,
            application: entry.application,
            client: entry.client,
            migrator: entry.migrator_version,
        }
    }
}
