//! The plans of runs and their scripts, and a switch to another tree.

use migrator_model::file_name::Direction;
use migrator_plan::{Plan, Selection, Target};

use super::Migrator;
use crate::error::Error;
use crate::event::report::Report;
use crate::run::change::{Approved, Change};
use crate::session::client::Client;

impl Migrator {
    /// Plans a run without starting it. If another run is applying or reverting a migration outside
    /// a transaction, the plan is the one for after that migration.
    ///
    /// # Errors
    ///
    /// Every problem that keeps the run from starting, and the first script that the run would
    /// refuse. A plan can be made on a read-only database, and by a role that only reads.
    pub async fn plan(
        &self,
        client: &Client,
        direction: Direction,
        target: &Target,
    ) -> Result<Plan<'static>, Error> {
        let change = Change::Migrate {
            direction,
            target,
            approved: Approved::Any,
        };
        self.context.plan(client, change).await
    }

    /// Applies the pending migrations, as [`Migrator::up`] does, if the plan has the hash that a person
    /// has approved. [`plan_hash`](crate::plan::plan_hash) returns the hash of a plan.
    ///
    /// # Errors
    ///
    /// As [`Migrator::up`]. If the plan has another hash, nothing is applied: the registry or the
    /// history has changed, or another run has applied the migrations.
    pub async fn up_as_approved(
        &mut self,
        client: &mut Client,
        target: Target,
        hash: &str,
    ) -> Result<Report, Error> {
        let approved = Approved::Hash(hash);
        self.migrate(client, Direction::Up, &target, approved).await
    }

    /// Plans the run of [`Migrator::up_as_approved`] without starting it.
    ///
    /// # Errors
    ///
    /// As [`Migrator::plan`]; or the plan has another hash.
    pub async fn plan_as_approved(
        &self,
        client: &Client,
        target: &Target,
        hash: &str,
    ) -> Result<Plan<'static>, Error> {
        let change = Change::Migrate {
            direction: Direction::Up,
            target,
            approved: Approved::Hash(hash),
        };
        self.context.plan(client, change).await
    }

    /// Makes the history of these services equal to the registry: reverts the applied migrations
    /// that the registry does not have or has differently, and then applies what is pending. All
    /// of it is one run under one lock. This is for a database of development, after a change to
    /// another branch.
    ///
    /// It also reverts what may need one of the reverted migrations, and applies it again.
    ///
    /// # Errors
    ///
    /// As [`Migrator::up`]. If a revert or an apply would be refused, nothing is reverted. If a
    /// script fails, the steps before it remain, and the same call continues.
    pub async fn switch(
        &mut self,
        client: &mut Client,
        services: &Selection,
    ) -> Result<Report, Error> {
        let approved = Approved::Any;
        self.change(client, Change::Switch { services, approved })
            .await
            .map(|done| done.report)
    }

    /// Does what a plan of [`Migrator::plan_switch`] does, after a person has seen the plan.
    ///
    /// # Errors
    ///
    /// As [`Migrator::switch`]. If another run has changed the history, so that the plan would now
    /// differ, nothing is done.
    pub async fn switch_as_planned(
        &mut self,
        client: &mut Client,
        services: &Selection,
        plan: &Plan<'static>,
    ) -> Result<Report, Error> {
        let approved = Approved::Plan(plan);
        self.change(client, Change::Switch { services, approved })
            .await
            .map(|done| done.report)
    }

    /// Plans a [`Migrator::switch`] without starting it.
    ///
    /// # Errors
    ///
    /// As [`Migrator::plan`].
    pub async fn plan_switch(
        &self,
        client: &Client,
        services: &Selection,
    ) -> Result<Plan<'static>, Error> {
        let approved = Approved::Any;
        let change = Change::Switch { services, approved };
        self.context.plan(client, change).await
    }

    /// The texts of the scripts of a plan's steps, in the order of the plan. The text of a step
    /// without a script is empty.
    ///
    /// # Errors
    ///
    /// A recorded script cannot be read, or a run would refuse it.
    pub async fn scripts(
        &self,
        client: &Client,
        plan: &Plan<'static>,
    ) -> Result<Vec<String>, Error> {
        self.context.scripts(client, plan).await
    }
}
