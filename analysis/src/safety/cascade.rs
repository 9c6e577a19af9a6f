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
        "`CASCADE` also drops objects of other migrations that depend on this one",
        "remove CASCADE, and drop each object of the up script by its name",
    ))
}
