//! The locks that a script takes on tables, and the statements that these block.

use std::collections::BTreeMap;
use std::fmt;

use migrator_runtime::TableLock;

use crate::snapshot::content::Snapshot;
use crate::snapshot::object::{Kind, Object};

/// The strongest lock that a script took on a table or view that existed before the script.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lock {
    /// The table, `table tenant.tenants`.
    pub table: String,
    /// The mode of the lock.
    pub mode: LockMode,
}

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

    fn find(name: &str) -> Option<LockMode> {
        let found = LockMode::ALL.iter().find(|(_, theirs, _)| *theirs == name);
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

/// The strongest lock on each table of the snapshot, which was taken before the script.
pub(crate) fn strongest(held: &[TableLock], before: &Snapshot) -> Vec<Lock> {
    let mut strongest: BTreeMap<String, LockMode> = BTreeMap::new();
    for lock in held {
        let table = before.relation(lock.relation);
        let (Some(table), Some(mode)) = (
            table.filter(|table| is_read(table)),
            LockMode::find(&lock.mode),
        ) else {
            continue;
        };
        let known = strongest.entry(table.to_string()).or_insert(mode);
        *known = mode.max(*known);
    }
    strongest
        .into_iter()
        .map(|(table, mode)| Lock { table, mode })
        .collect()
}

/// Whether queries name the object. A lock on an index blocks nothing that the lock on its table
/// does not block.
fn is_read(object: &Object) -> bool {
    let read = [
        Kind::Table,
        Kind::View,
        Kind::MaterialisedView,
        Kind::ForeignTable,
    ];
    read.contains(&object.kind)
}
