//! M0222: a table is dropped.

use migrator_model::Code;

use super::replacement::Replacement;
use super::subject::Subject;
use crate::finding::Finding;
use crate::names::{Name, name_of};
use crate::objects::Object;
use crate::parse::Kind;

pub(super) fn check<'a>(subject: &Subject<'_, 'a>) -> Option<Finding<'a>> {
    let sql = subject.sql();
    if sql.kind(subject.unit) != Kind::DROP_TABLE {
        return None;
    }
    let names = sql
        .children(subject.unit)
        .filter(|&id| sql.kind(id) == Kind::TABLE_NAME_REF);
    let mut tables = names.filter_map(|id| name_of(sql, id));
    let may_lack = sql.child(subject.unit, Kind::IF_EXISTS).is_some();
    let is_there = |table: &Name| !may_lack || subject.tables.table(table).is_some();
    let is_replaced = |table: &Name| {
        let object = Object::relation(table.clone());
        subject.replacement(&object) == Some(Replacement::Renamed) || subject.frees_name(&object)
    };
    let is_lost =
        |table: &Name| !subject.tables.is_new(table) && is_there(table) && !is_replaced(table);
    let table = tables.find(is_lost)?;
    let message = match subject.replacement(&Object::relation(table.clone())) {
        Some(_) => format!("`{table}` is dropped and created again: its data is gone"),
        None => format!("services that still use `{table}` fail, and its data is gone"),
    };
    Some(subject.finding(
        Code::M0222,
        message,
        "first deploy services that do not use it; then drop it, and write `-- migrator: allow M0222 because …`",
    ))
}
