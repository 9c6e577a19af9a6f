//! M0219: changing a column's type blocks reads and writes.

use migrator_model::Code;

use super::subject::Subject;
use super::table::Table;
use crate::clauses::column_of;
use crate::finding::Finding;
use crate::names::fold;
use crate::parse::{Id, Kind};
use crate::sql_type::SqlType;

pub(super) fn check<'a>(subject: &Subject<'_, 'a>) -> Option<Finding<'a>> {
    let change = subject.part(Kind::ALTER_COLUMN, Kind::SET_TYPE)?;
    if is_free(subject, change) {
        return None;
    }
    let (column, table) = (subject.column(), subject.shown_table());
    Some(subject.finding(
        Code::M0219,
        format!(
            "reads and writes of {table} wait while Postgres rewrites it for the new type of `{column}`"
        ),
        "add a column with the new type, fill it in batches, and make all readers use it",
    ))
}

/// Whether Postgres changes the type without a rewrite of the table.
fn is_free(subject: &Subject<'_, '_>, change: Id) -> bool {
    let sql = subject.sql();
    let (Some(new), Some(column)) = (SqlType::within(sql, change), column_of(sql, subject.unit))
    else {
        return false;
    };
    if !is_plain(subject, change, &column) {
        return false;
    }
    match subject
        .of_table()
        .and_then(|table: &Table| table.type_of(&column))
    {
        Some(old) => subject.tables.changes_without_rewrite(old, &new),
        // The old type is unknown. The new type may be a wider form of it.
        None => {
            let is_asked = subject.tables.domains.constrained(&new).is_some();
            !is_asked && subject.tables.domains.base_of(&new).has_narrower_forms()
        }
    }
}

/// Whether USING is missing or only names the column.
pub(super) fn is_plain(subject: &Subject<'_, '_>, change: Id, column: &str) -> bool {
    let sql = subject.sql();
    let Some(using) = sql.child(change, Kind::USING_EXPR) else {
        return true;
    };
    let Some(conversion) = sql.child(using, Kind::CAST_EXPR) else {
        let value = sql.children(using).last();
        return value.is_some_and(|value| fold(sql.text_of(value)) == column);
    };
    let value = sql.child(conversion, Kind::NAME_REF);
    value.is_some_and(|value| fold(sql.text_of(value)) == column)
        && SqlType::within(sql, conversion) == SqlType::within(sql, change)
}
