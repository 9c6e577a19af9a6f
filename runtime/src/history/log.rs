//! The event log as data.

use std::time::Duration;

use migrator_model::MigrationId;

/// An entry of the event log.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct LogEntry {
    /// When it was written, by the server's clock: UTC, in RFC 3339 with milliseconds.
    pub at: String,
    /// What happened, such as `apply`, `revert`, `failure` or `repair`.
    pub kind: String,
    /// The migration.
    pub id: MigrationId,
    /// How long the script ran, if that was recorded.
    pub took: Option<Duration>,
    /// The error of a failure, or a remark.
    pub message: Option<String>,
    /// The application name of the session.
    pub application: String,
    /// The version of migrator.
    pub migrator_version: String,
    /// The role.
    pub role: String,
    /// The address of the client. `None` for a Unix socket.
    pub client: Option<String>,
}
