//! The locks of statements, but for those of ALTER TABLE's actions.
//!
//! From Postgres's documentation: "Explicit Locking", and the pages of the statements.

use migrator_model::LockMode;

use super::collector::Collector;
use super::effect::Work;
use super::kinds::{CREATES, DROPS_NO_TABLE, LOCKS_NO_TABLE, ON_TABLE, ON_VIEW};
use crate::clauses::table_of;
use crate::kinds::is_drop;
use crate::names::{Name, name_of};
use crate::objects::{Effect, Space};
use crate::parse::{Id, Kind, Sql};
use crate::safety::rows::{RowChange, changes};
use crate::safety::table::Table;
use crate::safety::tables::Tables;
use crate::state::hidden::is_dynamic;

/// Reads a statement.
pub(super) fn read(to: &mut Collector<'_, '_>, tables: &Tables, statement: Id) {
    let script = to.script;
    let sql = &script.sql;
    if is_dynamic(sql, statement) {
        to.unknown(statement);
    }
    match sql.kind(statement) {
        Kind::ALTER_TABLE => {}
        Kind::DO | Kind::CALL | Kind::EXECUTE => to.unknown(statement),
        Kind::CREATE_TABLE => create_table(to, tables, statement),
        Kind::CREATE_SCHEMA => {
            let is_element = |&id: &Id| CREATES.contains(&sql.kind(id));
            let elements: Vec<Id> = sql.children(statement).filter(is_element).collect();
            if !elements.is_empty() {
                to.unknown(statement);
            }
        }
        Kind::CREATE_VIEW | Kind::CREATE_MATERIALIZED_VIEW | Kind::CREATE_TABLE_AS => {
            create_from_query(to, tables, statement);
        }
        Kind::CREATE_INDEX => create_index(to, tables, statement),
        Kind::DROP_TABLE | Kind::DROP_FOREIGN_TABLE => drop_table(to, tables, statement),
        Kind::DROP_INDEX => drop_index(to, statement),
        Kind::TRUNCATE => truncate(to, tables, statement),
        Kind::COPY => copy(to, statement),
        Kind::COMMENT_ON => comment(to, statement),
        Kind::LOCK => lock(to, statement),
        Kind::REFRESH => refresh(to, statement),
        Kind::CLUSTER if sql.child(statement, Kind::TABLE_NAME_REF).is_some() => {
            on_relations(to, statement, LockMode::AccessExclusive, Work::Rewrite);
        }
        Kind::SELECT
        | Kind::SELECT_INTO
        | Kind::COMPOUND_SELECT
        | Kind::PAREN_SELECT
        | Kind::VALUES
        | Kind::INSERT
        | Kind::UPDATE
        | Kind::DELETE
        | Kind::MERGE => query(to, statement),
        kind => other(to, kind, statement),
    }
}

/// Statements with a fixed lock, and those that lock no table.
fn other(to: &mut Collector<'_, '_>, kind: Kind, statement: Id) {
    let sql = &to.script.sql;
    let on_table = |wanted: &(Kind, LockMode)| wanted.0 == kind;
    if let Some((_, lock)) = ON_TABLE.iter().find(|one| on_table(one)) {
        let table = sql.descendants(statement).find(|&id| is_table(sql, id));
        let table = table.and_then(|id| name_of(sql, id));
        return table.map_or((), |table| to.lock(&table, *lock, Work::Nothing));
    }
    let cascades = sql.child(statement, Kind::CASCADE).is_some();
    if matches!(kind, Kind::DROP_VIEW | Kind::DROP_MATERIALIZED_VIEW) {
        on_relations(to, statement, LockMode::AccessExclusive, Work::Nothing);
    }
    if matches!(kind, Kind::ALTER_VIEW | Kind::ALTER_MATERIALIZED_VIEW) {
        first_relation(to, statement, LockMode::AccessExclusive, Work::Unknown);
    }
    let is_known = LOCKS_NO_TABLE.contains(&kind)
        || ON_VIEW.contains(&kind)
        || is_drop(kind) && DROPS_NO_TABLE.contains(&kind)
        || kind == Kind::ALTER_TYPE && is_about_values(sql, statement);
    if !is_known || cascades && is_drop(kind) {
        to.unknown(statement);
    }
}

/// Whether an ALTER TYPE changes an enum or a name.
fn is_about_values(sql: &Sql<'_>, statement: Id) -> bool {
    let kinds = [
        Kind::ADD_VALUE,
        Kind::RENAME_VALUE,
        Kind::TYPE_RENAME_TO,
        Kind::OWNER_TO,
        Kind::SET_SCHEMA,
    ];
    kinds
        .iter()
        .any(|&kind| sql.child(statement, kind).is_some())
}

fn create_table(to: &mut Collector<'_, '_>, tables: &Tables, statement: Id) {
    let sql = &to.script.sql;
    let Some(name) = sql
        .find(statement, Kind::TABLE_NAME)
        .and_then(|id| name_of(sql, id))
    else {
        return;
    };
    if is_there(sql, tables, statement, &name) {
        return;
    }
    to.create(&name);
    let keys = [Kind::REFERENCES_CONSTRAINT, Kind::FOREIGN_KEY_CONSTRAINT];
    for node in sql.descendants(statement) {
        let (lock, work) = match sql.kind(node) {
            kind if keys.contains(&kind) => (LockMode::ShareRowExclusive, Work::Nothing),
            // Postgres scans the default partition, if there is one.
            Kind::PARTITION_OF => (LockMode::AccessExclusive, Work::Unknown),
            // `MergeAttributes` in `tablecmds.c`.
            Kind::INHERITS => (LockMode::ShareUpdateExclusive, Work::Nothing),
            Kind::LIKE_CLAUSE => (LockMode::AccessShare, Work::Nothing),
            _ => continue,
        };
        let within = std::iter::once(node).chain(sql.descendants(node));
        let others = within.filter(|&id| is_table(sql, id));
        let others = others.filter_map(|id| name_of(sql, id));
        for other in others.filter(|other| *other != name).collect::<Vec<_>>() {
            to.lock(&other, lock, work);
        }
    }
}

fn create_from_query(to: &mut Collector<'_, '_>, tables: &Tables, statement: Id) {
    let sql = &to.script.sql;
    let made = [Kind::TABLE_NAME, Kind::VIEW];
    let name = sql
        .descendants(statement)
        .find(|&id| made.contains(&sql.kind(id)));
    let replaces = sql.child(statement, Kind::OR_REPLACE).is_some();
    let name = name.and_then(|id| name_of(sql, id));
    if name
        .as_ref()
        .is_some_and(|name| is_there(sql, tables, statement, name))
    {
        return;
    }
    query(to, statement);
    if let Some(name) = name {
        match (replaces, to.known.has_view(&name)) {
            (false, _) => to.create(&name),
            (true, true) => to.lock(&name, LockMode::AccessExclusive, Work::Nothing),
            (true, false) => to.lock(&name, None, Work::Nothing),
        }
    }
}

/// Whether IF NOT EXISTS makes the statement do nothing.
fn is_there(sql: &Sql<'_>, tables: &Tables, statement: Id, name: &Name) -> bool {
    let is_optional = sql.child(statement, Kind::IF_NOT_EXISTS).is_some();
    is_optional && tables.table(name).is_some()
}

fn create_index(to: &mut Collector<'_, '_>, tables: &Tables, statement: Id) {
    let sql = &to.script.sql;
    let Some(table) = table_of(sql, statement) else {
        return;
    };
    let lock = match sql.child(statement, Kind::CONCURRENTLY_KW) {
        Some(_) => LockMode::ShareUpdateExclusive,
        None => LockMode::Share,
    };
    let relation = sql.child(statement, Kind::TABLE_RELATION_NAME);
    let is_only = relation.is_some_and(|id| sql.child(id, Kind::ONLY_KW).is_some());
    let work = match tables.table(&table).map(Table::is_partitioned) {
        // With ONLY, Postgres does not build the indexes of partitions.
        Some(true) if is_only => Work::Nothing,
        None if is_only => Work::Unknown,
        Some(_) | None => Work::Scan,
    };
    to.lock(&table, lock, work);
}

fn drop_table(to: &mut Collector<'_, '_>, tables: &Tables, statement: Id) {
    let sql = &to.script.sql;
    let cascades = sql.child(statement, Kind::CASCADE).is_some();
    let named = sql.children(statement).filter(|&id| is_table(sql, id));
    let named: Vec<Name> = named.filter_map(|id| name_of(sql, id)).collect();
    for table in &named {
        if !tables.is_new(table) {
            to.lock(table, LockMode::AccessExclusive, Work::Nothing);
            to.destroy(table, "drops the table".to_owned());
        }
        // The triggers of a foreign key are dropped from both tables (`RemoveTriggerById`).
        let mut others = to.known.keys.of_table(table);
        if cascades {
            others.extend(to.known.keys.to_table(table));
        }
        for other in others {
            if !named.contains(&other) {
                to.lock(&other, LockMode::AccessExclusive, Work::Nothing);
            }
        }
    }
    if cascades {
        to.unknown(statement);
    }
}

fn drop_index(to: &mut Collector<'_, '_>, statement: Id) {
    let sql = &to.script.sql;
    let lock = match sql.child(statement, Kind::CONCURRENTLY_KW) {
        Some(_) => LockMode::ShareUpdateExclusive,
        None => LockMode::AccessExclusive,
    };
    let dropped = sql
        .children(statement)
        .filter(|&id| sql.kind(id) == Kind::INDEX_REF);
    let names: Vec<Name> = dropped.filter_map(|id| name_of(sql, id)).collect();
    for name in names {
        match to.known.table_of(&name).cloned() {
            Some(table) => to.lock(&table, lock, Work::Nothing),
            None => to.unknown(statement),
        }
    }
    if sql.child(statement, Kind::CASCADE).is_some() {
        to.unknown(statement);
    }
}

fn truncate(to: &mut Collector<'_, '_>, tables: &Tables, statement: Id) {
    let sql = &to.script.sql;
    for change in changes(sql, statement) {
        let RowChange::Empties(table, ..) = change else {
            continue;
        };
        to.lock(&table, LockMode::AccessExclusive, Work::Nothing);
        if !tables.is_new(&table) {
            to.destroy(&table, "removes all rows".to_owned());
        }
    }
    if sql.child(statement, Kind::CASCADE).is_some() {
        to.unknown(statement);
    }
}

fn copy(to: &mut Collector<'_, '_>, statement: Id) {
    let sql = &to.script.sql;
    let (lock, work) = match sql.child(statement, Kind::COPY_FROM) {
        Some(_) => (LockMode::RowExclusive, Work::Changes),
        None => (LockMode::AccessShare, Work::Reads),
    };
    query(to, statement);
    let table = sql.child(statement, Kind::COPY_TABLE);
    let table = table.and_then(|id| sql.child(id, Kind::TABLE_NAME_REF));
    if let Some(table) = table.and_then(|id| name_of(sql, id)) {
        to.lock(&table, lock, work);
    }
}

fn comment(to: &mut Collector<'_, '_>, statement: Id) {
    let sql = &to.script.sql;
    let others = [Kind::OBJECT_INDEX, Kind::OBJECT_SEQUENCE];
    if others
        .iter()
        .all(|&kind| sql.child(statement, kind).is_none())
    {
        first_relation(to, statement, LockMode::ShareUpdateExclusive, Work::Nothing);
    }
}

fn lock(to: &mut Collector<'_, '_>, statement: Id) {
    let sql = &to.script.sql;
    let mode = sql.child(statement, Kind::LOCK_MODE_CLAUSE);
    let mode = mode.and_then(|clause| {
        let words: Vec<&str> = sql.text_of(clause).split_whitespace().collect();
        let words = words.get(1..words.len().checked_sub(1)?)?;
        LockMode::find(&words.join(" ").to_ascii_uppercase())
    });
    let mode = mode.unwrap_or(LockMode::AccessExclusive);
    on_relations(to, statement, mode, Work::Nothing);
}

fn refresh(to: &mut Collector<'_, '_>, statement: Id) {
    let (lock, work) = match to.script.sql.child(statement, Kind::CONCURRENTLY_KW) {
        Some(_) => (LockMode::Exclusive, Work::Changes),
        None => (LockMode::AccessExclusive, Work::Rewrite),
    };
    on_relations(to, statement, lock, work);
}

/// A query, and the changes of rows in it.
fn query(to: &mut Collector<'_, '_>, statement: Id) {
    let script = to.script;
    let sql = &script.sql;
    let locks_rows = sql.find(statement, Kind::LOCKING_CLAUSE).is_some();
    let lock = match locks_rows {
        true => LockMode::RowShare,
        false => LockMode::AccessShare,
    };
    on_relations(to, statement, lock, Work::Reads);
    let nodes = std::iter::once(statement).chain(sql.descendants(statement));
    for node in nodes {
        let target = match sql.kind(node) {
            Kind::INSERT => Kind::RELATION_NAME_REF,
            Kind::UPDATE | Kind::DELETE => Kind::RELATION_NAME,
            Kind::MERGE => Kind::TABLE_RELATION_NAME,
            _ => continue,
        };
        let target = sql
            .child(node, target)
            .and_then(|id| name_of(sql, target_name(sql, id)));
        let Some(table) = target else {
            continue;
        };
        to.lock(&table, LockMode::RowExclusive, Work::Changes);
        if sql.kind(node) == Kind::DELETE {
            let what = match sql.child(node, Kind::WHERE_CLAUSE) {
                Some(_) => "deletes rows",
                None => "deletes all rows",
            };
            to.destroy(&table, what.to_owned());
        }
    }
    if sql.kind(statement) == Kind::SELECT_INTO {
        let made = sql
            .find(statement, Kind::TABLE_NAME)
            .and_then(|id| name_of(sql, id));
        if let Some(table) = made {
            to.create(&table);
        }
    }
}

/// The name in a target, without `ONLY` and the alias.
fn target_name(sql: &Sql<'_>, target: Id) -> Id {
    let mut names = sql.descendants(target);
    names.find(|&id| is_table(sql, id)).unwrap_or(target)
}

/// Adds a lock on each relation of a statement that exists.
fn on_relations(to: &mut Collector<'_, '_>, statement: Id, lock: LockMode, work: Work) {
    for name in relations(to, statement) {
        to.lock(&name, lock, work);
    }
}

fn first_relation(to: &mut Collector<'_, '_>, statement: Id, lock: LockMode, work: Work) {
    if let Some(name) = relations(to, statement).into_iter().next() {
        to.lock(&name, lock, work);
    }
}

fn relations(to: &Collector<'_, '_>, statement: Id) -> Vec<Name> {
    let mentions = to.script.mentions_of(statement).iter();
    let mentions = mentions.filter(|one| one.object.space == Space::Relation);
    let mentions = mentions.filter(|one| one.effect != Effect::Create);
    mentions.map(|one| one.object.name.clone()).collect()
}

fn is_table(sql: &Sql<'_>, id: Id) -> bool {
    matches!(sql.kind(id), Kind::TABLE_NAME_REF | Kind::RELATION_NAME_REF)
}
