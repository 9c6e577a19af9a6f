//! M0217: validating a CHECK blocks reads and writes.

use migrator_model::Code;

use super::subject::Subject;
use crate::clauses::is_not_validated;
use crate::finding::Finding;
use crate::parse::Kind;

pub(super) fn check<'a>(subject: &Subject<'_, 'a>) -> Option<Finding<'a>> {
    let added = subject.added(Kind::CHECK_CONSTRAINT);
    let is_validated = added.is_some_and(|check| !is_not_validated(subject.sql(), check));
    if !is_validated && !subject.validates_own(Code::M0217) {
        return None;
    }
    Some(subject.finding(
        Code::M0217,
        format!(
            "reads and writes of {} wait while Postgres checks every row",
            subject.shown_table()
        ),
        "add the check as a constraint NOT VALID, and VALIDATE it in a later migration",
    ))
}
