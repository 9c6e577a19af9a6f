//! The modes of Postgres's locks on tables, and the statements that they block.

use std::fmt;

/// The modes of locks on tables, from the weakest to the strongest.
///
/// In the order of Postgres's own numbers for them (`lockdefs.h`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum LockMode {
    /// The lock of a query.
    AccessShare,
    /// The lock of SELECT … FOR UPDATE.
    RowShare,
    /// The lock of INSERT, UPDATE and DELETE.
    RowExclusive,
    /// The lock of CREATE INDEX CONCURRENTLY and VACUUM.
    ShareUpdateExclusive,
    /// The lock of CREATE INDEX.
    Share,
    /// The lock of CREATE TRIGGER and ADD FOREIGN KEY.
    ShareRowExclusive,
    /// The lock of REFRESH MATERIALIZED VIEW CONCURRENTLY.
    Exclusive,
    /// The lock of most forms of ALTER TABLE.
    AccessExclusive,
}

/// The statements that a lock blocks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Blocks {
    /// No query and no change of rows.
    Nobody,
    /// INSERT, UPDATE, DELETE and MERGE.
    Writes,
    /// All statements, also SELECT.
    ReadsAndWrites,
}

impl LockMode {
    const ALL: [(LockMode, &str, &str); 8] = [
        (LockMode::AccessShare, "AccessShareLock", "ACCESS SHARE"),
        (LockMode::RowShare, "RowShareLock", "ROW SHARE"),
        (LockMode::RowExclusive, "RowExclusiveLock", "ROW EXCLUSIVE"),
        (
            LockMode::ShareUpdateExclusive,
            "ShareUpdateExclusiveLock",
            "SHARE UPDATE EXCLUSIVE",
        ),
        (LockMode::Share, "ShareLock", "SHARE"),
        (
            LockMode::ShareRowExclusive,
            "ShareRowExclusiveLock",
            "SHARE ROW EXCLUSIVE",
        ),
        (LockMode::Exclusive, "ExclusiveLock", "EXCLUSIVE"),
        (
            LockMode::AccessExclusive,
            "AccessExclusiveLock",
            "ACCESS EXCLUSIVE",
        ),
    ];

    /// Finds a mode by its name in `pg_locks`, or by its name in SQL in upper case.
    #[must_use]
    pub fn find(name: &str) -> Option<LockMode> {
        let is_it = |(_, theirs, sql): &&(LockMode, &str, &str)| *theirs == name || *sql == name;
        let found = LockMode::ALL.iter().find(is_it);
        found.map(|(mode, ..)| *mode)
    }

    /// The mode as SQL writes it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        let found = LockMode::ALL.iter().find(|(mode, ..)| *mode == self);
        found.map_or("", |(.., sql)| sql)
    }

    /// The statements that a lock of this mode blocks (Postgres's documentation,
    /// "Explicit Locking", table of conflicting lock modes).
    #[must_use]
    pub fn blocks(self) -> Blocks {
        match self {
            LockMode::AccessShare
            | LockMode::RowShare
            | LockMode::RowExclusive
            | LockMode::ShareUpdateExclusive => Blocks::Nobody,
            LockMode::Share | LockMode::ShareRowExclusive | LockMode::Exclusive => Blocks::Writes,
            LockMode::AccessExclusive => Blocks::ReadsAndWrites,
        }
    }
}

impl fmt::Display for LockMode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
