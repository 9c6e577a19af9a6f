//! M0220: a table or column is renamed.

use migrator_model::Code;

use super::case::Case;
use crate::finding::Finding;
use crate::names::Name;
use crate::objects::{Object, Space};
use crate::parse::Kind;

pub(super) fn check<'a>(case: &Case<'_, 'a>) -> Option<Finding<'a>> {
    let table = case.table.as_ref()?;
    let what = match case.sql().kind(case.unit) {
        // A view or another table may take the place of the old name.
        Kind::TABLE_RENAME_TO if !case.known.makes(table) => format!("`{table}`"),
        Kind::RENAME_COLUMN if is_seen(case, table) => {
            format!("`{}` of `{table}`", case.column())
        }
        _ => return None,
    };
    Some(case.finding(
        Code::M0220,
        format!("services that run now ask for {what} and fail from the rename on"),
        "keep the old name until no service uses it: a view for a table, a second column for a column",
    ))
}

/// Whether services miss the column that is renamed.
fn is_seen(case: &Case<'_, '_>, table: &Name) -> bool {
    let column = case.column();
    let is_new = case.known.is_new_column(table, &column);
    !is_new
        && case
            .successor(&Object::part(Space::Column, table.clone(), column))
            .is_none()
}
