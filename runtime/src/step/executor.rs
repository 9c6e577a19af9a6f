//! The state of the steps that run over one connection, and how a step ends.
//!
//! It sends no script: the methods that do are in the modules that [`step`](crate::step) lists.

use std::mem;
use std::time::Duration;

use migrator_connect::Notice;
use migrator_model::MigrationId;
use migrator_plan::Step;

use super::pipeline::Pipeline;
use super::prepared::PreparedStatements;
use super::shared::Shared;
use crate::error::fault::{Fault, Left, lost_lock, overtaken};
use crate::event::blocker::WaitingFor;
use crate::event::report::Done;
use crate::history::checks::{self, Gone};
use crate::session::answer::describe;
use crate::session::client::Client;
use crate::session::message::Commit;
use crate::session::send::begin;
use crate::session::watch::{Waiting, Watch};

/// Runs the steps of a run over one connection.
pub(crate) struct Executor<'a> {
    pub(crate) run: Shared<'a>,
    pub(super) client: &'a Client,
    /// The leg whose steps are running.
    pub(super) leg: usize,
    /// How many steps are still to be sent. The commit of the last one is durable.
    pub(super) left: usize,
    /// How many steps of the leg are still to be sent.
    pub(super) left_in_leg: usize,
    pub(super) prepared: PreparedStatements,
    pub(super) pipeline: Pipeline<'a>,
    /// Finds out what the steps wait for.
    pub(super) watch: Watch,
    /// Whether a COMMIT of the current step is durable only on this server.
    is_local: bool,
}

impl<'a> Executor<'a> {
    /// Runs `steps` steps over a connection.
    pub(crate) fn new(run: Shared<'a>, client: &'a Client, steps: usize) -> Executor<'a> {
        Executor {
            run,
            client,
            leg: 0,
            left: steps,
            left_in_leg: 0,
            prepared: PreparedStatements::new(run.lock.proof.nonce),
            pipeline: Pipeline::new(),
            watch: Watch::new(run.options),
            is_local: false,
        }
    }

    /// Starts leg `leg`, which has `steps` steps.
    pub(crate) fn begin(&mut self, leg: usize, steps: usize) {
        self.leg = leg;
        self.left = steps;
    }

    /// Starts the steps of a leg, which are steps of one service.
    pub(crate) fn begin_leg(&mut self, steps: usize) {
        self.left_in_leg = steps;
    }

    /// Drops the prepared statements that the last message did not drop: the run failed, or its
    /// last script ran outside a transaction. Nobody waits for the answers.
    pub(crate) async fn end(&mut self) {
        for statement in self.prepared.deallocate() {
            drop(begin(self.client.postgres(), &statement).await);
        }
    }

    /// The fault that ends the run after a step that is done: its wait was cancelled, so that no
    /// standby has confirmed one of its commits. Only a durable commit waits for a standby.
    pub(super) fn unconfirmed(&mut self, step: &Step<'_>, commit: Commit) -> Option<Fault> {
        if commit != Commit::Durable || !mem::take(&mut self.is_local) {
            return None;
        }
        self.run.schedule.fail();
        Some(Fault::unconfirmed(step.id.clone()))
    }

    /// Reports and records how a step ended.
    pub(crate) async fn conclude(
        &mut self,
        step: &Step<'_>,
        outcome: Result<(), Fault>,
        took: Duration,
    ) -> Result<(), Fault> {
        self.tell_notices();
        match outcome {
            Ok(()) => {
                match step.has_script() {
                    true => self.run.progress.finished(self.leg, Done::new(step, took)),
                    false => self.run.progress.recorded(&step.id),
                }
                Ok(())
            }
            Err(fault) => {
                self.run.schedule.fail();
                self.run.progress.failed(self.leg, &step.id);
                self.record_failure(step, &fault, took).await;
                Err(fault)
            }
        }
    }

    /// Reports that a script starts. For a step without a script, only its waits are reported.
    pub(super) fn tell_start(&self, step: &Step<'static>) {
        if step.has_script() {
            self.run.progress.started(self.leg, step);
        }
    }

    pub(super) fn tell_notices(&mut self) {
        let notices = self.client.take_notices();
        self.is_local |= notices.iter().any(Notice::is_local_commit);
        self.run.progress.notices(self.leg, notices);
    }

    /// The fault of an interrupted step, if the run's own request to cancel caused it.
    pub(super) fn as_ended(&self, fault: Fault) -> Fault {
        match self.run.stop.is_stopped() && fault.is_cancelled() {
            true => fault.cut_short(),
            false => fault,
        }
    }

    /// The fault of a step that does not start, because another failed.
    pub(crate) fn not_started(&self, step: &Step<'_>) -> Fault {
        self.run.schedule.fail();
        Fault::not_started(step.id.clone())
    }

    /// How the next step commits.
    pub(crate) fn commit(&self) -> Commit {
        match self.left {
            0 | 1 => Commit::Durable,
            _ => Commit::Deferred,
        }
    }

    /// Waits for the answers to a message, and reports what they wait for.
    pub(super) async fn watched<T>(
        &mut self,
        name: &MigrationId,
        message: &str,
        limit: Duration,
        answers: impl Future<Output = T>,
    ) -> T {
        let (progress, leg) = (self.run.progress, self.leg);
        let tell = |what: Option<&WaitingFor>| progress.kept_waiting(leg, name, what);
        let waiting = Waiting {
            client: self.client,
            application: &self.run.options.application,
            message,
            limit,
        };
        self.watch.during(waiting, tell, answers).await
    }

    /// The fault for a message of the run itself that the server refused.
    pub(crate) fn refused(
        &self,
        name: &MigrationId,
        error: &tokio_postgres::Error,
        left: Left,
    ) -> Fault {
        let name = name.to_owned();
        let Some(db_error) = error.as_db_error() else {
            return Fault::new(name, describe(error), left);
        };
        match checks::gone(db_error) {
            Some(Gone::Lock) => lost_lock(name, left, &self.run.lock.why_lost()),
            Some(Gone::Mark) => overtaken(name, left),
            None => Fault::new(name, String::new(), left).with_server(db_error),
        }
    }
}
