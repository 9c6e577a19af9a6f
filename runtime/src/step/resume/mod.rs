//! Resumes a script that was interrupted outside a transaction.
//!
//! It checks each statement in order. It skips a statement that is done, and drops and repeats
//! a statement that is half done. So it resumes only scripts in which the catalog shows the
//! effect of each statement. `migrator-plan` knows these statements; `catalog` reads the catalog.

pub(crate) mod catalog;

use std::time::Instant;

use migrator_connect::backoff::{FIRST_PAUSE, LONGEST_PAUSE, jitter};
use migrator_model::place::Position;
use migrator_model::sql::statements;
use migrator_model::{Code, MigrationId};
use migrator_plan::Step;
use migrator_plan::statement::{Statement, read};

use crate::error::fault::{Fault, lost_lock};
use crate::event::blocker::Holder;
use crate::history::EventKind;
use crate::history::failure::ReadError;
use crate::history::guard::Purpose;
use crate::history::read_log::last_failure;
use crate::history::reader::Reader;
use crate::history::write_event::Took;
use crate::session::message::Commit;
use crate::session::send::{Answers, SendError, begin, send};
use crate::session::stop::Silent;
use crate::session::text::Text;
use crate::step::executor::Executor;
use crate::step::fence::Fence;
use crate::step::source::{Source, unanswered};
use catalog::Completion;

/// A script that is resumed.
struct Resumed<'a> {
    step: &'a Step<'static>,
    id: MigrationId,
    source: &'a Source,
    /// The check before each statement.
    fence: Fence,
    /// The error of the last run that failed at this step, if it recorded one.
    failed: Option<String>,
    /// What the catalog has shown so far.
    found: Vec<String>,
}

impl Executor<'_> {
    /// Runs the statements that are not done, and returns the events that say what was found.
    pub(crate) async fn resume(
        &mut self,
        step: &Step<'static>,
        source: &Source,
        fence: Fence,
    ) -> Result<Text, Fault> {
        let mut resumed = Resumed {
            fence,
            step,
            id: step.id.clone(),
            source,
            failed: None,
            found: Vec::new(),
        };
        let outcome = self.go_through(&mut resumed).await;
        let mut events = Text::default();
        for found in &resumed.found {
            let event = self.event_of(EventKind::Resume, step, Took::Unknown, Some(found));
            events.append(event.alone());
        }
        if outcome.is_err() && !events.is_empty() {
            let limit = self.run.options.lock_timeout;
            let message = self.bookkeeping(events.clone(), limit, Commit::Local);
            self.try_to_record(&message).await;
        }
        outcome.map(|()| events)
    }

    async fn go_through(&mut self, resumed: &mut Resumed<'_>) -> Result<(), Fault> {
        let (service, version) = (resumed.step.service(), resumed.step.version());
        let reader = Reader::new(self.client, self.run.tables, self.run.options, Purpose::Act);
        let failed = last_failure(&reader, service, version);
        resumed.failed = match self.ask(resumed, failed).await? {
            Ok(failed) => failed,
            Err(ReadError::Postgres { error, blockers }) => {
                let fault = self.unseen(resumed, 0, &error).await;
                return Err(Fault { blockers, ..fault });
            }
            Err(ReadError::Format(what)) => return Err(resumed.fault(0, what.to_string())),
            Err(ReadError::Row(what)) => return Err(resumed.fault(0, what)),
        };
        let sql = &resumed.source.sql;
        for range in statements(sql) {
            if self.run.stop.is_stopped() {
                let id = resumed.id.clone();
                return Err(Fault::between(id, resumed.source.left()));
            }
            let Some(statement) = read(&sql[range.clone()]) else {
                let message =
                    "the script cannot be resumed: this statement is not known".to_owned();
                return Err(resumed.fault(range.start, message));
            };
            let (text, at) = (&sql[range.clone()], range.start);
            self.wait_for_server(resumed, &statement, text, at).await?;
            if self.prepare(resumed, &statement, at).await? == Next::Send {
                let step = resumed.step;
                let Resumed { source, fence, .. } = &mut *resumed;
                self.send_fenced(step, source, range, fence).await?;
            }
        }
        Ok(())
    }

    /// Waits until the server has ended a statement of an earlier run.
    async fn wait_for_server(
        &mut self,
        resumed: &Resumed<'_>,
        statement: &Statement<'_>,
        text: &str,
        at: usize,
    ) -> Result<(), Fault> {
        let application = self.run.options.application.as_str();
        let started = Instant::now();
        let mut pause = FIRST_PAUSE;
        let mut last: Option<Holder> = None;
        loop {
            let still = catalog::find_session(self.client, statement, text, application);
            let holder = match self.ask(resumed, still).await? {
                Ok(None) => return Ok(()),
                Ok(Some(holder)) => holder,
                Err(error) => return Err(self.unseen(resumed, at, &error).await),
            };
            if !self.run.lock.is_held() {
                let Source { path, sql, .. } = resumed.source;
                let why = self.run.lock.why_lost();
                let fault = lost_lock(resumed.id.clone(), resumed.source.left(), &why);
                return Err(fault.at(path.as_deref(), sql, Some(Position::at(sql, at))));
            }
            if started.elapsed() >= self.run.options.lock_wait {
                let message =
                    format!("the server still executes this statement of an earlier run: {holder}");
                let fault = resumed.fault(at, message);
                return Err(Fault {
                    code: Code::M0515,
                    ..fault
                });
            }
            if last.as_ref() != Some(&holder) {
                self.run
                    .progress
                    .still_at_work(self.leg, resumed.step, &holder);
            }
            last = Some(holder);
            let left = self.run.options.lock_wait.saturating_sub(started.elapsed());
            let sleep = tokio::time::sleep(jitter(pause).min(left));
            if self.run.stop.unless_stopped(sleep).await.is_none() {
                let id = resumed.id.clone();
                return Err(Fault::between(id, resumed.source.left()));
            }
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }

    /// Finds out how far a statement came, and drops what it left half-done.
    async fn prepare(
        &mut self,
        resumed: &mut Resumed<'_>,
        statement: &Statement<'_>,
        at: usize,
    ) -> Result<Next, Fault> {
        let found = catalog::completion(self.client, statement, resumed.failed.as_deref());
        let found = self.ask(resumed, found).await?;
        match found {
            Err(error) => Err(self.unseen(resumed, at, &error).await),
            Ok(Completion::NotBegun) => Ok(Next::Send),
            Ok(Completion::Done(what)) => {
                self.found(resumed, what.to_string());
                Ok(Next::Pass)
            }
            Ok(Completion::Partial(what, leftovers)) => {
                self.found(resumed, what.to_string());
                for index in leftovers {
                    let drop = format!("DROP INDEX CONCURRENTLY IF EXISTS {index}");
                    self.drop_leftover(resumed, &drop, at).await?;
                }
                Ok(Next::Send)
            }
            Ok(Completion::Mismatch(what)) => Err(Fault {
                code: Code::M0514,
                ..resumed.fault(at, what)
            }),
        }
    }

    /// Drops what a statement left half-done, right after the check.
    async fn drop_leftover(
        &self,
        resumed: &mut Resumed<'_>,
        drop: &str,
        at: usize,
    ) -> Result<(), Fault> {
        let checked = match resumed.fence.before(drop) {
            Some(check) => begin(self.client.postgres(), check).await,
            None => Answers::default(),
        };
        let sent = send(self.client.postgres(), drop);
        let sent = self.run.stop.attend(self.client, sent);
        let (checked, sent) = checked.wait_with(sent).await;
        let Ok(sent) = sent else {
            let id = resumed.id.clone();
            return Err(Fault::silent(id, resumed.source.left()));
        };
        if let Err(SendError { error, .. }) = checked
            && error.as_db_error().is_some()
        {
            let fault = self.refused(&resumed.id, &error, resumed.source.left());
            let Source { path, sql, .. } = resumed.source;
            return Err(fault.at(path.as_deref(), sql, Some(Position::at(sql, at))));
        }
        match sent {
            Ok(()) => Ok(()),
            Err(failure) => Err(self.unseen(resumed, at, &failure.error).await),
        }
    }

    fn found(&mut self, resumed: &mut Resumed<'_>, what: String) {
        self.run.progress.resumed(self.leg, resumed.step, &what);
        resumed.found.push(what);
    }

    /// Waits for the server's answer to a query, unless the run is stopped and no answer comes.
    async fn ask<T>(
        &self,
        resumed: &Resumed<'_>,
        question: impl Future<Output = T>,
    ) -> Result<T, Fault> {
        let answer = self.run.stop.attend(self.client, question).await;
        answer.map_err(|Silent| Fault::silent(resumed.id.clone(), resumed.source.left()))
    }

    /// The fault when a query of the run was refused, or the connection is lost.
    async fn unseen(
        &self,
        resumed: &Resumed<'_>,
        at: usize,
        error: &tokio_postgres::Error,
    ) -> Fault {
        match error.as_db_error() {
            Some(db_error) => resumed.fault(at, String::new()).with_server(db_error),
            None => Fault {
                left: resumed.source.left(),
                ..unanswered(self.client, &resumed.id, error).await
            },
        }
    }
}

/// What the run does with a statement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Next {
    Send,
    Pass,
}

impl Resumed<'_> {
    /// A fault at a position in the script.
    fn fault(&self, at: usize, message: String) -> Fault {
        let Source { path, sql, .. } = self.source;
        let fault = Fault::new(self.id.clone(), message, self.source.left());
        fault.at(path.as_deref(), sql, Some(Position::at(sql, at)))
    }
}
