//! Reads the tables, columns and constraints that a clause names.

use crate::names::{Name, fold, name_of};
use crate::parse::{Id, Kind, Sql};

/// The table of an ALTER TABLE or CREATE INDEX.
pub(crate) fn table_of(sql: &Sql<'_>, statement: Id) -> Option<Name> {
    let kind = sql.kind(statement);
    if !matches!(kind, Kind::ALTER_TABLE | Kind::CREATE_INDEX) {
        return None;
    }
    let table = sql.child(statement, Kind::TABLE_RELATION_NAME)?;
    name_of(sql, sql.find(table, Kind::TABLE_NAME_REF)?)
}

/// The column that an action defines or refers to.
pub(crate) fn column_of(sql: &Sql<'_>, action: Id) -> Option<String> {
    let is_name = |&id: &Id| matches!(sql.kind(id), Kind::COLUMN_NAME | Kind::COLUMN_NAME_REF);
    let name = sql.children(action).find(is_name)?;
    Some(fold(sql.text_of(name)))
}

/// Whether a default is NULL.
pub(crate) fn is_null_default(sql: &Sql<'_>, default: Id) -> bool {
    let value = sql.child(default, Kind::LITERAL);
    value.is_some_and(|literal| sql.text_of(literal).eq_ignore_ascii_case("null"))
}

/// Whether Postgres does not validate a new constraint for existing rows.
pub(crate) fn is_not_validated(sql: &Sql<'_>, constraint: Id) -> bool {
    let kinds = [Kind::NOT_VALID, Kind::NOT_ENFORCED];
    let mut found = kinds
        .into_iter()
        .filter_map(|kind| sql.child(constraint, kind));
    found.next().is_some()
}

/// The constraint that an action refers to.
pub(crate) fn referred_constraint(sql: &Sql<'_>, action: Id) -> Option<String> {
    let name = sql.child(action, Kind::CONSTRAINT_NAME_REF)?;
    Some(name_of(sql, name)?.name)
}

/// The name that a constraint is given.
pub(crate) fn constraint_name(sql: &Sql<'_>, constraint: Id) -> Option<String> {
    let clause = sql.child(constraint, Kind::CONSTRAINT_NAME_CLAUSE)?;
    let name = sql.find(clause, Kind::CONSTRAINT_NAME)?;
    Some(fold(sql.text_of(name)))
}

pub(crate) fn names_in(sql: &Sql<'_>, within: Id) -> Vec<Name> {
    let is_table =
        |&id: &Id| matches!(sql.kind(id), Kind::TABLE_NAME_REF | Kind::RELATION_NAME_REF);
    let nodes = sql.descendants(within).filter(is_table);
    nodes.filter_map(|id| name_of(sql, id)).collect()
}
