//! A migration that the base of `check --base` does not have.

use std::mem;

use migrator_analysis::effects::{Effects, TableEffect, UnknownStatement, Work};
use migrator_model::{Blocks, LockMode, MigrationId};
use serde::{Serialize, Serializer};

use super::members;

/// A migration that the base does not have.
#[derive(Debug, Serialize)]
pub(crate) struct NewMigration {
    #[serde(flatten, serialize_with = "members::migration")]
    pub(crate) id: MigrationId,
    /// What its up script does to tables and views.
    #[serde(serialize_with = "tables")]
    pub(crate) tables: Vec<TableEffect>,
    /// The statements that may do more than `tables` shows.
    #[serde(serialize_with = "statements")]
    pub(crate) unknown: Vec<UnknownStatement>,
    /// What the file of `--verified` says about it.
    pub(crate) verified: Verification,
    /// The locks that `verify` measured. [`NewMigration::add_measured`] moves them to `tables`.
    #[serde(skip)]
    pub(crate) measured: Vec<(String, LockMode)>,
}

/// What a document of `verify` says about a migration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Verification {
    /// There is no document, or it does not have the migration.
    Missing,
    /// The document is about other scripts of the migration.
    OtherScripts,
    /// The verdict, such as `sound`, and whether somebody accepts its differences.
    Found { verdict: String, is_accepted: bool },
}

impl NewMigration {
    pub(crate) fn of(effects: Effects<'_>) -> NewMigration {
        NewMigration {
            id: effects.migration.id(),
            tables: effects.tables,
            unknown: effects.unknown,
            verified: Verification::Missing,
            measured: Vec::new(),
        }
    }

    /// Adds the locks that `verify` measured to those of the analysis. `verify` measures no scans.
    pub(crate) fn add_measured(&mut self) {
        for (table, lock) in mem::take(&mut self.measured) {
            match self.tables.iter_mut().find(|one| one.table == table) {
                Some(effect) => effect.lock = effect.lock.max(Some(lock)),
                None => self.tables.push(TableEffect {
                    table,
                    is_new: false,
                    lock: Some(lock),
                    work: Work::Unknown,
                    destroys: Vec::new(),
                }),
            }
        }
    }
}

/// The verdict, `other scripts`, or null.
impl Serialize for Verification {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        match self {
            Verification::Missing => to.serialize_none(),
            Verification::OtherScripts => to.serialize_str("other scripts"),
            Verification::Found { verdict, .. } => to.serialize_str(verdict),
        }
    }
}

/// What a lock blocks; `None` if it blocks no reads and no writes.
pub(crate) fn blocked(lock: LockMode) -> Option<&'static str> {
    match lock.blocks() {
        Blocks::Nobody => None,
        Blocks::Writes => Some("writes"),
        Blocks::ReadsAndWrites => Some("reads and writes"),
    }
}

/// The word for the work with a table's rows.
pub(crate) fn work(work: Work) -> &'static str {
    match work {
        Work::Nothing => "none",
        Work::Reads => "query",
        Work::Changes => "changes",
        Work::Scan => "scan",
        Work::Unknown => "unknown",
        Work::Rewrite => "rewrite",
    }
}

pub(super) fn tables<S: Serializer>(tables: &[TableEffect], to: S) -> Result<S::Ok, S::Error> {
    to.collect_seq(tables.iter().map(|one| TableMembers {
        table: &one.table,
        new: one.is_new,
        lock: one.lock.map(LockMode::as_str),
        blocks: one.lock.and_then(blocked),
        rows: work(one.work),
        destroys: &one.destroys,
    }))
}

#[derive(Serialize)]
struct TableMembers<'a> {
    table: &'a str,
    new: bool,
    lock: Option<&'static str>,
    blocks: Option<&'static str>,
    rows: &'static str,
    destroys: &'a [String],
}

pub(super) fn locks<S: Serializer>(locks: &[(String, LockMode)], to: S) -> Result<S::Ok, S::Error> {
    to.collect_seq(locks.iter().map(|(table, lock)| LockMembers {
        table,
        lock: lock.as_str(),
        blocks: blocked(*lock),
    }))
}

#[derive(Serialize)]
struct LockMembers<'a> {
    table: &'a str,
    lock: &'static str,
    blocks: Option<&'static str>,
}

pub(super) fn statements<S: Serializer>(
    unknown: &[UnknownStatement],
    to: S,
) -> Result<S::Ok, S::Error> {
    to.collect_seq(unknown.iter().map(|one| StatementMembers {
        line: one.line,
        words: &one.words,
    }))
}

#[derive(Serialize)]
struct StatementMembers<'a> {
    line: usize,
    words: &'a str,
}
