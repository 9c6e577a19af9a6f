//! Finds the statements that remove or insert all rows of a table.

use std::collections::HashSet;

use super::table::Emptied;
use crate::names::{Name, fold, name_of, words};
use crate::parse::{Id, Kind, Sql};

/// What a statement does to the rows of a table.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum RowChange {
    /// It removes all rows of a table, and without `ONLY` those of its partitions and child tables.
    Empties(Name, Emptied, Reach),
    /// It inserts rows.
    Fills(Name),
    /// It runs dynamic SQL that may empty any table.
    MayEmptyAny,
    /// It may empty tables with one of these names.
    MayEmpty(HashSet<String>),
}

/// Which other tables a statement empties.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reach {
    Only,
    Children,
    /// Partitions, child tables, and tables whose foreign keys refer to the table.
    Cascade,
}

/// The changes of a statement to rows, in order.
pub(super) fn changes(sql: &Sql<'_>, statement: Id) -> Vec<RowChange> {
    match sql.kind(statement) {
        Kind::TRUNCATE => truncated(sql, statement),
        Kind::DO => Vec::from_iter(body(sql, statement)),
        Kind::COPY => Vec::from_iter(copied(sql, statement).map(RowChange::Fills)),
        _ => {
            let nodes = || std::iter::once(statement).chain(sql.descendants(statement));
            let deleted = nodes().filter_map(|node| deleted(sql, node));
            // A statement that deletes and inserts leaves the inserted rows.
            let inserted = nodes()
                .filter_map(|node| inserted(sql, node))
                .map(RowChange::Fills);
            deleted.chain(inserted).collect()
        }
    }
}

fn truncated(sql: &Sql<'_>, statement: Id) -> Vec<RowChange> {
    let cascades = sql.child(statement, Kind::CASCADE).is_some();
    let Some(list) = sql.child(statement, Kind::TABLE_LIST) else {
        return Vec::new();
    };
    let tables = sql.children(list).filter_map(|entry| {
        let name = name_of(sql, sql.find(entry, Kind::TABLE_NAME_REF)?)?;
        let reach = match sql.child(entry, Kind::ONLY_KW) {
            _ if cascades => Reach::Cascade,
            Some(_) => Reach::Only,
            None => Reach::Children,
        };
        Some(RowChange::Empties(name, Emptied::Truncated, reach))
    });
    tables.collect()
}

/// A DELETE without a condition.
fn deleted(sql: &Sql<'_>, node: Id) -> Option<RowChange> {
    if sql.kind(node) != Kind::DELETE || sql.child(node, Kind::USING_CLAUSE).is_some() {
        return None;
    }
    let condition = sql.child(node, Kind::WHERE_CLAUSE);
    let is_constant = condition.is_none_or(|clause| is_true(sql, clause));
    let relation = sql.child(node, Kind::RELATION_NAME)?;
    let name = name_of(sql, sql.find(relation, Kind::RELATION_NAME_REF)?)?;
    let reach = match sql.child(relation, Kind::ONLY_KW) {
        Some(_) => Reach::Only,
        None => Reach::Children,
    };
    is_constant.then_some(RowChange::Empties(name, Emptied::Deleted, reach))
}

/// Whether a condition is always true, such as `WHERE 1 = 1`.
fn is_true(sql: &Sql<'_>, clause: Id) -> bool {
    let text = sql.text_of(clause).to_ascii_lowercase();
    let words: String = text.split_whitespace().collect();
    ["wheretrue", "where1=1", "wherenotfalse"].contains(&words.as_str())
}

fn inserted(sql: &Sql<'_>, node: Id) -> Option<Name> {
    let wanted = match sql.kind(node) {
        Kind::INSERT => Kind::RELATION_NAME_REF,
        Kind::MERGE => Kind::TABLE_RELATION_NAME,
        _ => return None,
    };
    name_of(sql, sql.child(node, wanted)?)
}

fn copied(sql: &Sql<'_>, statement: Id) -> Option<Name> {
    sql.child(statement, Kind::COPY_FROM)?;
    name_of(
        sql,
        sql.child(
            sql.child(statement, Kind::COPY_TABLE)?,
            Kind::TABLE_NAME_REF,
        )?,
    )
}

/// The tables that the body of a DO may empty.
fn body(sql: &Sql<'_>, statement: Id) -> Option<RowChange> {
    let body = sql.text_of(statement).to_ascii_lowercase();
    if !["truncate", "delete"]
        .iter()
        .any(|word| body.contains(word))
    {
        return None;
    }
    if body.contains("execute") {
        return Some(RowChange::MayEmptyAny);
    }
    let words = words(&body);
    Some(RowChange::MayEmpty(
        words.iter().map(|word| fold(word)).collect(),
    ))
}
