//! M0221: a column is dropped.

use migrator_model::Code;

use super::case::Case;
use super::successor::Successor;
use crate::finding::Finding;
use crate::objects::{Object, Space};
use crate::parse::Kind;

pub(super) fn check<'a>(case: &Case<'_, 'a>) -> Option<Finding<'a>> {
    let table = case.table.as_ref()?;
    let column = case.column();
    let sql = case.sql();
    let is_drop = sql.kind(case.unit) == Kind::DROP_COLUMN;
    if !is_drop || case.known.is_new_column(table, &column) {
        return None;
    }
    let may_lack_table = sql.child(sql.parent(case.unit), Kind::IF_EXISTS).is_some();
    if may_lack_table && case.of_table().is_none() {
        return None;
    }
    let object = Object::part(Space::Column, table.clone(), column.clone());
    let message = match case.successor(&object) {
        Some(Successor::Renamed) => return None,
        _ if case.makes_way(&object) => return None,
        Some(Successor::Made) => {
            format!("`{column}` of `{table}` is dropped and added again: its data is gone")
        }
        None => {
            format!("services that still use `{column}` of `{table}` fail, and its data is gone")
        }
    };
    Some(case.finding(
        Code::M0221,
        message,
        "first release services that do not use it, then drop it and allow this with that as reason",
    ))
}
