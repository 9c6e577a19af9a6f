//! The statements that record a step in the history: its entry, its event, its failure.

use std::time::Duration;

use migrator_model::Migration;
use migrator_model::file_name::Direction;
use migrator_plan::{Claim, Origin, Record, Step};
use tokio_postgres::SimpleQueryRow;
use tokio_postgres::error::SqlState;

use super::executor::Executor;
use super::fence::Mark;
use super::source::unanswered;
use crate::error::fault::{Fault, Left};
use crate::history::in_message;
use crate::history::one_row::Write;
use crate::history::write::{self, Subject};
use crate::history::write_event::{self, EventRow, Took};
use crate::history::{Entry, EventKind, Likeness, checks};
use crate::session::message::{Commit, Message};
use crate::session::send::{send_for_rows, send_text};
use crate::session::stop::Silent;
use crate::session::text::Text;
use crate::session::watch::TELLING;

const RECORDED_APPLIED: &str = "a dirty migration was recorded as applied";
const RECORDED_REVERTED: &str = "a dirty migration was recorded as reverted";

/// The message of the event for edited scripts.
fn accepted(entry: &Entry, migration: Migration<'_>) -> String {
    match entry.likeness(migration) {
        Likeness::Same => "the edited down script was recorded".to_owned(),
        Likeness::Cosmetic | Likeness::Changed => format!(
            "the edited scripts were recorded: checksum {} became {}",
            entry.checksum, migration.checksum
        ),
    }
}

/// The kind of the event of a migration that is recorded without a run.
fn kind_of(claim: &Claim<'_>) -> EventKind {
    match claim.origin {
        Origin::Adopted => EventKind::Adopt,
        Origin::Baseline | Origin::Applied | _ => EventKind::Baseline,
    }
}

impl Executor<'_> {
    /// The text of a message that only writes the history; see [`Message::bookkeeping`].
    pub(super) fn bookkeeping(&self, record: Text, lock: Duration, commit: Commit) -> Text {
        Message::bookkeeping(record, lock, commit, self.run.lock.proof.holder)
    }

    /// Sends the statements that write the history. They wait up to `limit` for locks on the
    /// history. Returns the transaction that marked the entry, if the statements select it.
    pub(super) async fn bookkeep(
        &mut self,
        step: &Step<'_>,
        message: &Text,
        limit: Duration,
        left: Left,
    ) -> Result<Option<Mark>, Fault> {
        let mark = |row: &SimpleQueryRow| match (row.len(), row.get(0)) {
            (2, Some(checks::MARK)) => row.get(1).map(|by| Mark(by.to_owned())),
            _ => None,
        };
        let (name, client) = (step.id.clone(), self.client);
        let sent = send_for_rows(client, message, mark);
        let sent = self.run.stop.attend(client, sent);
        let start = message.start(TELLING);
        let failure = match self.watched(&name, &start, limit, sent).await {
            Ok(Ok(marks)) => return Ok(marks.into_iter().next_back()),
            Ok(Err(failure)) => failure,
            Err(Silent) => return Err(Fault::silent(name, Left::Unknown)),
        };
        let Some(db_error) = failure.error.as_db_error() else {
            return Err(unanswered(client, &name, &failure.error).await);
        };
        // The caller ends the transaction.
        let mut fault = self.refused(&name, &failure.error, left);
        if *db_error.code() == SqlState::LOCK_NOT_AVAILABLE {
            fault.blockers = self.watch.blockers(limit);
        }
        Err(fault.in_record())
    }

    /// The statement that records a transactional step, with its event.
    pub(super) fn record(&self, step: &Step<'static>, took: Took) -> Text {
        self.entry(step).with_event(self.event(step, took, None))
    }

    /// As [`Executor::record`], for a migration whose up script is in the same message, between two
    /// edges.
    pub(super) fn record_in_message(
        &self,
        step: &Step<'static>,
        migration: Migration<'static>,
        edge: &str,
    ) -> Text {
        let depends_on = self.depends_on(step);
        let entry = in_message::insert(self.run.tables, migration, &depends_on, edge);
        entry.with_event(self.event(step, Took::Transaction, None))
    }

    /// The statement that records a step after its script has ended outside a transaction, with
    /// its event.
    pub(super) fn clean_record(&self, step: &Step<'static>, took: Took) -> Text {
        let entry = match &step.record {
            Record::Insert(_) => self.mark(step, None),
            Record::Replace(..) | Record::Delete(_) | Record::MarkClean(_) | Record::Claim(_) => {
                self.entry(step)
            }
        };
        entry.with_event(self.event(step, took, None))
    }

    fn entry(&self, step: &Step<'static>) -> Write {
        match &step.record {
            Record::Insert(migration) => self.insert(step, *migration, None),
            Record::Replace(_, migration) => write::replace(self.run.tables, *migration),
            Record::Delete(_) => self.delete(step),
            Record::MarkClean(_) => self.mark(step, None),
            Record::Claim(claim) => {
                write::insert_claim(self.run.tables, claim, &self.depends_on(step))
            }
        }
    }

    /// The statements that mark a step's entry dirty, before its script runs outside a transaction.
    pub(super) fn dirty_record(&self, step: &Step<'static>) -> Text {
        let dirty = Some(step.direction());
        let entry = match &step.record {
            Record::Insert(migration) => self.insert(step, *migration, dirty),
            Record::Replace(..) | Record::Delete(_) | Record::MarkClean(_) | Record::Claim(_) => {
                self.mark(step, dirty)
            }
        };
        entry.alone()
    }

    /// The statements that mark an entry again that is already dirty.
    pub(super) fn dirty_again(&self, step: &Step<'_>) -> Text {
        self.mark(step, Some(step.direction())).alone()
    }

    /// The statements that undo [`Executor::dirty_record`].
    pub(super) fn unmark_record(&self, step: &Step<'_>) -> Text {
        let entry = match &step.record {
            Record::Insert(_) => self.delete(step),
            Record::Replace(..) | Record::Delete(_) | Record::MarkClean(_) | Record::Claim(_) => {
                self.mark(step, None)
            }
        };
        entry.alone()
    }

    fn insert(
        &self,
        step: &Step<'_>,
        migration: Migration<'static>,
        dirty: Option<Direction>,
    ) -> Write {
        write::insert(self.run.tables, migration, &self.depends_on(step), dirty)
    }

    fn delete(&self, step: &Step<'_>) -> Write {
        write::delete(self.run.tables, step.service(), step.version())
    }

    fn mark(&self, step: &Step<'_>, dirty: Option<Direction>) -> Write {
        write::set_dirty(self.run.tables, step.service(), step.version(), dirty)
    }

    pub(super) fn depends_on(&self, step: &Step<'_>) -> Vec<&str> {
        let names = self.run.registry.dependencies_of(step.service());
        names.into_iter().collect()
    }

    pub(super) fn event(&self, step: &Step<'_>, took: Took, failure: Option<&str>) -> Write {
        if failure.is_some() {
            return self.event_of(EventKind::Failure, step, took, failure);
        }
        let (kind, message) = match (&step.record, step.has_script()) {
            (Record::Insert(_), _) => (EventKind::Apply, self.run.options.approval()),
            (Record::Delete(_), true) => (EventKind::Revert, self.run.options.approval()),
            (Record::Delete(_), false) => (EventKind::Repair, Some(RECORDED_REVERTED.to_owned())),
            (Record::MarkClean(_), _) => (EventKind::Repair, Some(RECORDED_APPLIED.to_owned())),
            (Record::Claim(claim), _) => (kind_of(claim), None),
            (Record::Replace(entry, migration), _) => {
                (EventKind::Accept, Some(accepted(entry, *migration)))
            }
        };
        self.event_of(kind, step, took, message.as_deref())
    }

    pub(crate) fn event_of(
        &self,
        kind: EventKind,
        step: &Step<'_>,
        took: Took,
        message: Option<&str>,
    ) -> Write {
        let row = EventRow {
            service: step.service(),
            subject: Subject::of(step.version(), &step.name(), &step.checksum()),
            application: &self.run.options.application,
            lock: match (took, step.has_script()) {
                (Took::Transaction, _) | (_, false) => Some(self.run.lock.proof),
                (Took::Milliseconds(_) | Took::Unknown, true) => None,
            },
        };
        write_event::event(self.run.tables, kind, &row, took, message)
    }

    /// Records a failure, best effort: the run reports the failure itself in any case.
    pub(super) async fn record_failure(&mut self, step: &Step<'_>, fault: &Fault, took: Duration) {
        if matches!(fault.left, Left::Unknown | Left::Done) || !step.has_script() {
            return;
        }
        let took = Took::Milliseconds(took.as_secs_f64() * 1000.0);
        let event = self.event(step, took, Some(&fault.message)).alone();
        let message = self.bookkeeping(event, self.run.options.lock_timeout, Commit::Local);
        self.try_to_record(&message).await;
    }

    /// Writes to the history, best effort: an error here must not hide the failure.
    pub(crate) async fn try_to_record(&self, message: &Text) {
        // The script may have left a transaction open, in which the first try fails.
        for _ in 0..2 {
            let sent = send_text(self.client, message);
            match self.run.stop.attend(self.client, sent).await {
                Ok(Ok(())) | Err(Silent) => return,
                Ok(Err(_)) => {}
            }
            let rolled_back = self.client.roll_back("ROLLBACK");
            let _ = self.run.stop.attend(self.client, rolled_back).await;
        }
    }
}
