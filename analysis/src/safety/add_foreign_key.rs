//! M0218: validating a foreign key blocks writes.

use migrator_model::Code;

use super::case::Case;
use crate::clauses::{is_null_default, is_unproven, referred_constraint};
use crate::finding::Finding;
use crate::names::name_of;
use crate::parse::{Id, Kind};

pub(super) fn check<'a>(case: &Case<'_, 'a>) -> Option<Finding<'a>> {
    let added = validated(case);
    // Before Postgres 18 a partitioned table takes no foreign key that is NOT VALID.
    let is_at_once = added.is_some() || case.proves_at_once(Code::M0218) || enforced(case);
    if !is_at_once || case.is_partitioned() {
        return None;
    }
    let other = added.and_then(|key| case.sql().find(key, Kind::TABLE_NAME_REF));
    let other = other.and_then(|id| name_of(case.sql(), id));
    let other = other.filter(|other| Some(other) != case.table.as_ref());
    let and_other = other.map_or_else(String::new, |other| format!(" and `{other}`"));
    let table = case.shown_table();
    Some(case.finding(
        Code::M0218,
        format!("writes to {table}{and_other} wait while every row is looked up"),
        "add the foreign key as a constraint NOT VALID, and VALIDATE it in a later migration",
    ))
}

/// Whether a foreign key that was not enforced is from here on (Postgres 18).
fn enforced(case: &Case<'_, '_>) -> bool {
    let sql = case.sql();
    case.part(Kind::ALTER_CONSTRAINT, Kind::ENFORCED).is_some()
        && referred_constraint(sql, case.unit)
            .zip(case.of_table())
            .is_some_and(|(name, table)| table.unproven(&name).is_some())
}

/// A foreign key that every row is checked against.
fn validated(case: &Case<'_, '_>) -> Option<Id> {
    let of_table = case.part(Kind::ADD_CONSTRAINT, Kind::FOREIGN_KEY_CONSTRAINT);
    if let Some(key) = of_table {
        return Some(key).filter(|&key| !is_unproven(case.sql(), key));
    }
    // Of a new column that is null everywhere nothing has to be checked
    // (`skip_validation` in `parse_utilcmd.c`).
    let of_column = case.part(Kind::ADD_COLUMN, Kind::REFERENCES_CONSTRAINT)?;
    let default = case.part(Kind::ADD_COLUMN, Kind::DEFAULT_CONSTRAINT)?;
    let is_looked_up = !is_null_default(case.sql(), default) && !is_unproven(case.sql(), of_column);
    is_looked_up.then_some(of_column)
}
