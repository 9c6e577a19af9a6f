//! Records migrations that do not run: all of them in one transaction.

use std::collections::BTreeSet;

use migrator_model::sql::statements;
use migrator_plan::Step;
use tokio_postgres::error::DbError;

use super::alongside::Alongside;
use super::executor::Executor;
use super::source::unanswered;
use crate::error::fault::{Fault, Left, lost_lock};
use crate::error::kind::ErrorKind;
use crate::event::operation::Operation;
use crate::history::checks;
use crate::history::failure::failed;
use crate::history::write_event::{Took, is_lost_lock};
use crate::session::message::Commit;
use crate::session::send::{SendError, send_text};
use crate::session::stop::Silent;
use crate::session::text::Text;
use crate::session::watch::TELLING;

/// The text of the transaction, and what each of its statements is.
struct Transaction {
    text: Text,
    parts: Vec<Part>,
}

/// What a statement of the transaction is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    /// It checks a condition of the caller: the index of the condition.
    Check(usize),
    /// It records a step: the index of the step.
    Step(usize),
    /// Any other statement.
    Other,
}

impl Transaction {
    fn push(&mut self, statement: &str, part: Part) {
        self.append(format!("{statement};").into(), part);
    }

    /// Adds a statement with its semicolon.
    fn append(&mut self, statement: Text, part: Part) {
        self.text.append(statement);
        self.parts.push(part);
    }
}

impl Executor<'_> {
    /// Records all steps of a plan in one transaction. None of the steps has a script.
    pub(crate) async fn record_together(
        &mut self,
        steps: &[Step<'static>],
        alongside: &Alongside,
    ) -> Result<(), ErrorKind> {
        let Some(first) = steps.first() else {
            return Ok(());
        };
        if self.run.stop.is_stopped() {
            return Err(self.not_started(first).into());
        }
        if !self.run.lock.is_held() {
            let why = self.run.lock.why_lost();
            return Err(lost_lock(first.id.clone(), Left::Nothing, &why).into());
        }
        let Transaction { text, parts } = self.transaction(steps, alongside);
        let limit = self.run.options.lock_timeout;
        let message = self.bookkeeping(text, limit, Commit::Durable);
        let head = self.bookkeeping("".into(), limit, Commit::Durable);
        // The COMMIT at the end of an empty message is not before the parts.
        let before = statements(&head.without_scripts_from(0)).len() - 1;
        let client = self.client;
        let sent = self.run.stop.attend(client, send_text(client, &message));
        let start = message.start(TELLING);
        let outcome = self.watched(&first.id, &start, limit, sent).await;
        self.tell_notices();
        match outcome {
            Ok(Ok(())) => {
                for step in steps {
                    self.run.progress.recorded(&step.id);
                }
                let unconfirmed = self.unconfirmed(first, Commit::Durable);
                unconfirmed.map_or(Ok(()), |fault| Err(fault.into()))
            }
            Ok(Err(failure)) => {
                let part = failure.completed.checked_sub(before);
                let part = part.and_then(|index| parts.get(index)).copied();
                let why = self.why(steps, alongside, part, &failure).await;
                let rolled_back = client.roll_back("ROLLBACK");
                let _ = self.run.stop.attend(client, rolled_back).await;
                Err(why)
            }
            Err(Silent) => Err(Fault::silent(first.id.clone(), Left::Unknown).into()),
        }
    }

    fn transaction(&self, steps: &[Step<'static>], alongside: &Alongside) -> Transaction {
        let mut all = Transaction {
            text: Text::default(),
            parts: Vec::new(),
        };
        for (index, check) in alongside.checks.iter().enumerate() {
            all.push(&check.statement, Part::Check(index));
        }
        let mut claimed = BTreeSet::new();
        for (index, step) in steps.iter().enumerate() {
            if claimed.insert(step.service()) {
                let claim = checks::claim(self.run.tables, step.service());
                all.append(claim.into(), Part::Step(index));
            }
            all.append(self.record(step, Took::Unknown), Part::Step(index));
        }
        for statement in &alongside.after {
            all.push(statement, Part::Other);
        }
        all
    }

    /// Why the transaction failed.
    async fn why(
        &self,
        steps: &[Step<'static>],
        alongside: &Alongside,
        part: Option<Part>,
        failure: &SendError,
    ) -> ErrorKind {
        let Some(first) = steps.first() else {
            return failed(self.client, Operation::RecordMigrations, &failure.error);
        };
        let Some(db_error) = failure.error.as_db_error() else {
            let lost = unanswered(self.client, &first.id, &failure.error).await;
            return lost.into();
        };
        let other = || failed(self.client, Operation::RecordMigrations, &failure.error);
        match part {
            Some(Part::Check(index)) => {
                let check = alongside.checks.get(index);
                let refusal = check.and_then(|check| check.refuses(db_error));
                refusal.map_or_else(other, |refusal| ErrorKind::Refused(vec![refusal]))
            }
            Some(Part::Step(index)) => match steps.get(index) {
                Some(step) => self.unrecorded(step, db_error, failure).into(),
                None => other(),
            },
            Some(Part::Other) | None => other(),
        }
    }

    fn unrecorded(&self, step: &Step<'_>, db_error: &DbError, failure: &SendError) -> Fault {
        match is_lost_lock(db_error) {
            true => lost_lock(step.id.clone(), Left::Nothing, &self.run.lock.why_lost()),
            false => {
                let fault = self.refused(&step.id, &failure.error, Left::Nothing);
                fault.in_record()
            }
        }
    }
}
