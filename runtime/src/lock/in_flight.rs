//! Cleans up behind a run whose future is dropped: the locks stay until nothing of the run goes
//! on at the server.

use tokio::runtime::Handle;

use super::held::Held;
use crate::session::client::Client;
use crate::session::orphan::Orphan;

/// What is under way over one connection, until it is done with.
pub(crate) struct InFlight<'a> {
    client: Option<&'a Client>,
    /// None as long as the run has none.
    lock: Option<&'a Held>,
}

impl<'a> InFlight<'a> {
    pub(crate) fn over(client: &'a Client, lock: &'a Held) -> InFlight<'a> {
        InFlight {
            client: Some(client),
            lock: Some(lock),
        }
    }

    /// The same before there is a lock.
    pub(crate) fn before(client: &'a Client) -> InFlight<'a> {
        InFlight {
            client: Some(client),
            lock: None,
        }
    }

    /// All answers are in.
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
