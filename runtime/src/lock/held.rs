//! The locks that a run holds, and how the run releases them.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use migrator_connect::{Connection, Settings};
use tokio::runtime::Handle;

use super::evict::{self, Release};
use super::keep::{Closing, KeptConnection};
use crate::options::Options;
use crate::session::advisory::{LockHolder, LockProof};
use crate::session::client::Client;
use crate::session::orphan::Orphan;

/// How long the run waits for the server when it releases the locks. A firewall or proxy may
/// have forgotten a connection that was idle during the whole run.
const ANSWER: Duration = Duration::from_secs(3);

/// Locks that are held until this value is dropped or its connection is lost.
pub(crate) struct Held {
    /// `None` once the locks are released, and if the session of the scripts holds them.
    connection: Option<KeptConnection>,

    /// Sessions that must end before the locks are released.
    orphans: Mutex<Vec<Orphan>>,
    /// A lock that only this run holds, together with its other locks. The statements of the run
    /// check this lock to know whether the run still holds its locks.
    pub(crate) proof: LockProof,
}

impl Held {
    /// Locks that a connection of their own holds.
    pub(super) fn new(connection: Connection, nonce: i64, options: &Options) -> Held {
        Held {
            connection: Some(KeptConnection::new(connection, options.lock_heartbeat)),
            orphans: Mutex::default(),
            proof: LockProof {
                nonce,
                holder: LockHolder::OwnSession,
            },
        }
    }

    /// Locks that the session of the scripts holds.
    pub(super) fn by_scripts(nonce: i64) -> Held {
        Held {
            connection: None,
            orphans: Mutex::default(),
            proof: LockProof {
                nonce,
                holder: LockHolder::ScriptSession,
            },
        }
    }

    /// Whether the server still answers on the connection of the locks. If the session of the
    /// scripts holds them, each of its statements checks that it does.
    pub(crate) fn is_held(&self) -> bool {
        match self.proof.holder {
            LockHolder::ScriptSession => true,
            LockHolder::OwnSession => self
                .connection
                .as_ref()
                .is_some_and(KeptConnection::is_well),
        }
    }

    /// Why the locks are lost.
    pub(crate) fn why_lost(&self) -> String {
        if self.proof.holder == LockHolder::ScriptSession {
            return "a script has released the advisory locks of its session, or a pooler has \
                    replaced that session"
                .to_owned();
        }
        let why = self.connection.as_ref().and_then(KeptConnection::why_lost);
        why.unwrap_or_else(|| "the server has ended its session".to_owned())
    }

    /// Keeps the locks until the orphaned session has ended.
    pub(crate) fn leave_to(&self, orphan: Orphan) {
        let mut orphans = self.orphans.lock().unwrap_or_else(PoisonError::into_inner);
        orphans.push(orphan);
    }

    fn take_orphans(&mut self) -> Vec<Orphan> {
        let orphans = self.orphans.get_mut();
        std::mem::take(orphans.unwrap_or_else(PoisonError::into_inner))
    }

    /// Releases the locks, and waits until the server has done so. If the server does not answer,
    /// ends the session that holds the locks over another connection.
    pub(crate) async fn release(mut self, client: &Client) -> Release {
        let LockProof { nonce, holder } = self.proof;
        match (self.end().await, holder) {
            (_, LockHolder::ScriptSession) => evict::release_own(client, nonce).await,
            (Closing::Answered, LockHolder::OwnSession) => Release::Done,
            (Closing::Unanswered, LockHolder::OwnSession) => evict::end_holder(client, nonce).await,
        }
    }

    /// As [`Held::release`], without the client: another connection is a new one.
    pub(crate) async fn release_alone(mut self, settings: Settings) -> Release {
        match self.end().await {
            Closing::Answered => Release::Done,
            Closing::Unanswered => evict::end_holder_alone(&settings, self.proof.nonce).await,
        }
    }

    async fn end(&mut self) -> Closing {
        for orphan in self.take_orphans() {
            orphan.end().await;
        }
        match self.connection.take() {
            None => Closing::Answered,
            Some(connection) => connection.end(ANSWER).await,
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
