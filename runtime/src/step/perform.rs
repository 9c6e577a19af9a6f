//! Performs a step: sends its script, in a transaction ahead of answers or statement by
//! statement.

use std::time::Instant;

use migrator_model::Mode;
use migrator_plan::Step;

use super::executor::Executor;
use crate::error::fault::{Fault, Left, lost_lock};
use crate::session::message::Commit;
use crate::session::reset::{may_deallocate, rollback};

impl<'a> Executor<'a> {
    /// Performs a step, and commits its entry and event with it. The step may still be in progress
    /// when this returns: [`Executor::finish`] waits for every step. Returns the fault of the
    /// first step that failed, of those performed so far.
    ///
    /// Once a step has failed on any connection of the run, no step starts.
    pub(crate) async fn perform(&mut self, step: &'a Step<'static>) -> Result<(), Fault> {
        if self.run.schedule.has_failed() {
            return Ok(());
        }
        let source = match self.run.stored.source(step) {
            Ok(source) if source.mode == Mode::Transaction && self.run.lock.is_held() => {
                self.send_ahead(step, source).await?;
                // A guard reads that an entry exists, not what was recorded in it.
                return match step.has_script() {
                    true => Ok(()),
                    false => self.finish().await,
                };
            }
            source => source,
        };
        self.finish().await?;
        if self.run.schedule.has_failed() {
            return Ok(());
        }
        if self.run.stop.is_stopped() {
            return Err(self.not_started(step));
        }
        self.tell_start(step);
        let started = Instant::now();
        self.left = self.left.saturating_sub(1);
        self.left_in_leg = self.left_in_leg.saturating_sub(1);
        let outcome = match source {
            _ if !self.run.lock.is_held() => {
                let why = self.run.lock.why_lost();
                Err(lost_lock(step.id.clone(), Left::Nothing, &why))
            }
            Ok(source) => {
                if may_deallocate(&source.sql) {
                    self.prepared.forget();
                }
                let outcome = self.by_statement(step, &source).await;
                let outcome = outcome.map_err(|fault| self.as_ended(fault));
                if outcome.is_err() {
                    self.tell_notices();
                    // This fails if the connection is lost, and then nothing is left to clean up.
                    let rollback = rollback(&source.sql, self.run.lock.proof.holder);
                    let rolled_back = self.client.roll_back(&rollback);
                    let _ = self.run.stop.attend(self.client, rolled_back).await;
                }
                outcome
            }
            Err(fault) => Err(*fault),
        };
        self.conclude(step, outcome, started.elapsed()).await?;
        self.unconfirmed(step, Commit::Durable).map_or(Ok(()), Err)
    }
}
