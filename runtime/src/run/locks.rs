//! Decides which locks a run needs, takes them and releases them.

use std::collections::BTreeSet;

use migrator_model::Migration;
use migrator_plan::Plan;

use crate::context::Context;
use crate::error::kind::ErrorKind;
use crate::error::stopped::Stopped;
use crate::event::Event;
use crate::lock::Release;
use crate::lock::acquire::{self, Acquired};
use crate::lock::by_scripts;
use crate::lock::held::Held;
use crate::lock::keys::{LockSettings, Locks};
use crate::lock::opening::Opening;
use crate::options::Connections;
use crate::session::client::Client;

impl Context {
    /// The locks that a plan needs: exclusive ones on the services that it changes, shared ones on the
    /// services that they depend on or that its migrations require. A step without a script needs
    /// no shared lock.
    pub(super) fn needed_locks(&self, plan: &Plan<'_>) -> Locks {
        let mut locks = Locks::default();
        let mut running: BTreeSet<&str> = BTreeSet::new();
        for step in &plan.steps {
            locks.exclusive.insert(step.service().to_owned());
            if step.has_script() && running.insert(step.service()) {
                let others = self.registry.dependencies_of(step.service());
                locks.shared.extend(others.into_iter().map(str::to_owned));
            }
            let required = step.applies().into_iter().flat_map(Migration::required);
            locks
                .shared
                .extend(required.map(|(service, _)| service.to_owned()));
        }
        locks
    }

    /// Takes these locks, over a connection that may already be opening, or over the client's.
    pub(crate) async fn lock(
        &self,
        client: &Client,
        opening: Option<Opening>,
        locks: &Locks,
    ) -> Result<Acquired, ErrorKind> {
        let taking = LockSettings {
            tables: &self.tables,
            options: &self.options,
            listener: self.listener.as_ref(),
            stop: &self.stop,
        };
        if self.options.connections == Connections::Single {
            client.released().await;
            return Box::pin(by_scripts::acquire(client, locks, taking)).await;
        }
        // If the run is stopped, the connection closes, and the server releases the locks.
        let locked = Box::pin(async {
            client.released().await;
            acquire::acquire(client, opening, locks, taking).await
        });
        let locked = self.stop.unless_stopped(locked).await;
        locked.ok_or_else(|| ErrorKind::Stopped(Stopped::default()))?
    }

    /// Releases the locks without waiting for the server, which answers in a later round trip. The
    /// client's next run waits for the answer, and so does [`Client::close`].
    /// If the client's session holds the locks, waits.
    pub(crate) async fn release_behind(&self, client: &Client, held: Held) {
        if self.options.connections == Connections::Single {
            return self.release(client, held).await;
        }
        let released = held.release_alone(client.settings_as("migrator"));
        let listener = self.listener.clone();
        let release = async move {
            if let (Release::Unknown(why), Some(listener)) = (released.await, listener) {
                listener.tell(&Event::LockUnreleased { why: &why });
            }
        };
        client.release_behind(release).await;
    }

    /// Releases the locks. Reports if the server may still hold them.
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
