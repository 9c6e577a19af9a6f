//! The public operations on one database. The module [`run`](crate::run) does those that change
//! a database; [`observe`](crate::observe) does those that only read it.

mod log;
mod plans;

use std::collections::BTreeSet;
use std::time::Duration;

use migrator_connect::Settings;
use migrator_model::file_name::Direction;
use migrator_model::{Registry, Version};
use migrator_plan::{
    Claim, Conflict, DatabaseState, Edit, Entry, Outcome, Plan, RecordedMigration, Selection,
    Status, Step, Target,
};

use crate::context::Context;
use crate::error::Error;
use crate::error::kind::ErrorKind;
use crate::event::Event;
use crate::event::report::Report;
use crate::history::History;
use crate::history::guard::Purpose;
use crate::observe::inspect::Inspection;
use crate::options::Options;
use crate::run::change::{Approved, Change};
use crate::run::flow::{CarriedOut, Request};
use crate::session::client::Client;
use crate::session::stop::Stop;
use crate::step::alongside::Alongside;

/// Applies and reverts the migrations of a registry.
///
/// Before the first script and after each script, a run resets its session, including the role.
///
/// A run commits a script together with its entry in the history, or neither. So a run refuses
/// a script that ends its transaction (COMMIT, ROLLBACK, PREPARE TRANSACTION), and sends nothing
/// of it. It also refuses a script that exchanges data with the client (COPY … FROM STDIN,
/// COPY … TO STDOUT), because there is no such data. A script that begins with
/// `-- migrator: no-transaction` may contain transactions.
pub struct Migrator {
    context: Context,
}

impl Migrator {
    /// A migrator with the default options.
    #[must_use]
    pub fn new(registry: &'static Registry) -> Migrator {
        Migrator::with_options(registry, Options::default())
    }

    /// A migrator with these options.
    #[must_use]
    pub fn with_options(registry: &'static Registry, options: Options) -> Migrator {
        let context = Context::new(registry, options);
        Migrator { context }
    }

    /// Calls `listener` with every [`Event`]. Legs that run side by side report their steps in the
    /// order of the plan: the events of a leg wait until the legs before it have ended.
    #[must_use]
    pub fn on_event(mut self, listener: impl FnMut(&Event<'_>) + Send + 'static) -> Migrator {
        let others = self.context.listener.take().unwrap_or_default();
        self.context.listener = Some(others.in_order(listener));
        self
    }

    /// Calls `listener` with every [`Event`] when it happens, except notices of the server. The
    /// events of legs that run side by side are mixed. A display of the running steps needs them.
    #[must_use]
    pub fn on_event_at_once(
        mut self,
        listener: impl FnMut(&Event<'_>) + Send + 'static,
    ) -> Migrator {
        let others = self.context.listener.take().unwrap_or_default();
        self.context.listener = Some(others.at_once(listener));
        self
    }

    /// Stops the runs of this migrator when `stop` is used. Several migrators may share a `Stop`.
    #[must_use]
    pub fn stopped_by(mut self, stop: &Stop) -> Migrator {
        self.context.stop = stop.clone();
        self
    }

    /// Returns the [`Stop`] that stops the current run and all later runs of this migrator.
    #[must_use]
    pub fn stop(&self) -> Stop {
        self.context.stop.clone()
    }

    /// The registry of this migrator.
    #[must_use]
    pub fn registry(&self) -> &'static Registry {
        self.context.registry
    }

    /// The options of this migrator.
    #[must_use]
    pub fn options(&self) -> &Options {
        &self.context.options
    }

    /// Applies the pending migrations, in plan order. If nothing is pending, takes no lock and
    /// writes nothing.
    ///
    /// To stop a run early, use [`Migrator::stop`]. If the caller drops the future instead, a
    /// background task cancels the run's statements at the server and then ends the client's
    /// session. [`Client::reconnect`] opens the session again.
    ///
    /// # Errors
    ///
    /// See [`ErrorKind`]. The error contains the report of the steps that were done before.
    pub async fn up(&mut self, client: &mut Client, target: Target) -> Result<Report, Error> {
        let approved = Approved::Any;
        self.migrate(client, Direction::Up, &target, approved).await
    }

    /// Reverts the applied migrations, newest first.
    ///
    /// # Errors
    ///
    /// As [`Migrator::up`].
    pub async fn down(&mut self, client: &mut Client, target: Target) -> Result<Report, Error> {
        let approved = Approved::Any;
        self.migrate(client, Direction::Down, &target, approved)
            .await
    }

    /// Reverts what a plan of [`Migrator::plan`] reverts, after a person has seen the plan.
    ///
    /// # Errors
    ///
    /// As [`Migrator::down`]. If another run has changed the history, so that a run would now
    /// revert anything else, nothing is reverted.
    pub async fn down_as_planned(
        &mut self,
        client: &mut Client,
        target: Target,
        plan: &Plan<'static>,
    ) -> Result<Report, Error> {
        let approved = Approved::Plan(plan);
        self.migrate(client, Direction::Down, &target, approved)
            .await
    }

    /// Reverts the newest migration of a service and applies it again: one run under one lock.
    /// If nothing is applied, it takes no lock and writes nothing.
    ///
    /// It also applies the pending migrations that the migration now requires, and those of the
    /// services that its service depends on.
    ///
    /// # Errors
    ///
    /// As [`Migrator::up`]. If the revert or the apply would be refused, nothing is reverted.
    /// If the up script fails, the revert remains, and the error's report contains it: fix the
    /// script and call [`Migrator::up`].
    pub async fn redo(&mut self, client: &mut Client, service: &str) -> Result<Report, Error> {
        let seen = None;
        self.change(client, Change::Redo { service, seen })
            .await
            .map(|done| done.report)
    }

    async fn migrate(
        &self,
        client: &Client,
        direction: Direction,
        target: &Target,
        approved: Approved<'_>,
    ) -> Result<Report, Error> {
        let change = Change::Migrate {
            direction,
            target,
            approved,
        };
        self.change(client, change).await.map(|done| done.report)
    }

    async fn change(&self, client: &Client, change: Change<'_>) -> Result<CarriedOut, Error> {
        self.context.run(Request { client, change }).await
    }

    /// Returns the applied migrations of a service whose scripts differ from the recorded ones:
    /// the migration of one version, or all.
    ///
    /// # Errors
    ///
    /// - The service is unknown, or the history cannot be read.
    /// - The named version is not applied, is dirty, or is missing from the registry.
    /// - The registry has a different migration with the same version: that is no edit.
    pub async fn edits(
        &self,
        client: &Client,
        service: &str,
        version: Option<Version>,
    ) -> Result<Vec<Edit<'static>>, Error> {
        self.context.edits(client, service, version).await
    }

    /// Replaces the recorded scripts by those of the registry, with their checksums and
    /// fingerprints. Runs no script.
    ///
    /// # Errors
    ///
    /// An entry has changed since the edits were read, or another run holds the lock: then no
    /// edit is recorded. If the database is read-only or the history cannot be written, the
    /// edits before the failure remain recorded; [`Migrator::edits`] returns the others.
    pub async fn accept(
        &mut self,
        client: &mut Client,
        edits: &[Edit<'static>],
    ) -> Result<(), Error> {
        self.change(client, Change::Accept(edits)).await.map(drop)
    }

    /// Shows which statements of an interrupted script took effect. Changes nothing.
    ///
    /// # Errors
    ///
    /// The migration is not dirty, or the history or the catalog cannot be read.
    pub async fn inspect(
        &self,
        client: &Client,
        service: &str,
        version: Version,
    ) -> Result<Inspection, Error> {
        self.context.inspect(client, service, version).await
    }

    /// Records a dirty migration as applied or reverted.
    ///
    /// # Errors
    ///
    /// The migration is not dirty, another run holds the lock, the database is
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

    /// Plans to record migrations that do not run. Changes nothing.
    ///
    /// # Errors
    ///
    /// The history cannot be read, or has an entry of the same version that is dirty or that another
    /// script made.
    pub async fn plan_record(
        &self,
        client: &Client,
        claims: &[Claim<'static>],
    ) -> Result<Plan<'static>, Error> {
        let history = self.history(client).await?;
        let plan = migrator_plan::claim(self.registry(), &history, claims);
        Ok(plan.map_err(ErrorKind::Refused)?)
    }

    /// Records migrations of the registry that do not run, because their effects are in the
    /// database: all of them in one transaction, together with the caller's own statements. Leaves
    /// out those that are recorded already. If none is left, runs no statement.
    ///
    /// # Errors
    ///
    /// As [`Migrator::plan_record`]; another run holds the lock; the database is read-only; the
    /// history cannot be written; or a statement of `alongside` fails. Then nothing is recorded.
    pub async fn record(
        &mut self,
        client: &mut Client,
        claims: &[Claim<'static>],
        alongside: &Alongside,
    ) -> Result<Report, Error> {
        let change = Change::Claim { claims, alongside };
        self.change(client, change).await.map(|done| done.report)
    }

    /// Compares the database with the registry, service by service.
    ///
    /// # Errors
    ///
    /// A service is unknown, or the history cannot be read.
    pub async fn status(&self, client: &Client, services: &Selection) -> Result<Status, Error> {
        self.context.status(client, services).await
    }

    /// Reads the history; a database without one has an empty one.
    ///
    /// # Errors
    ///
    /// The history cannot be read, or has a format that this version does not know.
    pub async fn history(&self, client: &Client) -> Result<History, Error> {
        self.context.history(client, Purpose::Show).await
    }

    /// Reads every entry with its script and role, in the order in which the migrations were
    /// applied.
    ///
    /// # Errors
    ///
    /// As [`Migrator::history`].
    pub async fn recorded(&self, client: &Client) -> Result<Vec<RecordedMigration>, Error> {
        self.context.recorded(client).await
    }

    /// Compares the database with the registry in one round trip and without a lock: cheap enough
    /// for a readiness probe.
    ///
    /// `target` is the target of the `up` that the deploy job runs for this service, mostly the
    /// service's name. Migrations of other services count if that `up` would apply them.
    ///
    /// The function reads the tables `format` and `history` in the schema of the history. The role
    /// needs USAGE on the schema and SELECT on these two tables.
    ///
    /// # Errors
    ///
    /// A service is unknown, or the history cannot be read.
    pub async fn state(&self, client: &Client, target: &Target) -> Result<DatabaseState, Error> {
        self.context.state(client, target).await
    }

    /// The services that a run is changing now, according to its locks.
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

    /// Waits until another run, such as a deploy job's, has applied what `up` with this target
    /// would apply. Returns the state that it found: [`Current`](DatabaseState::Current) or
    /// [`Ahead`](DatabaseState::Ahead).
    ///
    /// It reads the state at once, and then again after pauses that grow from 20 ms to 1 s. With
    /// a timeout of zero it reads the state once.
    ///
    /// A changed or out-of-order migration ends the wait at once, because waiting does not help.
    /// A dirty migration does not end it: its run may have lost the lock and still be at work, or
    /// a person may repair the migration. The wait also continues while the role may not read the
    /// history: nobody can grant that before the first deploy job has created the history.
    ///
    /// A connection that is lost, or that gives no answer for 5 seconds, is opened again in the
    /// same `client`. The settings of the old session are lost.
    ///
    /// The wait may take about two seconds longer than the timeout: each read, the last one too,
    /// has at least one second to connect and one to read.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::NotCurrent`] with the last state, or with the reason why the state could not
    /// be read.
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

    /// Opens a connection, and waits as [`Migrator::wait_until_current`] does.
    ///
    /// It also waits until the host name is known, until the server accepts connections and until
    /// the database exists. It reports [`Event::NotCurrent`] for each reason to wait.
    ///
    /// # Errors
    ///
    /// As [`Migrator::wait_until_current`]; [`ErrorKind::Connect`] if the server refuses the role,
    /// or if no connection could be opened in time.
    pub async fn wait_for_database(
        &self,
        settings: &Settings,
        target: &Target,
        timeout: Duration,
    ) -> Result<DatabaseState, Error> {
        self.context
            .wait_for_database(settings, target, timeout)
            .await
    }
}
