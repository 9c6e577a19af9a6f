//! M0225: SET NOT NULL blocks reads and writes.

use migrator_model::Code;

use super::case::Case;
use super::table::Table;
use crate::clauses::{column_of, is_unproven};
use crate::finding::Finding;
use crate::parse::Kind;

pub(super) fn check<'a>(case: &Case<'_, 'a>) -> Option<Finding<'a>> {
    let column = column(case)?;
    // Postgres 12 and later take a proven CHECK for the look at every row.
    if case
        .of_table()
        .is_some_and(|table: &Table| table.is_filled(&column))
    {
        return None;
    }
    let table = case.shown_table();
    Some(case.finding(
        Code::M0225,
        format!("reads and writes of {table} wait while every row is searched for a null `{column}`"),
        format!(
            "add CHECK (`{column}` IS NOT NULL) NOT VALID, VALIDATE it in a later migration, and only \
             then SET NOT NULL"
        ),
    ))
}

/// The column that is made NOT NULL, unless that is left for later to prove.
fn column(case: &Case<'_, '_>) -> Option<String> {
    let sql = case.sql();
    if case.part(Kind::ALTER_COLUMN, Kind::SET_NOT_NULL).is_some() {
        return column_of(sql, case.unit);
    }
    if case.proves_at_once(Code::M0225) {
        return case.open_constraint()?.filled.first().cloned();
    }
    let constraint = case.part(Kind::ADD_CONSTRAINT, Kind::NOT_NULL_CONSTRAINT)?;
    let is_proven = !is_unproven(sql, constraint);
    is_proven.then(|| column_of(sql, constraint)).flatten()
}
