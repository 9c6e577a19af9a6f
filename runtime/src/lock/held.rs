//! Locks that a run holds, and how it lets go of them.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use migrator_connect::Connection;
use tokio::runtime::Handle;

use super::evict::{self, Release};
use super::keep::{Closing, KeptConnection};
use crate::options::Options;
use crate::session::client::Client;
use crate::session::orphan::Orphan;

/// For so long the server is waited for when the locks are released: what lies between may
/// have forgotten a connection that was idle for all of a run.
const ANSWER: Duration = Duration::from_secs(3);

/// Locks that are held, until this is dropped or the connection is lost.
pub(crate) struct Held {
    /// None once they are released.
    connection: Option<KeptConnection>,
    /// What has to end before they are.
    orphans: Mutex<Vec<Orphan>>,
    /// The key of a lock of this run alone, which goes with the others: what other
    /// connections of the run look at to know whether these are still held.
    pub(crate) nonce: i64,
}

impl Held {
    pub(super) fn new(connection: Connection, nonce: i64, options: &Options) -> Held {
        Held {
            connection: Some(KeptConnection::new(connection, options.lock_heartbeat)),
            orphans: Mutex::default(),
            nonce,
        }
    }

    /// Whether the server still knows of us.
    pub(crate) fn is_held(&self) -> bool {
        self.connection
            .as_ref()
            .is_some_and(KeptConnection::is_well)
    }

    /// Why the locks are lost.
    pub(crate) fn why_lost(&self) -> String {
        let why = self.connection.as_ref().and_then(KeptConnection::why_lost);
        why.unwrap_or_else(|| "the server has ended its session".to_owned())
    }

    /// Keeps the locks until this has ended.
    pub(crate) fn leave_to(&self, orphan: Orphan) {
        let mut orphans = self.orphans.lock().unwrap_or_else(PoisonError::into_inner);
        orphans.push(orphan);
    }

    fn take_orphans(&mut self) -> Vec<Orphan> {
        let orphans = self.orphans.get_mut();
        std::mem::take(orphans.unwrap_or_else(PoisonError::into_inner))
    }

    /// Lets go, and waits until the server has. Where that is not answered, the session
    /// that holds the locks is ended over another connection.
    pub(crate) async fn release(mut self, client: &Client) -> Release {
        for orphan in self.take_orphans() {
            orphan.end().await;
        }
        match self.connection.take() {
            None => Release::Done,
            Some(connection) => match connection.end(ANSWER).await {
                Closing::Answered => Release::Done,
                Closing::Unanswered => evict::end_holder(client, self.nonce).await,
            },
        }
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        let (orphans, connection) = (self.take_orphans(), self.connection.take());
        let (false, Ok(runtime)) = (orphans.is_empty(), Handle::try_current()) else {
            return;
        };
        runtime.spawn(async move {
            for orphan in orphans {
                orphan.end().await;
            }
            drop(connection);
        });
    }
}
