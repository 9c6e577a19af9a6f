//! Opens the connection of the locks while the run still reads the history.

use std::time::Duration;

use migrator_connect::{ConnectError, Connection, open_with_retry};
use tokio::task::JoinSet;

use crate::options::Options;
use crate::session::client::Client;

/// The shortest time that a try to take the locks may take.
pub(super) const SHORTEST_TRY: Duration = Duration::from_secs(10);

/// A connection that a task opens. Dropping this value gives it up.
pub(crate) struct Opening(JoinSet<Result<Connection, ConnectError>>);

impl Opening {
    /// Starts to open the connection.
    pub(crate) fn start(client: &Client, options: &Options) -> Opening {
        let settings = client.settings_as(&options.application);
        let shortage = shortage(options);
        let mut task = JoinSet::new();
        task.spawn(async move { open_with_retry(&settings, shortage).await });
        Opening(task)
    }

    /// Waits for the connection. If it was lost meanwhile, opens another one.
    pub(super) async fn connection(
        mut self,
        client: &Client,
        options: &Options,
    ) -> Result<Connection, ConnectError> {
        match self.0.join_next().await {
            Some(Ok(Ok(connection))) if !connection.client.is_closed() => Ok(connection),
            Some(Ok(Err(error))) => Err(error),
            Some(Ok(Ok(_)) | Err(_)) | None => open(client, options).await,
        }
    }
}

/// Opens the connection of the locks.
pub(super) async fn open(client: &Client, options: &Options) -> Result<Connection, ConnectError> {
    let sibling = client.sibling_within(&options.application, shortage(options));
    sibling.await
}

/// How long to retry while the server has no connection left.
fn shortage(options: &Options) -> Duration {
    options.lock_wait.min(SHORTEST_TRY)
}
