//! M0223: a down script drops with CASCADE.

use migrator_model::Code;

use crate::finding::Finding;
use crate::kinds::{is_drop, is_drop_action};
use crate::parse::{Id, Kind};
use crate::script::Script;

pub(super) fn check<'a>(script: &'a Script<'a>, statement: Id) -> Option<Finding<'a>> {
    let sql = &script.sql;
    let cascade = sql.find(statement, Kind::CASCADE)?;
    let dropping = sql.kind(sql.parent(cascade));
    if !is_drop(dropping) && !is_drop_action(dropping) {
        return None;
    }
    Some(Finding::new(
        script,
        Code::M0223,
        sql.range(cascade).start,
        "this takes along whatever depends on it, also what other migrations have made",
        "leave CASCADE out, and drop by name what this migration's up script makes",
    ))
}
