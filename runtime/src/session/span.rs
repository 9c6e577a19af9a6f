//! Messages that share a transaction.

use super::advisory::LockHolder;
use super::reset::{forget, rollback};

/// Which part of a transaction a message holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Span {
    /// The whole transaction.
    Whole,
    /// The beginning: the transaction stays open.
    First,
    /// A later part, after a savepoint: the transaction stays open.
    Further,
}

impl Span {
    pub(super) fn bounds(self) -> [&'static str; 2] {
        match self {
            Span::Whole => ["BEGIN;", "COMMIT;"],
            Span::First => ["BEGIN;", ""],
            Span::Further => ["SAVEPOINT \"migrator: further\";", ""],
        }
    }

    /// The statements that undo the message; see [`rollback`].
    pub(crate) fn rollback(self, script: &str) -> String {
        match self {
            Span::Whole | Span::First => rollback(script, LockHolder::OwnSession),
            Span::Further => format!(
                "ROLLBACK TO SAVEPOINT \"migrator: further\";\
                 SELECT pg_catalog.pg_advisory_unlock_all();{}",
                forget(script)
            ),
        }
    }
}

/// Checks the deferred constraints in an open transaction, as its commit would, and leaves them
/// deferred.
pub(crate) const CHECK_DEFERRED: &str = "SAVEPOINT \"migrator: check\";\
                     SET CONSTRAINTS ALL IMMEDIATE;\
                     ROLLBACK TO SAVEPOINT \"migrator: check\";\
                     RELEASE SAVEPOINT \"migrator: check\";";
