//! The locks that a script takes on tables, and whom they keep waiting.

use std::collections::BTreeMap;
use std::fmt;

use migrator_runtime::TableLock;

use crate::snapshot::{Kind, Object, Snapshot};

/// The strongest lock that a script took on a table or view that was there before it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lock {
    /// The table, `table tenant.tenants`.
    pub table: String,
    /// How strong it was.
    pub mode: LockMode,
}

/// The modes of locks on tables, from the weakest to the strongest.
///
/// In the order of Postgres's own numbers for them (`lockdefs.h`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum LockMode {
    /// What a query takes.
    AccessShare,
    /// What SELECT … FOR UPDATE takes.
    RowShare,
    /// What INSERT, UPDATE and DELETE take.
    RowExclusive,
    /// What CREATE INDEX CONCURRENTLY and VACUUM take.
    ShareUpdateExclusive,
    /// What CREATE INDEX takes.
    Share,
    /// What CREATE TRIGGER and ADD FOREIGN KEY take.
    ShareRowExclusive,
    /// What REFRESH MATERIALIZED VIEW CONCURRENTLY takes.
    Exclusive,
    /// What most forms of ALTER TABLE take.
    AccessExclusive,
}

/// Whom a lock keeps waiting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Blocks {
    /// Neither queries nor changes of rows.
    Nobody,
    /// INSERT, UPDATE, DELETE and MERGE.
    Writes,
    /// Everything, SELECT too.
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

    /// The mode as SQL names it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        let found = LockMode::ALL.iter().find(|(mode, ..)| *mode == self);
        found.map_or("", |(.., sql)| sql)
    }

    /// Whom a lock of this mode keeps waiting (Postgres's documentation,
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

/// The strongest lock on each table that stands in the snapshot from before.
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

/// Whether it is what queries name: a lock on an index keeps nobody waiting that
/// the one on its table does not.
fn is_read(object: &Object) -> bool {
    let read = [
        Kind::Table,
        Kind::View,
        Kind::MaterialisedView,
        Kind::ForeignTable,
    ];
    read.contains(&object.kind)
}
