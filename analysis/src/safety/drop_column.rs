//! M0221: a column is dropped.

use migrator_model::Code;

use super::replacement::Replacement;
use super::subject::Subject;
use crate::finding::Finding;
use crate::objects::{Object, Space};
use crate::parse::Kind;

pub(super) fn check<'a>(subject: &Subject<'_, 'a>) -> Option<Finding<'a>> {
    let table = subject.table.as_ref()?;
    let column = subject.column();
    let sql = subject.sql();
    let is_drop = sql.kind(subject.unit) == Kind::DROP_COLUMN;
    if !is_drop || subject.tables.is_new_column(table, &column) {
        return None;
    }
    let may_lack_table = sql
        .child(sql.parent(subject.unit), Kind::IF_EXISTS)
        .is_some();
    if may_lack_table && subject.of_table().is_none() {
        return None;
    }
    let object = Object::part(Space::Column, table.clone(), column.clone());
    let message = match subject.replacement(&object) {
        Some(Replacement::Renamed) => return None,
        _ if subject.frees_name(&object) => return None,
        Some(Replacement::Created) => {
            format!("`{column}` of `{table}` is dropped and added again: its data is gone")
        }
        None => {
            format!("services that still use `{column}` of `{table}` fail, and its data is gone")
        }
    };
    Some(subject.finding(
        Code::M0221,
        message,
        "first deploy services that do not use it; then drop it, and write `-- migrator: allow M0221 because …`",
    ))
}
