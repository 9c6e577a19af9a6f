//! Reads the event log, and the runs that are changing a database.

use std::collections::BTreeMap;

use migrator_model::Version;
use migrator_plan::{Selection, Status};

use super::Migrator;
use crate::error::Error;
use crate::history::{LogEntry, LogFilter};
use crate::observe::activity::Activity;
use crate::session::client::Client;

impl Migrator {
    /// Reads the entries of the event log that a filter selects, the oldest first. The log has every
    /// apply, revert, failure and repair. A database without a history has none.
    ///
    /// # Errors
    ///
    /// As [`Migrator::history`]. The role needs SELECT on the table `event`. Or
    /// `since` is not a valid time.
    pub async fn log(&self, client: &Client, filter: &LogFilter) -> Result<Vec<LogEntry>, Error> {
        let mut log = Vec::new();
        self.each_logged(client, filter, |entry| log.push(entry))
            .await?;
        Ok(log)
    }

    /// Passes the entries that [`Migrator::log`] returns to `tell`, one after the other. Only a few of
    /// them are in memory at a time.
    ///
    /// # Errors
    ///
    /// As [`Migrator::log`]. `tell` may already have received some entries.
    pub async fn each_logged(
        &self,
        client: &Client,
        filter: &LogFilter,
        tell: impl FnMut(LogEntry) + Send,
    ) -> Result<(), Error> {
        self.context.each_logged(client, filter, tell).await
    }

    /// Compares a database with the registry, as [`Migrator::status`] does, and reads which runs are
    /// changing it now.
    ///
    /// # Errors
    ///
    /// As [`Migrator::status`]; or the locks cannot be read.
    pub async fn observe(
        &self,
        client: &Client,
        services: &Selection,
    ) -> Result<(Status, Activity), Error> {
        self.context.observe(client, services).await
    }

    /// The role that recorded each entry of the history, by service and version. Empty if the current
    /// role may not read the event log.
    ///
    /// # Errors
    ///
    /// As [`Migrator::history`].
    pub async fn recorded_by(
        &self,
        client: &Client,
    ) -> Result<BTreeMap<(String, Version), String>, Error> {
        self.context.recorded_by(client).await
    }
}
