//! Begins a run: takes its locks, makes its session ready, and creates the tables that it needs.

use std::collections::BTreeSet;

use futures_util::future::try_join;

use crate::context::Context;
use crate::error::kind::ErrorKind;
use crate::history::History;
use crate::lock::acquire::Acquired;
use crate::lock::in_flight::InFlight;
use crate::lock::keys::Locks;
use crate::lock::opening::Opening;
use crate::lock::second::Taken;
use crate::options::Connections;
use crate::run::ready;
use crate::session::advisory::LockHolder;
use crate::session::client::Client;

/// The work that a first read of the history found.
pub(super) struct PendingWork {
    pub(super) history: History,
    /// The services of the plan; empty if a dirty migration prevents a plan.
    pub(super) services: BTreeSet<String>,
    pub(super) locks: Locks,
}

/// A run that has begun.
pub(super) struct Begun {
    pub(super) acquired: Acquired,
    /// The format of the history's tables, if any table was missing.
    pub(super) format: Option<i32>,
}

impl Context {
    /// Takes the locks, and prepares the session. Creating the tables needs no lock, so a run with
    /// several connections does both at the same time.
    pub(super) async fn begin(
        &self,
        client: &Client,
        opening: Option<Opening>,
        pending: &PendingWork,
    ) -> Result<Begun, ErrorKind> {
        let work = async {
            match self.options.connections {
                Connections::Several => self.begin_over_two(client, opening, pending).await,
                Connections::Single => self.begin_over_one(client, pending).await,
            }
        };
        let under_way = InFlight::before(client);
        let begun = self.stop.attend(client, Box::pin(work)).await;
        under_way.done();
        let begun = begun?;
        if begun.is_err() {
            // The interrupted operation may have left its transaction open.
            self.stop.quiet(client).await;
        }
        begun
    }

    async fn begin_over_one(
        &self,
        client: &Client,
        pending: &PendingWork,
    ) -> Result<Begun, ErrorKind> {
        ready::session(client, LockHolder::ScriptSession).await?;
        let create = self.bootstrap(client);
        let format = Box::pin(create.create(&pending.history, &pending.services)).await?;
        let acquired = self.lock(client, None, &pending.locks).await?;
        Ok(Begun { acquired, format })
    }

    /// Notices if the locks keep the client's connection from working: the database, or its pool,
    /// then has only one session.
    async fn begin_over_two(
        &self,
        client: &Client,
        opening: Option<Opening>,
        pending: &PendingWork,
    ) -> Result<Begun, ErrorKind> {
        let (taken, listener) = (Taken::new(), self.listener.as_ref());
        let lock = async {
            let acquired = self.lock(client, opening, &pending.locks).await?;
            taken.by(acquired.process);
            Ok::<_, ErrorKind>(acquired)
        };
        let prepare = async {
            let ready = ready::session(client, LockHolder::OwnSession);
            let process = taken.answered(listener, ready).await??;
            let create = self.bootstrap(client);
            let create = Box::pin(create.create(&pending.history, &pending.services));
            let format = taken.shared(listener, process, create).await??;
            Ok::<_, ErrorKind>((process, format))
        };
        let (acquired, (process, format)) = try_join(lock, prepare).await?;
        taken.check(client, listener, process).await?;
        Ok(Begun { acquired, format })
    }
}
