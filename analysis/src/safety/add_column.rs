//! M0213: a NOT NULL column is added without a default.

use migrator_model::Code;

use super::case::Case;
use crate::clauses::is_null_default;
use crate::finding::Finding;
use crate::parse::Kind;
use crate::sql_type::SqlType;

pub(super) fn check<'a>(case: &Case<'_, 'a>) -> Option<Finding<'a>> {
    let not_null = case.part(Kind::ADD_COLUMN, Kind::NOT_NULL_CONSTRAINT);
    let key = || case.part(Kind::ADD_COLUMN, Kind::PRIMARY_KEY_CONSTRAINT);
    let of_type = case.added_type();
    let domain = of_type
        .as_ref()
        .and_then(|of_type| case.known.domains.not_null(of_type));
    let column = case.column();
    let what = match not_null.or_else(key) {
        Some(_) => format!("`{column}` must not be null"),
        None => format!(
            "`{column}` is of the domain `{}`, which is NOT NULL,",
            domain?
        ),
    };
    if has_value(case) {
        return None;
    }
    let table = case.shown_table();
    Some(case.finding(
        Code::M0213,
        format!("{what} and has no default: this fails if {table} has rows"),
        "give it a DEFAULT, or add it without NOT NULL and require it after every row has a value",
    ))
}

/// Whether old rows get a value.
fn has_value(case: &Case<'_, '_>) -> bool {
    let default = case.part(Kind::ADD_COLUMN, Kind::DEFAULT_CONSTRAINT);
    let of_type = case.added_type();
    match default {
        Some(default) => !is_null_default(case.sql(), default),
        None => {
            case.part(Kind::ADD_COLUMN, Kind::GENERATED_CONSTRAINT)
                .is_some()
                || of_type.as_ref().is_some_and(SqlType::is_serial)
                || of_type
                    .as_ref()
                    .is_some_and(|of_type| case.known.domains.has_default(of_type))
        }
    }
}
