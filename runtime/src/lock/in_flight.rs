//! Cleans up after a run whose future was dropped: keeps the locks until the server has ended
//! every statement of the run.

use tokio::runtime::Handle;

use super::held::Held;
use crate::session::advisory::LockHolder;
use crate::session::client::Client;
use crate::session::orphan::Orphan;

/// Marks that a run may have statements in progress over a connection.
pub(crate) struct InFlight<'a> {
    client: Option<&'a Client>,
    /// `None` until the run holds locks.
    lock: Option<&'a Held>,
}

impl<'a> InFlight<'a> {
    pub(crate) fn over(client: &'a Client, lock: &'a Held) -> InFlight<'a> {
        InFlight {
            client: Some(client),
            lock: Some(lock),
        }
    }

    /// The same for a run that waits for an answer now and then, if the session has its locks.
    pub(crate) fn of_locks(client: &'a Client, lock: &'a Held) -> InFlight<'a> {
        InFlight {
            client: (lock.proof.holder == LockHolder::ScriptSession).then_some(client),
            lock: Some(lock),
        }
    }

    /// The same for a run that does not hold locks yet.
    pub(crate) fn before(client: &'a Client) -> InFlight<'a> {
        InFlight {
            client: Some(client),
            lock: None,
        }
    }

    /// Every answer has arrived: there is nothing to clean up.
    pub(crate) fn done(mut self) {
        self.client = None;
    }
}

impl Drop for InFlight<'_> {
    fn drop(&mut self) {
        let Some(client) = self.client else { return };
        let Some(orphan) = Orphan::of(client) else {
            return;
        };
        match (self.lock, Handle::try_current()) {
            (Some(lock), _) => lock.leave_to(orphan),
            (None, Ok(runtime)) => drop(runtime.spawn(orphan.end())),
            (None, Err(_)) => {}
        }
    }
}
