//! M0216: building an index blocks writes.

use migrator_model::Code;

use super::subject::Subject;
use super::table::Table;
use crate::finding::Finding;
use crate::parse::Kind;

pub(super) fn check<'a>(subject: &Subject<'_, 'a>) -> Option<Finding<'a>> {
    let sql = subject.sql();
    if sql.kind(subject.unit) != Kind::CREATE_INDEX {
        return None;
    }
    let relation = sql.child(subject.unit, Kind::TABLE_RELATION_NAME)?;
    // With ONLY, Postgres does not build the indexes of partitions.
    let is_empty = sql.child(relation, Kind::ONLY_KW).is_some() || subject.is_partitioned();
    let is_concurrent = sql.child(subject.unit, Kind::CONCURRENTLY_KW).is_some();
    if is_empty || is_concurrent || subject.of_table().is_some_and(Table::is_view) {
        return None;
    }
    Some(subject.finding(
        Code::M0216,
        format!(
            "writes to {} wait until the index is built",
            subject.shown_table()
        ),
        "build it with CREATE INDEX CONCURRENTLY in a `no-transaction` script",
    ))
}
