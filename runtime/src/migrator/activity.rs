//! Who applied the migrations of a database, and who is changing it now.

use super::Migrator;
use crate::error::Error;
use crate::observe::activity::Activity;
use crate::session::client::Client;

impl Migrator {
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
