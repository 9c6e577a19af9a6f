//! Whether an action of ALTER TABLE scans or rewrites the table.

use super::effect::Work;
use crate::clauses::{column_of, is_not_validated, is_null_default, referred_constraint};
use crate::names::name_of;
use crate::parse::{Id, Kind};
use crate::safety::column_type::is_plain;
use crate::safety::subject::Subject;
use crate::safety::volatile_default;
use crate::sql_type::SqlType;

/// The work of an action.
pub(super) fn of(subject: &Subject<'_, '_>) -> Work {
    let sql = subject.sql();
    match sql.kind(subject.unit) {
        Kind::ADD_COLUMN => added_column(subject),
        Kind::ADD_CONSTRAINT => {
            let parts = sql.children(subject.unit);
            let work = parts.map(|part| added_constraint(subject, part));
            work.max().unwrap_or(Work::Unknown)
        }
        Kind::VALIDATE_CONSTRAINT => validated(subject),
        Kind::ALTER_COLUMN => altered_column(subject),
        kind if TOUCHES_NO_ROWS.contains(&kind) => Work::Nothing,
        _ => Work::Unknown,
    }
}

fn added_column(subject: &Subject<'_, '_>) -> Work {
    let sql = subject.sql();
    if volatile_default::rewrites(subject) {
        return Work::Rewrite;
    }
    let is_built_in = subject.added_type().is_some_and(|one| one.is_built_in());
    let default = subject.part(Kind::ADD_COLUMN, Kind::DEFAULT_CONSTRAINT);
    let calls = default.into_iter().flat_map(|id| sql.descendants(id));
    let mut calls = calls.filter(|&id| sql.kind(id) == Kind::CALL_EXPR);
    let is_generated = subject
        .part(Kind::ADD_COLUMN, Kind::GENERATED_CONSTRAINT)
        .is_some();
    // Another type may be a domain with a constraint, and another function may be volatile.
    if !is_built_in || is_generated || !calls.all(|call| is_stable(subject, call)) {
        return Work::Unknown;
    }
    let has_value = default.is_some_and(|id| !is_null_default(sql, id));
    let parts = sql.children(subject.unit);
    let work = parts.map(|part| match sql.kind(part) {
        Kind::CHECK_CONSTRAINT | Kind::UNIQUE_CONSTRAINT | Kind::PRIMARY_KEY_CONSTRAINT => {
            Work::Scan
        }
        Kind::REFERENCES_CONSTRAINT if has_value => Work::Scan,
        Kind::NOT_NULL_CONSTRAINT if !has_value => Work::Scan,
        _ => Work::Nothing,
    });
    work.max().unwrap_or(Work::Nothing)
}

/// Whether Postgres calls a function once for all rows.
fn is_stable(subject: &Subject<'_, '_>, call: Id) -> bool {
    let sql = subject.sql();
    let name = sql.children(call).next().and_then(|id| name_of(sql, id));
    name.is_some_and(|name| {
        let is_built_in = name.schema.is_none_or(|schema| schema == "pg_catalog");
        let stable = ["now", "statement_timestamp", "transaction_timestamp"];
        is_built_in && stable.contains(&name.name.as_str())
    })
}

fn added_constraint(subject: &Subject<'_, '_>, part: Id) -> Work {
    let sql = subject.sql();
    let uses_index = [Kind::USING_INDEX, Kind::USING_INDEX_NAME];
    let uses_index = uses_index
        .iter()
        .any(|&kind| sql.child(part, kind).is_some());
    match sql.kind(part) {
        Kind::CHECK_CONSTRAINT | Kind::FOREIGN_KEY_CONSTRAINT | Kind::NOT_NULL_CONSTRAINT => {
            match is_not_validated(sql, part) {
                true => Work::Nothing,
                false => Work::Scan,
            }
        }
        Kind::UNIQUE_CONSTRAINT if uses_index => Work::Nothing,
        // Postgres scans the table if a column may be null.
        Kind::PRIMARY_KEY_CONSTRAINT if uses_index => Work::Unknown,
        Kind::UNIQUE_CONSTRAINT | Kind::PRIMARY_KEY_CONSTRAINT | Kind::EXCLUDE_CONSTRAINT => {
            Work::Scan
        }
        _ => Work::Nothing,
    }
}

/// A constraint that is validated already is not validated again.
fn validated(subject: &Subject<'_, '_>) -> Work {
    let name = referred_constraint(subject.sql(), subject.unit);
    let known = subject.of_table().zip(name);
    match known.and_then(|(table, name)| table.unvalidated(&name)) {
        Some(_) => Work::Scan,
        None => Work::Unknown,
    }
}

fn altered_column(subject: &Subject<'_, '_>) -> Work {
    let sql = subject.sql();
    let Some(column) = column_of(sql, subject.unit) else {
        return Work::Unknown;
    };
    if sql.child(subject.unit, Kind::SET_NOT_NULL).is_some() {
        let table = subject.of_table();
        return match table {
            Some(table) if table.is_never_null(&column) => Work::Nothing,
            Some(table) if table.has_column(&column) => Work::Scan,
            Some(_) | None => Work::Unknown,
        };
    }
    let Some(change) = sql.child(subject.unit, Kind::SET_TYPE) else {
        let is_other = |&kind: &Kind| sql.child(subject.unit, kind).is_some();
        return match [Kind::ADD_GENERATED, Kind::SET_EXPRESSION]
            .iter()
            .any(is_other)
        {
            true => Work::Unknown,
            false => Work::Nothing,
        };
    };
    let old = subject.of_table().and_then(|table| table.type_of(&column));
    let (Some(old), Some(new)) = (old, SqlType::within(sql, change)) else {
        return Work::Unknown;
    };
    match is_plain(subject, change, &column) {
        true if subject.tables.changes_without_rewrite(old, &new) => Work::Nothing,
        true if old.is_converted_to(&new) => Work::Rewrite,
        true | false => Work::Unknown,
    }
}

/// Actions that change the catalog alone.
const TOUCHES_NO_ROWS: [Kind; 25] = [
    Kind::CLUSTER_ON,
    Kind::DETACH_PARTITION,
    Kind::DISABLE_RLS,
    Kind::DISABLE_RULE,
    Kind::DISABLE_TRIGGER,
    Kind::DROP_COLUMN,
    Kind::DROP_CONSTRAINT,
    Kind::ENABLE_ALWAYS_RULE,
    Kind::ENABLE_ALWAYS_TRIGGER,
    Kind::ENABLE_REPLICA_RULE,
    Kind::ENABLE_REPLICA_TRIGGER,
    Kind::ENABLE_RLS,
    Kind::ENABLE_RULE,
    Kind::ENABLE_TRIGGER,
    Kind::FORCE_RLS,
    Kind::NO_FORCE_RLS,
    Kind::NO_INHERIT_TABLE,
    Kind::OWNER_TO,
    Kind::RENAME_COLUMN,
    Kind::RENAME_CONSTRAINT,
    Kind::REPLICA_IDENTITY,
    Kind::RESET_OPTIONS,
    Kind::SET_OPTIONS,
    Kind::SET_SCHEMA,
    Kind::TABLE_RENAME_TO,
];
