//! M0217: validating a CHECK blocks reads and writes.

use migrator_model::Code;

use super::case::Case;
use crate::clauses::is_unproven;
use crate::finding::Finding;
use crate::parse::Kind;

pub(super) fn check<'a>(case: &Case<'_, 'a>) -> Option<Finding<'a>> {
    let added = case.added(Kind::CHECK_CONSTRAINT);
    let is_validated = added.is_some_and(|check| !is_unproven(case.sql(), check));
    if !is_validated && !case.proves_at_once(Code::M0217) {
        return None;
    }
    Some(case.finding(
        Code::M0217,
        format!(
            "reads and writes of {} wait while every row is checked",
            case.shown_table()
        ),
        "add the check as a constraint NOT VALID, and VALIDATE it in a later migration",
    ))
}
