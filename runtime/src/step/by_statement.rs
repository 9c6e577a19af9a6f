//! Runs a script outside a transaction: marks its entry dirty, sends one statement after the
//! other, and marks the entry clean.

use std::ops::Range;
use std::time::{Duration, Instant};

use migrator_model::place::Position;
use migrator_model::sql::statements;
use migrator_plan::Step;

use super::executor::Executor;
use super::fence::{self, Fence, Mark};
use super::source::Source;
use crate::error::fault::{Fault, Left, lost_lock};
use crate::history::checks;
use crate::history::write_event::Took;
use crate::session::message::{Commit, Message};
use crate::session::reset::forget;
use crate::session::send::{Answers, SendError, begin, send_text};
use crate::session::stop::Silent;
use crate::session::text::Text;

impl Executor<'_> {
    /// Marks the entry dirty, sends one statement after the other, and then marks the entry clean.
    pub(super) async fn by_statement(
        &mut self,
        step: &Step<'static>,
        source: &Source,
    ) -> Result<(), Fault> {
        let started = Instant::now();
        let mark = self.mark_dirty(step, source).await?;
        if !step.is_resumed() && self.run.stop.is_stopped() {
            return Err(self.unmark(step, source, &mark).await);
        }
        let found = self.send_or_resume(step, source, &mark).await?;
        let took = Took::Milliseconds(started.elapsed().as_secs_f64() * 1000.0);
        let mut record = found;
        record.append(self.clean_record(step, took));
        self.record_end(step, source, &mark, record).await
    }

    /// Marks the entry dirty, and sets the session's timeouts for the script. Returns the transaction
    /// that marked the entry.
    async fn mark_dirty(&mut self, step: &Step<'static>, source: &Source) -> Result<Mark, Fault> {
        // A resumed step is marked again, so that the run that left it notices this run.
        let (record, left) = match step.is_resumed() {
            false => (self.dirty_record(step), Left::Nothing),
            true => (self.dirty_again(step), source.left()),
        };
        let (service, version) = (step.service(), step.version());
        // After the claim, no other run gets the lock before this message has ended.
        let claim = checks::claim(self.run.tables, service);
        let mut all = Text::from(claim + &checks::check_lock(self.run.lock.proof));
        all.append(record);
        all.push(&checks::mark(self.run.tables, service, version));
        let limit = self.run.options.lock_timeout;
        let timeouts = source.timeouts(self.client, self.run.options, Duration::ZERO);
        // In the server's log the mark comes before the script's changes. So no standby receives
        // the changes without the mark.
        let mut opening = self.bookkeeping(all, limit, Commit::Local);
        opening.push(forget(&source.sql));
        opening.push(&Message::timeouts(timeouts));
        let marked = self.bookkeep(step, &opening, limit, left).await;
        let marked =
            marked.map_err(|fault| source.at_character(fault, &step.recorded_scripts()))?;
        marked.ok_or_else(|| lost_lock(step.id.clone(), left, &self.run.lock.why_lost()))
    }

    /// Sends the statements of the script, or resumes it. Returns the statement that records what
    /// an interrupted run had left; empty if the step was not resumed.
    async fn send_or_resume(
        &mut self,
        step: &Step<'static>,
        source: &Source,
        mark: &Mark,
    ) -> Result<Text, Fault> {
        let (tables, proof) = (self.run.tables, self.run.lock.proof);
        let fence = Fence::new(tables, step, &source.sql, proof, mark);
        match step.is_resumed() {
            false => self
                .send_all(step, source, fence)
                .await
                .map(|()| Text::default()),
            true => self.resume(step, source, fence).await,
        }
    }

    /// Sends `record` after the script, if the entry is still the one that this run marked.
    async fn record_end(
        &mut self,
        step: &Step<'_>,
        source: &Source,
        mark: &Mark,
        record: Text,
    ) -> Result<(), Fault> {
        let claim = checks::claim(self.run.tables, step.service());
        let (tables, proof) = (self.run.tables, self.run.lock.proof);
        let mut all = Text::from(claim);
        all.push(&fence::check_lock_and_mark(tables, step, proof, mark));
        all.append(record);
        // The script has run: its record waits for locks without a limit.
        let mut message = self.bookkeeping(all, Duration::ZERO, Commit::Durable);
        message.push(forget(&source.sql));
        self.tell_notices();
        let ended = self.bookkeep(step, &message, Duration::ZERO, source.left());
        match ended.await {
            // The server sent its answer before it ended the session.
            Err(_) if self.client.has_local_commit() => Ok(()),
            Err(fault) => Err(fault.in_last_record(step.direction())),
            Ok(_) => Ok(()),
        }
    }

    /// Removes the mark of a script of which nothing was sent, because the run was stopped.
    pub(super) async fn unmark(&mut self, step: &Step<'_>, source: &Source, mark: &Mark) -> Fault {
        let claim = checks::claim(self.run.tables, step.service());
        let check = fence::check_lock_and_mark(self.run.tables, step, self.run.lock.proof, mark);
        let mut record = Text::from(claim + &check);
        record.append(self.unmark_record(step));
        let message = self.bookkeeping(record, self.run.options.lock_timeout, Commit::Local);
        let sent = send_text(self.client, &message);
        match self.run.stop.attend(self.client, sent).await {
            Ok(Ok(())) => self.not_started(step),
            Ok(Err(_)) | Err(Silent) => Fault::between(step.id.clone(), source.left()),
        }
    }

    /// Sends one statement after the other, as long as this run holds the lock.
    pub(super) async fn send_all(
        &mut self,
        step: &Step<'_>,
        source: &Source,
        mut fence: Fence,
    ) -> Result<(), Fault> {
        let name = step.id.clone();
        for (index, range) in statements(&source.sql).into_iter().enumerate() {
            if !self.run.lock.is_held() {
                return Err(lost_lock(name, source.left(), &self.run.lock.why_lost()));
            }
            if index > 0 && self.run.stop.is_stopped() {
                return Err(Fault::between(name, source.left()));
            }
            self.send_fenced(step, source, range, &mut fence).await?;
        }
        Ok(())
    }

    /// Sends one statement outside a transaction, right after its check.
    pub(crate) async fn send_fenced(
        &mut self,
        step: &Step<'_>,
        source: &Source,
        range: Range<usize>,
        fence: &mut Fence,
    ) -> Result<(), Fault> {
        let name = &step.id.clone();
        let start = range.start;
        let statement = &source.sql[range.clone()];
        let checked = match fence.before(statement) {
            Some(check) => begin(self.client.postgres(), check).await,
            None => Answers::default(),
        };
        let timeouts = source.timeouts(self.client, self.run.options, Duration::ZERO);
        let sent = source.send_statement(self.client, name, range, self.run.stop);
        let sent = self.watched(name, statement, timeouts.lock, sent);
        let (checked, sent) = checked.wait_with(sent).await;
        match checked {
            Err(SendError { error, .. }) if error.as_db_error().is_some() => {
                let fault = self.refused(name, &error, source.left());
                let at = Position::at(&source.sql, start);
                Err(fault.at(source.path.as_deref(), &source.sql, Some(at)))
            }
            // The error for the lost connection belongs to the statement.
            Ok(()) | Err(_) => sent,
        }
    }
}
