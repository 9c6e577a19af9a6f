//! M0225: SET NOT NULL blocks reads and writes.

use migrator_model::Code;

use super::subject::Subject;
use super::table::Table;
use crate::clauses::{column_of, is_not_validated};
use crate::finding::Finding;
use crate::parse::Kind;

pub(super) fn check<'a>(subject: &Subject<'_, 'a>) -> Option<Finding<'a>> {
    let column = column(subject)?;
    // Since Postgres 12, a validated CHECK makes the scan of the table unnecessary.
    if subject
        .of_table()
        .is_some_and(|table: &Table| table.is_never_null(&column))
    {
        return None;
    }
    let table = subject.shown_table();
    Some(subject.finding(
        Code::M0225,
        format!("reads and writes of {table} wait while Postgres checks every row for a null `{column}`"),
        format!(
            "add CHECK (`{column}` IS NOT NULL) NOT VALID, VALIDATE it in a later migration, and only \
             then SET NOT NULL"
        ),
    ))
}

/// The column that becomes NOT NULL, unless the constraint is NOT VALID.
fn column(subject: &Subject<'_, '_>) -> Option<String> {
    let sql = subject.sql();
    if subject
        .part(Kind::ALTER_COLUMN, Kind::SET_NOT_NULL)
        .is_some()
    {
        return column_of(sql, subject.unit);
    }
    if subject.validates_own(Code::M0225) {
        return subject.own_unvalidated()?.not_null.first().cloned();
    }
    let constraint = subject.part(Kind::ADD_CONSTRAINT, Kind::NOT_NULL_CONSTRAINT)?;
    let is_proven = !is_not_validated(sql, constraint);
    is_proven.then(|| column_of(sql, constraint)).flatten()
}
