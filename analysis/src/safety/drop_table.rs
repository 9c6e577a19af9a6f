//! M0222: a table is dropped.

use migrator_model::Code;

use super::case::Case;
use super::successor::Successor;
use crate::finding::Finding;
use crate::names::{Name, name_of};
use crate::objects::Object;
use crate::parse::Kind;

pub(super) fn check<'a>(case: &Case<'_, 'a>) -> Option<Finding<'a>> {
    let sql = case.sql();
    if sql.kind(case.unit) != Kind::DROP_TABLE {
        return None;
    }
    let names = sql
        .children(case.unit)
        .filter(|&id| sql.kind(id) == Kind::TABLE_NAME_REF);
    let mut tables = names.filter_map(|id| name_of(sql, id));
    let may_lack = sql.child(case.unit, Kind::IF_EXISTS).is_some();
    let is_there = |table: &Name| !may_lack || case.known.table(table).is_some();
    let is_replaced = |table: &Name| {
        let object = Object::relation(table.clone());
        case.successor(&object) == Some(Successor::Renamed) || case.makes_way(&object)
    };
    let is_lost =
        |table: &Name| !case.known.is_new(table) && is_there(table) && !is_replaced(table);
    let table = tables.find(is_lost)?;
    let message = match case.successor(&Object::relation(table.clone())) {
        Some(_) => format!("`{table}` is dropped and made again: its data is gone"),
        None => format!("services that still use `{table}` fail, and its data is gone"),
    };
    Some(case.finding(
        Code::M0222,
        message,
        "first release services that do not use it, then drop it and allow this with that as reason",
    ))
}
