//! What users call. Each operation is carried out by a room below: [`run`](crate::run) changes
//! a database, [`observe`](crate::observe) looks at one.

use std::collections::BTreeSet;
use std::time::Duration;

use migrator_model::file_name::Direction;
use migrator_model::{Registry, Version};
use migrator_plan::{
    Conflict, DatabaseState, Edit, Entry, Outcome, Plan, RecordedMigration, Selection, Status,
    Step, Target,
};

use crate::context::Context;
use crate::error::Error;
use crate::error::kind::ErrorKind;
use crate::event::report::Report;
use crate::event::{Event, Listener};
use crate::history::History;
use crate::history::guard::Purpose;
use crate::observe::inspect::Inspection;
use crate::options::Options;
use crate::run::change::Change;
use crate::run::flow::{CarriedOut, Request};
use crate::session::client::Client;
use crate::session::stop::Stop;

/// Applies and reverts the migrations of a registry.
///
/// A run takes back what was set in its session, the role too, before the first
/// script and after each.
///
/// A script and its entry are committed together or not at all. So a script that
/// ends its transaction (COMMIT, ROLLBACK, PREPARE TRANSACTION) is refused before
/// anything of it is sent, and so is one that exchanges data with the client
/// (COPY … FROM STDIN, COPY … TO STDOUT), of which there are none. One that opens
/// with `-- migrator: no-transaction` may have transactions of its own.
pub struct Migrator {
    context: Context,
}

impl Migrator {
    /// A migrator with the default options.
    #[must_use]
    pub fn new(registry: &'static Registry) -> Migrator {
        Migrator::with_options(registry, Options::default())
    }

    /// A migrator with options of its own.
    #[must_use]
    pub fn with_options(registry: &'static Registry, options: Options) -> Migrator {
        let context = Context::new(registry, options);
        Migrator { context }
    }

    /// Has every [`Event`] told to `listener` as it happens.
    #[must_use]
    pub fn on_event(mut self, listener: impl FnMut(&Event<'_>) + Send + 'static) -> Migrator {
        self.context.listener = Some(Listener::new(listener));
        self
    }

    /// Has its runs stopped by `stop`, which may stop others' too.
    #[must_use]
    pub fn stopped_by(mut self, stop: &Stop) -> Migrator {
        self.context.stop = stop.clone();
        self
    }

    /// What stops its runs, this one and all later ones.
    #[must_use]
    pub fn stop(&self) -> Stop {
        self.context.stop.clone()
    }

    /// The registry it was made with.
    #[must_use]
    pub fn registry(&self) -> &'static Registry {
        self.context.registry
    }

    /// The options it was made with.
    #[must_use]
    pub fn options(&self) -> &Options {
        &self.context.options
    }

    /// Applies what is pending, in plan order. With nothing pending it takes no
    /// lock and writes nothing.
    ///
    /// To end it before its time, use [`Migrator::stop`]. If its future is dropped
    /// instead, a task is left behind that has the server cancel what is under way and
    /// then ends the client's session: [`Client::reconnect`] opens it again.
    ///
    /// # Errors
    ///
    /// See [`ErrorKind`]; the error carries the report of what was done before.
    pub async fn up(&mut self, client: &mut Client, target: Target) -> Result<Report, Error> {
        self.change(client, Change::Migrate(Direction::Up, &target))
            .await
            .map(|done| done.report)
    }

    /// Reverts what is applied, newest first.
    ///
    /// # Errors
    ///
    /// As [`Migrator::up`].
    pub async fn down(&mut self, client: &mut Client, target: Target) -> Result<Report, Error> {
        self.change(client, Change::Migrate(Direction::Down, &target))
            .await
            .map(|done| done.report)
    }

    /// Reverts the newest migration of a service and applies it again: one run under one lock.
    /// With nothing applied, it takes no lock and writes nothing.
    ///
    /// What the migration requires by now, and what its service depends on, is applied as well
    /// where it is pending.
    ///
    /// # Errors
    ///
    /// As [`Migrator::up`]. If the revert or the apply would be refused, nothing is reverted.
    /// If the script of the apply fails, the error's report has the revert, which remains: run
    /// [`Migrator::up`] after the script is fixed.
    pub async fn redo(&mut self, client: &mut Client, service: &str) -> Result<Report, Error> {
        self.change(client, Change::Redo(service))
            .await
            .map(|done| done.report)
    }

    async fn change(&self, client: &Client, change: Change<'_>) -> Result<CarriedOut, Error> {
        self.context.run(Request { client, change }).await
    }

    /// The applied migrations of a service whose scripts are not as they are recorded:
    /// that of a version, or all.
    ///
    /// # Errors
    ///
    /// The service is not known, or the history cannot be read. Of the version that is
    /// named: it is not applied, it is dirty, or the registry does not have it. And where
    /// the registry has another migration in its place, which is no edit.
    pub async fn edits(
        &self,
        client: &Client,
        service: &str,
        version: Option<Version>,
    ) -> Result<Vec<Edit<'static>>, Error> {
        self.context.edits(client, service, version).await
    }

    /// Records the scripts of the registry in place of those that were applied, with
    /// what follows from them. Nothing is run.
    ///
    /// # Errors
    ///
    /// An entry is no longer as it was when the edits were read, or another run holds the
    /// lock: then no edit is recorded. The database is read-only, or the history cannot be
    /// written: then the edits before the failure remain recorded, and [`Migrator::edits`]
    /// gives the others.
    pub async fn accept(
        &mut self,
        client: &mut Client,
        edits: &[Edit<'static>],
    ) -> Result<(), Error> {
        self.change(client, Change::Accept(edits)).await.map(drop)
    }

    /// Looks at what the interrupted script of a dirty migration has left. Nothing is changed.
    ///
    /// # Errors
    ///
    /// The migration is not recorded as dirty, or the history or the catalog cannot be read.
    pub async fn inspect(
        &self,
        client: &Client,
        service: &str,
        version: Version,
    ) -> Result<Inspection, Error> {
        self.context.inspect(client, service, version).await
    }

    /// Records what became of a dirty migration: it is applied, or it is not.
    ///
    /// # Errors
    ///
    /// The migration is not recorded as dirty, another run holds the lock, the database is
    /// read-only, or the history cannot be written.
    pub async fn repair(
        &mut self,
        client: &mut Client,
        service: &str,
        version: Version,
        outcome: Outcome,
    ) -> Result<Entry, Error> {
        let change = Change::Repair {
            service,
            version,
            outcome,
        };
        let CarriedOut { plan, .. } = self.change(client, change).await?;
        let entry = plan.steps.first().and_then(Step::entry).cloned();
        let not_dirty = || ErrorKind::Refused(vec![Conflict::not_dirty(service, version)]);
        Ok(entry.ok_or_else(not_dirty)?)
    }

    /// What a run would do at this moment; of what another run is at outside a
    /// transaction, what it would do when that is done.
    ///
    /// # Errors
    ///
    /// Everything that keeps the run from starting.
    pub async fn plan(
        &self,
        client: &Client,
        direction: Direction,
        target: &Target,
    ) -> Result<Plan<'static>, Error> {
        self.context.plan(client, direction, target).await
    }

    /// How the database stands to the registry.
    ///
    /// # Errors
    ///
    /// A service is not known, or the history cannot be read.
    pub async fn status(&self, client: &Client, services: &Selection) -> Result<Status, Error> {
        self.context.status(client, services).await
    }

    /// Reads the history; a database without one has an empty one.
    ///
    /// # Errors
    ///
    /// It cannot be read, or is of a format that this version does not know.
    pub async fn history(&self, client: &Client) -> Result<History, Error> {
        self.context.history(client, Purpose::Look).await
    }

    /// Reads how each entry of the history came about, in the order in which the
    /// migrations were applied.
    ///
    /// # Errors
    ///
    /// As [`Migrator::history`].
    pub async fn recorded(&self, client: &Client) -> Result<Vec<RecordedMigration>, Error> {
        self.context.recorded(client).await
    }

    /// How the database stands to the registry, in one round trip and without a
    /// lock: cheap enough for a probe of readiness.
    ///
    /// The target is that of the `up` which a deploy job runs for this service:
    /// mostly the service by its name. Of what a registry has of other services
    /// just as much counts as `up` would apply.
    ///
    /// It reads the tables `format` and `history` of the history's schema: USAGE on
    /// the schema and SELECT on these two is all that the role needs.
    ///
    /// # Errors
    ///
    /// A service is not known, or the history cannot be read.
    pub async fn state(&self, client: &Client, target: &Target) -> Result<DatabaseState, Error> {
        self.context.state(client, target).await
    }

    /// The services that a run is changing at this moment, as its locks tell.
    ///
    /// # Errors
    ///
    /// The locks cannot be read.
    pub async fn at_work(
        &self,
        client: &Client,
        services: &[&str],
    ) -> Result<BTreeSet<String>, Error> {
        self.context.at_work(client, services).await
    }

    /// Waits until a deploy job, or any other run, has applied what `up` with this
    /// target would, and returns the state that it found:
    /// [`Current`](DatabaseState::Current) or [`Ahead`](DatabaseState::Ahead).
    ///
    /// It looks at once, and again after a pause that grows from 20 ms to 1 s; with
    /// a timeout of zero it looks once. A
    /// changed migration and one out of order end it at once, as no waiting mends
    /// them. A dirty one does not: whoever is at it may have lost the lock and not
    /// the work, and a person may repair it meanwhile.
    ///
    /// A connection that is lost, because the server restarts or fails over, or that
    /// gives no answer for 5 seconds, is opened again in the same `client`; what was set
    /// in its session is lost then. A role that may not read the history is waited for
    /// as well: nobody can let it before the first deploy job has made it.
    ///
    /// The wait may take some two seconds longer than the timeout: each look, the last
    /// too, is given at least one to connect and one to read.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::NotCurrent`] with the state that was seen last, or what kept it
    /// from being seen.
    pub async fn wait_until_current(
        &self,
        client: &mut Client,
        target: &Target,
        timeout: Duration,
    ) -> Result<DatabaseState, Error> {
        self.context
            .wait_until_current(client, target, timeout)
            .await
    }
}
