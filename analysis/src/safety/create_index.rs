//! M0216: building an index blocks writes.

use migrator_model::Code;

use super::case::Case;
use super::table::Table;
use crate::finding::Finding;
use crate::parse::Kind;

pub(super) fn check<'a>(case: &Case<'_, 'a>) -> Option<Finding<'a>> {
    let sql = case.sql();
    if sql.kind(case.unit) != Kind::CREATE_INDEX {
        return None;
    }
    let relation = sql.child(case.unit, Kind::TABLE_RELATION_NAME)?;
    // ONLY makes the index of a partitioned table without those of its parts.
    let is_empty = sql.child(relation, Kind::ONLY_KW).is_some() || case.is_partitioned();
    let is_concurrent = sql.child(case.unit, Kind::CONCURRENTLY_KW).is_some();
    if is_empty || is_concurrent || case.of_table().is_some_and(Table::is_view) {
        return None;
    }
    Some(case.finding(
        Code::M0216,
        format!(
            "writes to {} wait until the index is built",
            case.shown_table()
        ),
        "build it with CREATE INDEX CONCURRENTLY in a `no-transaction` script",
    ))
}
