//! Reads the event log, and who is changing the database now.

use super::Migrator;
use crate::error::Error;
use crate::history::LogEntry;
use crate::observe::activity::Activity;
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

    /// Reads which role recorded each migration, and which runs are changing the services of the
    /// registry now.
    ///
    /// # Errors
    ///
    /// As [`Migrator::history`]; or the locks cannot be read.
    pub async fn activity(&self, client: &Client) -> Result<Activity, Error> {
        self.context.activity(client).await
    }
}
