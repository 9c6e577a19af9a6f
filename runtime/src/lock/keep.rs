//! Keeps the connection of a run's locks in use, and notices when it is lost.
//!
//! A proxy or a NAT ends or forgets an idle connection, and the connection that holds the locks
//! is idle for the whole run. So it sends a query at intervals. The other connections of a run
//! do the same while they wait for the lock or for each other.

use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Weak};
use std::time::Duration;

use migrator_connect::Connection;
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};

use crate::session::client::Client;
use crate::session::send::begin;

/// A connection that sends a query at intervals until this value is dropped.
pub(crate) struct KeptConnection {
    connection: Arc<Connection>,
    is_silent: Arc<AtomicBool>,
    keeper: JoinHandle<()>,
}

/// How the end of a transaction went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Closing {
    /// The server has ended it.
    Answered,
    /// The server did not answer, or the connection was lost.
    Unanswered,
}

/// The query. In `pg_stat_activity` it shows the purpose of the session.
const QUERY: &str = "SELECT 'this session holds the lock of a migrator run'";

/// A connection that does not answer within this time counts as lost.
const SILENCE: Duration = Duration::from_secs(60);

impl KeptConnection {
    /// Starts to send a query at this interval.
    pub(crate) fn new(connection: Connection, interval: Duration) -> KeptConnection {
        let connection = Arc::new(connection);
        let is_silent = Arc::new(AtomicBool::new(false));
        let keeper = keep(
            Arc::downgrade(&connection),
            Arc::clone(&is_silent),
            interval,
        );
        KeptConnection {
            connection,
            is_silent,
            keeper: tokio::spawn(keeper),
        }
    }

    /// Whether the server still answers.
    pub(crate) fn is_well(&self) -> bool {
        !self.connection.client.is_closed() && !self.is_silent.load(Ordering::Relaxed)
    }

    /// Why the connection was lost, if the server gave a reason.
    pub(crate) fn why_lost(&self) -> Option<String> {
        let silent = || {
            let is_silent = self.is_silent.load(Ordering::Relaxed);
            is_silent.then(|| format!("no answer for {} s", SILENCE.as_secs()))
        };
        self.connection.lost().or_else(silent)
    }

    /// Ends the transaction and the session; waits up to `patience` for an answer. The first poll
    /// sends the message.
    pub(crate) async fn end(self, patience: Duration) -> Closing {
        let rollback = begin(&self.connection.client, "ROLLBACK").await;
        self.keeper.abort();
        // Both results are fine: the connection has ended, or it was asked to end.
        let _ = (&mut { self.keeper }).await;
        let answer = timeout(patience, rollback.wait()).await;
        let connection = Arc::try_unwrap(self.connection).ok();
        match (answer, connection) {
            (Ok(Ok(())), Some(connection)) => {
                connection.close().await;
                Closing::Answered
            }
            (Ok(Ok(())), None) => Closing::Answered,
            (_, Some(connection)) => {
                connection.abandon();
                Closing::Unanswered
            }
            (_, None) => Closing::Unanswered,
        }
    }
}

/// Runs `work`, which sends nothing over the client's connection, and keeps that connection in
/// use meanwhile.
pub(crate) async fn awake<T>(
    client: &Client,
    interval: Duration,
    work: impl Future<Output = T>,
) -> T {
    let mut work = pin!(work);
    loop {
        match timeout(interval, &mut work).await {
            Ok(done) => return done,
            // Nobody waits for the answer. On a lost connection the next message fails as well.
            Err(_) => drop(begin(client.postgres(), WAITS).await),
        }
    }
}

/// The query that a waiting connection sends.
const WAITS: &str = "SELECT 'this session of a migrator run waits for its turn'";

async fn keep(connection: Weak<Connection>, is_silent: Arc<AtomicBool>, interval: Duration) {
    loop {
        sleep(interval).await;
        let Some(connection) = connection.upgrade() else {
            return;
        };
        let query = connection.client.simple_query(QUERY);
        match timeout(SILENCE, query).await {
            Ok(Ok(_)) => {}
            Ok(Err(_)) | Err(_) => {
                is_silent.store(true, Ordering::Relaxed);
                return;
            }
        }
    }
}
