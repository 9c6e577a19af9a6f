//! Messages that share a transaction.

use super::reset::{forget, rollback};

/// What of a transaction a message holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Span {
    /// All of it.
    Whole,
    /// Its beginning: it stays open.
    First,
    /// More of one that is open, behind a savepoint: it stays open.
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

    /// Takes back what the message did; see [`rollback`].
    pub(crate) fn rollback(self, script: &str) -> String {
        match self {
            Span::Whole | Span::First => rollback(script),
            Span::Further => format!(
                "ROLLBACK TO SAVEPOINT \"migrator: further\";\
                 SELECT pg_catalog.pg_advisory_unlock_all();{}",
                forget(script)
            ),
        }
    }
}

/// Checks in an open transaction what its end would check, and leaves it as it was.
pub(crate) const CHECK_DEFERRED: &str = "SAVEPOINT \"migrator: check\";\
                     SET CONSTRAINTS ALL IMMEDIATE;\
                     ROLLBACK TO SAVEPOINT \"migrator: check\";\
                     RELEASE SAVEPOINT \"migrator: check\";";
