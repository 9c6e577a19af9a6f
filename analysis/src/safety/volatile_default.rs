//! M0215: a column is added with a volatile default, so that Postgres rewrites every row.

use migrator_model::Code;

use super::subject::Subject;
use crate::finding::Finding;
use crate::names::name_of;
use crate::parse::{Id, Kind};
use crate::sql_type::SqlType;

pub(super) fn check<'a>(subject: &Subject<'_, 'a>) -> Option<Finding<'a>> {
    let (column, table) = (subject.column(), subject.shown_table());
    let Some(why) = why(subject) else {
        return of_domain(subject);
    };
    Some(subject.finding(
        Code::M0215,
        format!("{why}, so that reads and writes of {table} wait while all rows are rewritten"),
        format!(
            "add `{column}` without it, set the default afterwards, and fill the old rows in batches"
        ),
    ))
}

/// Whether a new column makes Postgres rewrite every row.
pub(super) fn rewrites(subject: &Subject<'_, '_>) -> bool {
    why(subject).is_some() || of_domain(subject).is_some()
}

/// A new column of a domain with a constraint. Postgres 13 to 18 rewrite every row, whatever the
/// default (`DomainHasConstraints` in `ATExecAddColumn`).
fn of_domain<'a>(subject: &Subject<'_, 'a>) -> Option<Finding<'a>> {
    let of_type = subject.added_type()?;
    let domain = subject.tables.domains.constrained(&of_type)?;
    let base = subject.tables.domains.base_of(&of_type);
    let (column, table) = (subject.column(), subject.shown_table());
    Some(subject.finding(
        Code::M0215,
        format!(
            "the domain `{domain}` has a constraint, so that reads and writes of {table} wait \
             while all rows are rewritten for `{column}`"
        ),
        format!(
            "add `{column}` as `{base}` with a CHECK that is NOT VALID, and VALIDATE that in a \
             later migration"
        ),
    ))
}

fn why(subject: &Subject<'_, '_>) -> Option<String> {
    let column = subject.column();
    let part = |kind| subject.part(Kind::ADD_COLUMN, kind);
    if let Some(default) = part(Kind::DEFAULT_CONSTRAINT) {
        let called = volatile_call(subject, default)?;
        return Some(format!("each row has its own value of `{called}`"));
    }
    if subject
        .added_type()
        .as_ref()
        .is_some_and(SqlType::is_serial)
    {
        return Some(format!("each row takes `{column}` from a sequence"));
    }
    let generated = part(Kind::GENERATED_CONSTRAINT)?;
    let has = |kind| subject.sql().child(generated, kind).is_some();
    if has(Kind::GENERATED_IDENTITY) {
        return Some(format!("each row takes `{column}` from a sequence"));
    }
    let is_stored = subject.sql().find(generated, Kind::STORED).is_some();
    is_stored.then(|| format!("`{column}` is computed for each row and stored"))
}

/// The first call of a volatile function.
fn volatile_call(subject: &Subject<'_, '_>, default: Id) -> Option<String> {
    let sql = subject.sql();
    let calls = sql
        .descendants(default)
        .filter(|&id| sql.kind(id) == Kind::CALL_EXPR);
    let mut names = calls.filter_map(|call| name_of(sql, sql.children(call).next()?));
    let found = names.find(|name| {
        let schema = name.schema.as_deref();
        let is_built_in = schema.is_none_or(|schema| schema == "pg_catalog");
        let is_among = |list: &[&str]| list.contains(&name.name.as_str());
        (is_built_in && is_among(&BUILT_IN)) || is_among(&OF_EXTENSIONS)
    })?;
    Some(format!("{}()", found.name))
}

/// Volatile functions of Postgres (`provolatile = 'v'` in `pg_proc`). `now()` and
/// `statement_timestamp()` are stable: Postgres calls them once for all rows.
const BUILT_IN: [&str; 12] = [
    "array_sample",
    "array_shuffle",
    "clock_timestamp",
    "currval",
    "gen_random_uuid",
    "lastval",
    "nextval",
    "random",
    "random_normal",
    "timeofday",
    "uuidv4",
    "uuidv7",
];

/// Volatile functions of `uuid-ossp` and `pgcrypto`, which can be in any schema.
const OF_EXTENSIONS: [&str; 5] = [
    "gen_random_bytes",
    "gen_salt",
    "uuid_generate_v1",
    "uuid_generate_v1mc",
    "uuid_generate_v4",
];
