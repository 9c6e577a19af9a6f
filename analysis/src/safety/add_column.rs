//! M0213: a NOT NULL column is added without a default.

use migrator_model::Code;

use super::subject::Subject;
use crate::clauses::is_null_default;
use crate::finding::Finding;
use crate::parse::Kind;
use crate::sql_type::SqlType;

pub(super) fn check<'a>(subject: &Subject<'_, 'a>) -> Option<Finding<'a>> {
    let not_null = subject.part(Kind::ADD_COLUMN, Kind::NOT_NULL_CONSTRAINT);
    let key = || subject.part(Kind::ADD_COLUMN, Kind::PRIMARY_KEY_CONSTRAINT);
    let of_type = subject.added_type();
    let domain = of_type
        .as_ref()
        .and_then(|of_type| subject.tables.domains.not_null(of_type));
    let column = subject.column();
    let what = match not_null.or_else(key) {
        Some(_) => format!("`{column}` must not be null"),
        None => format!(
            "`{column}` is of the domain `{}`, which is NOT NULL,",
            domain?
        ),
    };
    if has_value(subject) {
        return None;
    }
    let table = subject.shown_table();
    Some(subject.finding(
        Code::M0213,
        format!("{what} and has no default: this fails if {table} has rows"),
        "give it a DEFAULT, or add it without NOT NULL and require it after every row has a value",
    ))
}

/// Whether existing rows get a value.
fn has_value(subject: &Subject<'_, '_>) -> bool {
    let default = subject.part(Kind::ADD_COLUMN, Kind::DEFAULT_CONSTRAINT);
    let of_type = subject.added_type();
    match default {
        Some(default) => !is_null_default(subject.sql(), default),
        None => {
            subject
                .part(Kind::ADD_COLUMN, Kind::GENERATED_CONSTRAINT)
                .is_some()
                || of_type.as_ref().is_some_and(SqlType::is_serial)
                || of_type
                    .as_ref()
                    .is_some_and(|of_type| subject.tables.domains.has_default(of_type))
        }
    }
}
