//! The locks of ALTER TABLE's actions, and the data that they destroy.
//!
//! From the page of ALTER TABLE in Postgres's documentation: an action takes an ACCESS EXCLUSIVE
//! lock, unless the page says otherwise.

use migrator_model::LockMode;

use super::collector::Collector;
use super::effect::Work;
use super::work;
use crate::clauses::column_of;
use crate::names::{Name, fold, name_of};
use crate::parse::{Id, Kind, Sql};
use crate::safety::subject::Subject;
use crate::safety::tables::Tables;

/// Reads an action of an ALTER TABLE, before the tables follow it.
pub(super) fn read(to: &mut Collector<'_, '_>, tables: &Tables, statement: Id, action: Id) {
    let script = to.script;
    let sql = &script.sql;
    if sql.kind(statement) != Kind::ALTER_TABLE {
        return;
    }
    let subject = Subject::new(script, tables, statement, action);
    let Some(table) = subject.table.clone() else {
        return;
    };
    for (other, lock) in others(sql, action) {
        if !tables.is_new(&other) {
            to.lock(&other, lock, work_on_other(sql, action));
        }
    }
    // The triggers of a foreign key are dropped from both tables (`RemoveTriggerById`).
    for other in to.known.keys.dropped(sql, &table, action) {
        to.lock(&other, LockMode::AccessExclusive, Work::Nothing);
    }
    to.known.keys.follow(sql, &table, action);
    if subject.is_new() {
        return;
    }
    let work = match subject.has_no_effect() {
        true => Work::Nothing,
        false => work::of(&subject),
    };
    to.lock(&table, lock(sql, action), work);
    let dropped = column_of(sql, action).filter(|_| sql.kind(action) == Kind::DROP_COLUMN);
    if let Some(column) = dropped {
        let is_new = tables.is_new_column(&table, &column);
        if !is_new && !subject.has_no_effect() {
            to.destroy(&table, format!("drops `{column}`"));
        }
    }
    if sql.child(action, Kind::CASCADE).is_some() {
        to.unknown(statement);
    }
}

/// The lock on the table.
fn lock(sql: &Sql<'_>, action: Id) -> LockMode {
    let has = |kind| sql.child(action, kind).is_some();
    match sql.kind(action) {
        Kind::VALIDATE_CONSTRAINT
        | Kind::CLUSTER_ON
        | Kind::SET_WITHOUT_CLUSTER
        | Kind::ATTACH_PARTITION => LockMode::ShareUpdateExclusive,
        Kind::DETACH_PARTITION if has(Kind::DETACH_CONCURRENTLY) || has(Kind::DETACH_FINALIZE) => {
            LockMode::ShareUpdateExclusive
        }
        Kind::ALTER_COLUMN
            if has(Kind::SET_STATISTICS) || has(Kind::SET_OPTIONS) || has(Kind::RESET_OPTIONS) =>
        {
            LockMode::ShareUpdateExclusive
        }
        Kind::SET_OPTIONS | Kind::RESET_OPTIONS if are_storage_parameters(sql, action) => {
            LockMode::ShareUpdateExclusive
        }
        Kind::ENABLE_TRIGGER
        | Kind::DISABLE_TRIGGER
        | Kind::ENABLE_ALWAYS_TRIGGER
        | Kind::ENABLE_REPLICA_TRIGGER => LockMode::ShareRowExclusive,
        Kind::ADD_CONSTRAINT if has(Kind::FOREIGN_KEY_CONSTRAINT) => LockMode::ShareRowExclusive,
        _ => LockMode::AccessExclusive,
    }
}

/// Whether all parameters are of those that need a weaker lock.
fn are_storage_parameters(sql: &Sql<'_>, action: Id) -> bool {
    let options = sql.descendants(action);
    let mut options = options
        .filter(|&id| sql.kind(id) == Kind::ATTRIBUTE_OPTION)
        .peekable();
    let is_one = |option: Id| {
        let text = fold(sql.text_of(option));
        let name = text.split(|c: char| c == '=' || c.is_whitespace()).next();
        name.is_some_and(|name| {
            ["fillfactor", "parallel_workers", "toast_tuple_target"].contains(&name)
                || ["autovacuum_", "toast."]
                    .iter()
                    .any(|start| name.starts_with(start))
        })
    };
    options.peek().is_some() && options.all(is_one)
}

/// The locks on other tables: those of foreign keys, and partitions.
fn others(sql: &Sql<'_>, action: Id) -> Vec<(Name, LockMode)> {
    let lock = match sql.kind(action) {
        Kind::ADD_CONSTRAINT | Kind::ADD_COLUMN => LockMode::ShareRowExclusive,
        Kind::ATTACH_PARTITION | Kind::DETACH_PARTITION => LockMode::AccessExclusive,
        _ => return Vec::new(),
    };
    let named = sql.descendants(action);
    let named = named.filter(|&id| sql.kind(id) == Kind::TABLE_NAME_REF);
    let named = named.filter_map(|id| name_of(sql, id));
    named.map(|name| (name, lock)).collect()
}

/// Postgres scans a partition that is attached, unless a constraint makes this unnecessary.
fn work_on_other(sql: &Sql<'_>, action: Id) -> Work {
    match sql.kind(action) {
        Kind::ATTACH_PARTITION => Work::Unknown,
        _ => Work::Nothing,
    }
}
