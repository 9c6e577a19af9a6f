//! M0218: validating a foreign key blocks writes.

use migrator_model::Code;

use super::subject::Subject;
use crate::clauses::{is_not_validated, is_null_default, referred_constraint};
use crate::finding::Finding;
use crate::names::name_of;
use crate::parse::{Id, Kind};

pub(super) fn check<'a>(subject: &Subject<'_, 'a>) -> Option<Finding<'a>> {
    let added = validated(subject);
    // Before Postgres 18, a foreign key of a partitioned table cannot be NOT VALID.
    let is_at_once = added.is_some() || subject.validates_own(Code::M0218) || enforced(subject);
    if !is_at_once || subject.is_partitioned() {
        return None;
    }
    let other = added.and_then(|key| subject.sql().find(key, Kind::TABLE_NAME_REF));
    let other = other.and_then(|id| name_of(subject.sql(), id));
    let other = other.filter(|other| Some(other) != subject.table.as_ref());
    let and_other = other.map_or_else(String::new, |other| format!(" and `{other}`"));
    let table = subject.shown_table();
    Some(subject.finding(
        Code::M0218,
        format!("writes to {table}{and_other} wait while Postgres checks every row"),
        "add the foreign key as a constraint NOT VALID, and VALIDATE it in a later migration",
    ))
}

/// Whether the action enforces a foreign key that was NOT ENFORCED (Postgres 18).
fn enforced(subject: &Subject<'_, '_>) -> bool {
    let sql = subject.sql();
    subject
        .part(Kind::ALTER_CONSTRAINT, Kind::ENFORCED)
        .is_some()
        && referred_constraint(sql, subject.unit)
            .zip(subject.of_table())
            .is_some_and(|(name, table)| table.unvalidated(&name).is_some())
}

/// A new foreign key that Postgres validates for every row.
fn validated(subject: &Subject<'_, '_>) -> Option<Id> {
    let of_table = subject.part(Kind::ADD_CONSTRAINT, Kind::FOREIGN_KEY_CONSTRAINT);
    if let Some(key) = of_table {
        return Some(key).filter(|&key| !is_not_validated(subject.sql(), key));
    }
    // Postgres does not validate a new column without a default, as all its values are null
    // (`skip_validation` in `parse_utilcmd.c`).
    let of_column = subject.part(Kind::ADD_COLUMN, Kind::REFERENCES_CONSTRAINT)?;
    let default = subject.part(Kind::ADD_COLUMN, Kind::DEFAULT_CONSTRAINT)?;
    let is_looked_up =
        !is_null_default(subject.sql(), default) && !is_not_validated(subject.sql(), of_column);
    is_looked_up.then_some(of_column)
}
