//! Reads the event log.

use super::Migrator;
use crate::error::Error;
use crate::history::LogEntry;
use crate::session::client::Client;

impl Migrator {
    /// Reads the newest entries of the event log, at most `most`, the oldest first. The log has
    /// every apply, revert, failure and repair. A database without a history has none.
    ///
    /// # Errors
    ///
    /// As [`Migrator::history`]. The role needs SELECT on the table `event`.
    pub async fn log(&self, client: &Client, most: usize) -> Result<Vec<LogEntry>, Error> {
        self.context.log(client, most).await
    }
}
