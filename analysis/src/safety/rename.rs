//! M0220: a table or column is renamed.

use migrator_model::Code;

use super::subject::Subject;
use crate::finding::Finding;
use crate::names::Name;
use crate::objects::{Object, Space};
use crate::parse::Kind;

pub(super) fn check<'a>(subject: &Subject<'_, 'a>) -> Option<Finding<'a>> {
    let table = subject.table.as_ref()?;
    let what = match subject.sql().kind(subject.unit) {
        // The migration may create a view or a table with the old name.
        Kind::TABLE_RENAME_TO if !subject.tables.creates(table) => format!("`{table}`"),
        Kind::RENAME_COLUMN if is_seen(subject, table) => {
            format!("`{}` of `{table}`", subject.column())
        }
        _ => return None,
    };
    Some(subject.finding(
        Code::M0220,
        format!("running services that use {what} fail after the rename"),
        "keep the old name until no service uses it: a view for a table, a second column for a column",
    ))
}

/// Whether services can use the old name of the column and fail.
fn is_seen(subject: &Subject<'_, '_>, table: &Name) -> bool {
    let column = subject.column();
    let is_new = subject.tables.is_new_column(table, &column);
    !is_new
        && subject
            .replacement(&Object::part(Space::Column, table.clone(), column))
            .is_none()
}
