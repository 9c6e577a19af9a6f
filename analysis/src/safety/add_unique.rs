//! M0224: building a unique or primary key blocks reads and writes.

use migrator_model::Code;

use super::subject::Subject;
use crate::finding::Finding;
use crate::parse::Kind;

pub(super) fn check<'a>(subject: &Subject<'_, 'a>) -> Option<Finding<'a>> {
    let built = [
        Kind::PRIMARY_KEY_CONSTRAINT,
        Kind::UNIQUE_CONSTRAINT,
        Kind::EXCLUDE_CONSTRAINT,
    ];
    let added = built.into_iter().find_map(|kind| subject.added(kind))?;
    let uses_index = [Kind::USING_INDEX, Kind::USING_INDEX_NAME];
    // A constraint of a partitioned table cannot be added USING INDEX.
    if uses_index
        .iter()
        .any(|&kind| subject.sql().child(added, kind).is_some())
        || subject.is_partitioned()
    {
        return None;
    }
    let help = match subject.sql().kind(added) {
        Kind::EXCLUDE_CONSTRAINT => {
            "Postgres cannot build it concurrently: run it when the table is little used, with a `lock-timeout`"
        }
        _ => {
            "build the index with CREATE UNIQUE INDEX CONCURRENTLY in an earlier `no-transaction` script, \
             then add the constraint USING INDEX"
        }
    };
    Some(subject.finding(
        Code::M0224,
        format!(
            "reads and writes of {} wait until its index is built",
            subject.shown_table()
        ),
        help,
    ))
}
