//! Takes and releases the locks of a run.

use crate::context::Context;
use crate::error::kind::ErrorKind;
use crate::error::stopped::Stopped;
use crate::event::Event;
use crate::lock::Release;
use crate::lock::acquire::{self, EarlyRead, LockSettings, Locks};
use crate::lock::held::Held;
use crate::session::client::Client;

impl Context {
    pub(crate) async fn lock(
        &self,
        client: &Client,
        locks: &Locks,
    ) -> Result<(Held, EarlyRead), ErrorKind> {
        let taking = LockSettings {
            tables: &self.tables,
            options: &self.options,
            listener: self.listener.as_ref(),
        };
        // Given up, its connection closes, and the locks go with it.
        let locked = Box::pin(acquire::acquire(client, locks, taking));
        let locked = self.stop.unless_stopped(locked).await;
        locked.ok_or_else(|| ErrorKind::Stopped(Stopped::default()))?
    }

    /// Lets go of the locks, and tells if the server may hold them yet.
    pub(crate) async fn release(&self, client: &Client, held: Held) {
        let released = self.stop.last(Box::pin(held.release(client))).await;
        let released = released.unwrap_or_else(|| {
            Release::Unknown("the run was stopped, and the server does not answer".to_owned())
        });
        if let Release::Unknown(why) = released {
            self.tell(&Event::LockUnreleased { why: &why });
        }
    }
}
