//! Sends messages before the earlier ones have answered.
//!
//! Each migration is one message, and the server executes messages in order. So a run needs
//! hardly more round trips than one message would. Two rules keep the order if a step fails:
//!
//! - A statement that fails leaves its transaction aborted. Every later message then fails at
//!   its BEGIN, because the server refuses everything but the end of such a transaction.
//! - A script that does not parse, or fails in its COMMIT, leaves no transaction. So each
//!   message that is sent ahead first runs the query of [`checks::after_step`]. This query fails
//!   unless the previous step is recorded as done.
//!
//! The messages of a leg of several steps execute prepared statements; see
//! [`prepared`](super::prepared).

use std::mem;
use std::time::{Duration, Instant};

use migrator_connect::backoff::jitter;
use migrator_model::Migration;
use migrator_plan::{Record, Step};
use tokio_postgres::error::{DbError, SqlState};

use super::executor::Executor;
use super::pipeline::{FIRST_PAUSE, SentStep, UpScript};
use super::progress::Retry;
use super::source::{Source, unanswered};
use crate::error::fault::{Fault, Left, Part, lost_lock};
use crate::event::blocker::WaitingFor;
use crate::history::checks;
use crate::history::guard::raised;
use crate::history::write_event::{Took, is_lost_lock};
use crate::session::answer::{is_cancelled, is_worth_a_retry};
use crate::session::message::{Commit, Message, Opening, edge};
use crate::session::reset::{may_deallocate, rollback};
use crate::session::send::{SendError, begin_text};
use crate::session::stop::Silent;
use crate::session::text::LONG;
use crate::session::watch::{TELLING, Waiting};

const LONGEST_PAUSE: Duration = Duration::from_secs(10);

/// The session does not answer any more.
struct Lost;

impl<'a> Executor<'a> {
    /// Sends a step as soon as the pipeline has room for it.
    pub(crate) async fn send_ahead(
        &mut self,
        step: &'a Step<'static>,
        source: Source,
    ) -> Result<(), Fault> {
        let before = self.pipeline.steps.back().map(|last| last.step);
        let commit = self.commit();
        let message = self.message(step, &source, before, commit);
        while self.pipeline.is_full(message.text.len()) {
            self.settle().await?;
        }
        if self.run.stop.is_stopped() {
            self.finish().await?;
            return Err(self.not_started(step));
        }
        let answers = begin_text(self.client, &message.text).await;
        self.pipeline.steps.push_back(SentStep {
            step,
            before,
            source,
            message,
            commit,
            answers,
        });
        self.left = self.left.saturating_sub(1);
        self.left_in_leg = self.left_in_leg.saturating_sub(1);
        if self.pipeline.steps.len() == 1 {
            self.started();
        }
        Ok(())
    }

    /// The message of a step. If the previous step is recorded as done, it runs the script, and
    /// writes the entry and the event.
    fn message(
        &mut self,
        step: &Step<'static>,
        source: &Source,
        before: Option<&Step<'_>>,
        commit: Commit,
    ) -> Message {
        let (run, mut left) = (self.run, self.left_in_leg);
        let drops = may_deallocate(&source.sql);
        if drops {
            self.prepared.forget();
            left = 0;
        }
        let after_step = before.map(|before| {
            let (service, version) = (before.service(), before.version());
            let left = match service == step.service() && !drops {
                // The first step of a leg has no check of the leg's own service.
                true => left + 1,
                false => 0,
            };
            self.prepared.after(&run, before, left).unwrap_or_else(|| {
                (checks::after_step(run.tables, service, version, before.direction()) + ";").into()
            })
        });
        let took = match step.has_script() {
            true => Took::Transaction,
            false => Took::Unknown,
        };
        let long = self.in_message(step, source);
        let edge = long.map(|_| edge(&source.sql));
        let mut record = match (long, &edge) {
            (Some(migration), Some(edge)) => self.record_in_message(step, migration, edge),
            (None, _) | (_, None) => {
                let record = self.prepared.record(&run, step, left);
                record.unwrap_or_else(|| self.record(step, took))
            }
        };
        if commit == Commit::Durable {
            for statement in self.prepared.deallocate_last() {
                record.push(&statement);
            }
        }
        let opening = Opening {
            after_step,
            claim: Some(checks::claim(run.tables, step.service())),
            edge,
            locks: run.lock.proof.holder,
        };
        let timeouts = source.timeouts(self.client, run.options, run.options.lock_timeout);
        Message::transaction(&source.sql, record, &opening, timeouts, commit)
    }

    /// The migration of a step, if the server takes the up script for its entry from the message.
    fn in_message(&self, step: &Step<'static>, source: &Source) -> Option<Migration<'static>> {
        let is_long = source.sql.len() >= LONG && step.has_script();
        let is_checked = self.client.checks_scripts() && self.pipeline.long == UpScript::InMessage;
        match step.record {
            Record::Insert(migration) if is_long && is_checked => Some(migration),
            Record::Insert(_)
            | Record::Replace(..)
            | Record::Delete(_)
            | Record::MarkClean(_)
            | Record::Claim(_) => None,
        }
    }

    /// Waits for all messages in progress.
    pub(crate) async fn finish(&mut self) -> Result<(), Fault> {
        while !self.pipeline.steps.is_empty() {
            self.settle().await?;
        }
        Ok(())
    }

    /// The server begins the first of the steps.
    fn started(&mut self) {
        self.pipeline.since = Instant::now();
        self.pipeline.tries = 1;
        self.pipeline.pause = FIRST_PAUSE;
        if let Some(first) = self.pipeline.steps.front() {
            self.tell_start(first.step);
        }
    }

    /// Waits for the first of the steps.
    async fn settle(&mut self) -> Result<(), Fault> {
        let Some(mut first) = self.pipeline.steps.pop_front() else {
            return Ok(());
        };
        let answers = mem::take(&mut first.answers);
        let timeouts =
            first
                .source
                .timeouts(self.client, self.run.options, self.run.options.lock_timeout);
        let waiting = Waiting {
            client: self.client,
            application: &self.run.options.application,
            message: &first.message.text.start(TELLING),
            limit: timeouts.lock,
        };
        let (progress, leg, name) = (self.run.progress, self.leg, first.step.id.clone());
        let tell = |what: Option<&WaitingFor>| progress.kept_waiting(leg, &name, what);
        let answers = self.watch.during(waiting, tell, answers.wait());
        let outcome = self.run.stop.attend(self.client, answers).await;
        let took = self.pipeline.since.elapsed();
        let Ok(outcome) = outcome else {
            self.pipeline.steps.clear();
            let fault = Fault::silent(name, Left::Unknown);
            return self.conclude(first.step, Err(fault), took).await;
        };
        match outcome {
            Ok(()) => {
                if first.commit == Commit::Durable {
                    self.prepared.last_is_done();
                }
                self.conclude(first.step, Ok(()), took).await?;
                self.started();
                self.unconfirmed(first.step, first.commit)
                    .map_or(Ok(()), Err)
            }
            // The server sent its answer before it ended the session.
            Err(_) if first.commit == Commit::Durable && self.client.has_local_commit() => {
                self.pipeline.steps.clear();
                self.conclude(first.step, Ok(()), took).await?;
                self.unconfirmed(first.step, first.commit)
                    .map_or(Ok(()), Err)
            }
            Err(failure) => match self.trouble(&first, &failure).await {
                Err(fault) => self.conclude(first.step, Err(fault), took).await,
                Ok(()) => self.again(first).await,
            },
        }
    }

    /// Discards the messages after a step that failed, none of which can have run. Pauses if the
    /// step is tried again.
    async fn trouble(&mut self, first: &SentStep<'a>, failure: &SendError) -> Result<(), Fault> {
        let SentStep {
            step,
            source,
            message,
            ..
        } = first;
        let Some(db_error) = failure.error.as_db_error() else {
            self.pipeline.steps.clear();
            return Err(unanswered(self.client, &step.id.clone(), &failure.error).await);
        };
        let mut fault = match is_lost_lock(db_error) {
            true => lost_lock(step.id.clone(), Left::Nothing, &self.run.lock.why_lost()),
            false => source.refused(
                &step.id.clone(),
                message,
                failure,
                db_error,
                &step.recorded_scripts(),
            ),
        };
        if *db_error.code() == SqlState::LOCK_NOT_AVAILABLE {
            let timeouts =
                source.timeouts(self.client, self.run.options, self.run.options.lock_timeout);
            fault.blockers = self.watch.blockers(timeouts.lock);
        }
        if self.clear(source).await.is_err() {
            fault.message = format!("the connection was lost: {}", fault.message);
            fault.left = Left::Unknown;
            self.pipeline.steps.clear();
            return Err(fault);
        }
        let is_missing = self.has_lost_record(first, &fault, db_error);
        let is_passing = is_cancelled(db_error) || is_worth_a_retry(db_error) || is_missing;
        if self.run.stop.is_stopped() && is_passing {
            self.pipeline.steps.clear();
            return Err(fault.cut_short());
        }
        if is_missing {
            return Ok(());
        }
        if self.pipeline.tries >= self.run.options.tries || !is_worth_a_retry(db_error) {
            self.pipeline.steps.clear();
            return Err(fault);
        }
        self.pause(step, fault).await
    }

    /// Reports that a step is tried again, and pauses. Returns the fault if the run is stopped.
    async fn pause(&mut self, step: &Step<'static>, fault: Fault) -> Result<(), Fault> {
        let delay = jitter(self.pipeline.pause);
        let retry = Retry {
            delay,
            number: self.pipeline.tries,
            last: self.run.options.tries - 1,
        };
        self.run.progress.retrying(self.leg, step, &fault, retry);
        let pause = tokio::time::sleep(delay);
        if self.run.stop.unless_stopped(pause).await.is_none() {
            self.pipeline.steps.clear();
            return Err(fault.cut_short());
        }
        self.pipeline.tries += 1;
        self.pipeline.pause = (self.pipeline.pause * 2).min(LONGEST_PAUSE);
        Ok(())
    }

    /// Whether a step failed because its record was gone: a prepared statement, or the script in the
    /// text of the message. Without them, the step may succeed.
    fn has_lost_record(
        &mut self,
        failed: &SentStep<'_>,
        fault: &Fault,
        db_error: &DbError,
    ) -> bool {
        let is_lost = fault.part == Part::Record
            && raised(db_error).is_some()
            && self.in_message(failed.step, &failed.source).is_some();
        if is_lost {
            self.pipeline.long = UpScript::Literal;
        }
        is_lost || self.prepared.is_missing(db_error)
    }

    /// Takes the answers to all messages in progress, and ends the transaction.
    async fn clear(&mut self, failed: &Source) -> Result<(), Lost> {
        for later in &mut self.pipeline.steps {
            let answers = mem::take(&mut later.answers);
            // It failed because the message before it failed.
            let answered = self.run.stop.attend(self.client, answers.wait()).await;
            drop(answered.map_err(|Silent| Lost)?);
        }
        self.roll_back(failed).await
    }

    /// Ends the transaction, even if a request to cancel hits that statement.
    async fn roll_back(&self, failed: &Source) -> Result<(), Lost> {
        let rollback = rollback(&failed.sql, self.run.lock.proof.holder);
        let mut tries = 0..3;
        loop {
            let rolled_back = self.client.roll_back(&rollback);
            match self.run.stop.attend(self.client, rolled_back).await {
                Ok(Ok(())) => return Ok(()),
                Err(Silent) => return Err(Lost),
                Ok(Err(error)) => {
                    let is_cancelled = error.as_db_error().is_some_and(is_cancelled);
                    if !is_cancelled || tries.next().is_none() {
                        return Err(Lost);
                    }
                }
            }
        }
    }

    /// Sends a step again, and the steps after it. The messages use plain statements: nobody knows
    /// which of the prepared ones the session has.
    async fn again(&mut self, first: SentStep<'a>) -> Result<(), Fault> {
        self.prepared.give_up();
        self.pipeline.steps.push_front(first);
        for mut sent in mem::take(&mut self.pipeline.steps) {
            sent.message = self.message(sent.step, &sent.source, sent.before, sent.commit);
            sent.answers = begin_text(self.client, &sent.message.text).await;
            self.pipeline.steps.push_back(sent);
        }
        Ok(())
    }
}
