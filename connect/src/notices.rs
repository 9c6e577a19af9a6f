//! The notices of the server.

use std::{
    collections::VecDeque,
    mem,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tokio_postgres::error::{DbError, SqlState};

/// A notice or a warning of the server.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Notice {
    /// `NOTICE`, `WARNING`, `INFO`, `LOG` or `DEBUG`.
    pub severity: String,
    /// The five characters of the SQLSTATE.
    pub sqlstate: String,
    /// The text of the notice.
    pub message: String,
    /// More details.
    pub detail: Option<String>,
    /// What the server suggests.
    pub hint: Option<String>,
    /// The function in the server's source that sent the notice. No locale translates it.
    pub(crate) routine: Option<String>,
}

impl Notice {
    /// Whether a COMMIT stopped waiting for a synchronous standby. The transaction is
    /// committed on this server, and perhaps on no other (`syncrep.c` of Postgres).
    #[must_use]
    pub fn is_local_commit(&self) -> bool {
        self.severity == "WARNING" && self.routine.as_deref() == Some("SyncRepWaitForLSN")
    }

    /// Whether the notice says that there was no transaction to end.
    fn is_no_transaction(&self) -> bool {
        self.sqlstate == SqlState::NO_ACTIVE_SQL_TRANSACTION.code()
    }

    /// The size of its texts.
    fn bytes(&self) -> usize {
        let optional = [&self.detail, &self.hint, &self.routine]
            .into_iter()
            .flatten();
        let texts = [&self.severity, &self.sqlstate, &self.message];
        texts.into_iter().chain(optional).map(String::len).sum()
    }

    pub(crate) fn new(db_error: &DbError) -> Self {
        Self {
            severity: db_error.parsed_severity().map_or_else(
                || db_error.severity().to_owned(),
                |severity| severity.to_string(),
            ),
            sqlstate: db_error.code().code().to_owned(),
            message: db_error.message().to_owned(),
            detail: db_error.detail().map(str::to_owned),
            hint: db_error.hint().map(str::to_owned),
            routine: db_error.routine().map(str::to_owned),
        }
    }
}

/// The notices that arrived last, in their order.
///
/// At most [`NoticeBatch::MOST`] notices with [`NoticeBatch::MOST_BYTES`] bytes are kept, so a
/// script that raises a million notices does not use up the memory. The batch counts the others.
#[derive(Debug, Default)]
pub struct NoticeBatch {
    kept: VecDeque<Notice>,
    bytes: usize,
    omitted: u64,
}

impl NoticeBatch {
    /// The largest number of notices that are kept.
    pub const MOST: usize = 1_000;
    /// The largest size of their texts.
    pub const MOST_BYTES: usize = 1_000_000;

    /// A number of equal notices, for tests of what receives them.
    #[must_use]
    pub fn with_notices(number: usize, message: &str) -> NoticeBatch {
        let mut batch = NoticeBatch::default();
        for _ in 0..number {
            batch.push(Notice {
                severity: "NOTICE".to_owned(),
                sqlstate: "00000".to_owned(),
                message: message.to_owned(),
                detail: None,
                hint: None,
                routine: None,
            });
        }
        batch
    }

    /// Adds a notice. Omits older notices, if there are too many.
    pub fn push(&mut self, notice: Notice) {
        self.bytes += notice.bytes();
        self.kept.push_back(notice);
        while self.kept.len() > Self::MOST || self.bytes > Self::MOST_BYTES {
            self.omit_oldest();
        }
    }

    /// Removes the oldest notice and counts it as omitted. Returns its size, or `None` if no
    /// notice is left.
    pub fn omit_oldest(&mut self) -> Option<usize> {
        let size = self.kept.pop_front()?.bytes();
        self.bytes -= size;
        self.omitted += 1;
        Some(size)
    }

    /// The notices that are kept.
    pub fn iter(&self) -> impl Iterator<Item = &Notice> {
        self.kept.iter()
    }

    /// How many notices are kept.
    #[must_use]
    pub fn len(&self) -> usize {
        self.kept.len()
    }

    /// Whether no notice arrived.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.kept.is_empty() && self.omitted == 0
    }

    /// The size of the texts that are kept.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// How many notices arrived before the first one that is kept, and are not kept.
    #[must_use]
    pub fn omitted(&self) -> u64 {
        self.omitted
    }

    /// Removes the warnings that there was no transaction to end, among the last `number` notices.
    fn forget_no_transaction(&mut self, number: u64) {
        let first = (self.kept.len() as u64).saturating_sub(number);
        let mut place = 0;
        self.kept.retain(|notice| {
            place += 1;
            place <= first || !notice.is_no_transaction()
        });
        self.bytes = self.kept.iter().map(Notice::bytes).sum();
    }
}

/// The notices of a connection since [`Notices::take`] was last called. A notice arrives
/// before the answer to its query.
#[derive(Debug, Clone, Default)]
pub struct Notices {
    queue: Arc<Mutex<Queue>>,
}

#[derive(Debug, Default)]
struct Queue {
    batch: NoticeBatch,
    /// How many notices arrived since the connection was opened.
    arrived: u64,
}

impl Notices {
    /// Removes and returns the notices that arrived.
    #[must_use]
    pub fn take(&self) -> NoticeBatch {
        mem::take(&mut self.lock().batch)
    }

    /// The number of notices that arrived since the connection was opened.
    #[must_use]
    pub fn arrived(&self) -> u64 {
        self.lock().arrived
    }

    /// Whether one of the notices is about a COMMIT that no standby has confirmed; see
    /// [`Notice::is_local_commit`].
    #[must_use]
    pub fn has_local_commit(&self) -> bool {
        self.lock().batch.iter().any(Notice::is_local_commit)
    }

    /// Removes the warnings that there was no transaction to end (SQLSTATE 25P01). The notices
    /// that were among the first `arrived` ones stay.
    pub fn forget_no_transaction(&self, arrived: u64) {
        let mut queue = self.lock();
        let number = queue.arrived - arrived;
        queue.batch.forget_no_transaction(number);
    }

    /// Adds a notice of a connection that the caller drives.
    pub fn add(&self, notice: &DbError) {
        self.push(Notice::new(notice));
    }

    pub(crate) fn push(&self, notice: Notice) {
        let mut queue = self.lock();
        queue.arrived += 1;
        queue.batch.push(notice);
    }

    fn lock(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::{Notice, NoticeBatch, Notices};

    fn notice(message: String) -> Notice {
        Notice {
            severity: "NOTICE".to_owned(),
            sqlstate: "00000".to_owned(),
            message,
            detail: None,
            hint: None,
            routine: None,
        }
    }

    fn first(batch: &NoticeBatch) -> Option<&str> {
        batch.iter().next().map(|one| one.message.as_str())
    }

    #[test]
    fn the_last_thousand_notices_are_kept() {
        let notices = Notices::default();
        for number in 0..1_002 {
            notices.push(notice(number.to_string()));
        }
        let batch = notices.take();
        assert_eq!((batch.len(), first(&batch)), (1_000, Some("2")));
        assert_eq!(batch.omitted(), 2);
        assert!(notices.take().is_empty());
        notices.push(notice("later".to_owned()));
        let batch = notices.take();
        assert_eq!((batch.len(), batch.omitted()), (1, 0));
    }

    #[test]
    fn a_megabyte_of_notices_is_kept() {
        let mut batch = NoticeBatch::default();
        for number in 0..6 {
            batch.push(notice(format!("{number}{}", "x".repeat(300_000))));
        }
        assert_eq!((batch.len(), batch.omitted()), (3, 3));
        assert!(first(&batch).is_some_and(|text| text.starts_with('3')));
        assert!(batch.bytes() < NoticeBatch::MOST_BYTES);
        batch.push(notice("x".repeat(NoticeBatch::MOST_BYTES)));
        assert_eq!((batch.len(), batch.omitted(), batch.bytes()), (0, 7, 0));
        assert!(!batch.is_empty(), "it tells what it omits");
    }

    #[test]
    fn only_later_warnings_about_a_missing_transaction_are_removed() {
        let notices = Notices::default();
        let push = |message: &str, sqlstate: &str| {
            let sqlstate = sqlstate.to_owned();
            notices.push(Notice {
                sqlstate,
                ..notice(message.to_owned())
            });
        };
        push("of the script", "25P01");
        let before = notices.arrived();
        for number in 0..NoticeBatch::MOST - 1 {
            push(&number.to_string(), "00000");
        }
        push("of the run", "25P01");
        notices.forget_no_transaction(before);
        let batch = notices.take();
        let warnings = batch.iter().filter(|one| one.sqlstate == "25P01").count();
        assert_eq!((warnings, batch.len(), batch.omitted()), (0, 999, 1));
    }
}
