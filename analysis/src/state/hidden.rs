//! Effects of a statement that its text does not show.

use std::collections::BTreeSet;

use crate::names::{fold, words};
use crate::parse::{Id, Kind, Sql};

/// The objects that a statement may create, drop or alter beyond its text.
pub(super) enum Hidden {
    /// None.
    Nothing,
    /// Objects with one of these names.
    Names(BTreeSet<String>),
    /// Any object.
    Anything,
}

pub(super) fn hidden_by(sql: &Sql<'_>, statement: Id) -> Hidden {
    match sql.kind(statement) {
        Kind::DROP_OWNED => Hidden::Anything,
        _ if !is_dynamic(sql, statement) => Hidden::Nothing,
        Kind::DO if !puts_together(sql.text_of(statement)) => {
            Hidden::Names(names(sql.text_of(statement)))
        }
        Kind::CALL | Kind::EXECUTE | Kind::IMPORT_FOREIGN_SCHEMA | Kind::DO => Hidden::Anything,
        _ => Hidden::Names(names(sql.text_of(statement))),
    }
}

/// Whether a block builds a statement from parts, so that its text does not show all names.
fn puts_together(text: &str) -> bool {
    let text = text.to_ascii_lowercase();
    let mut executes = text.split("execute").skip(1);
    executes.any(|rest| {
        let rest = rest.trim_start();
        let statement = rest.split(';').next().unwrap_or_default();
        !rest.starts_with(['\'', '$'])
            && !rest.starts_with("function")
            && !rest.starts_with("procedure")
            || statement.contains("||")
    })
}

pub(super) fn names(text: &str) -> BTreeSet<String> {
    words(text).into_iter().collect()
}

/// Whether a statement may run SQL that the script does not contain.
pub(crate) fn is_dynamic(sql: &Sql<'_>, statement: Id) -> bool {
    match sql.kind(statement) {
        Kind::DO => is_dynamic_block(sql, statement),
        Kind::CALL | Kind::EXECUTE | Kind::IMPORT_FOREIGN_SCHEMA => true,
        Kind::SELECT | Kind::SELECT_INTO | Kind::COMPOUND_SELECT | Kind::PAREN_SELECT => {
            let mut calls = sql.descendants(statement);
            calls.any(|id| sql.kind(id) == Kind::CALL_EXPR && !is_harmless(sql, id))
        }
        _ => false,
    }
}

/// Whether a block does more than raise an error or change rows.
fn is_dynamic_block(sql: &Sql<'_>, statement: Id) -> bool {
    let text = sql.text_of(statement);
    let is_plpgsql = sql
        .find(statement, Kind::DO_LANGUAGE)
        .is_none_or(|language| {
            sql.text_of(language)
                .to_ascii_lowercase()
                .contains("plpgsql")
        });
    let outside_strings = text.split('\'').step_by(2);
    let is_quoted = text.split('\'').nth(1).is_some() && !text.contains('$');
    let mut words = outside_strings.flat_map(|part| part.split(|c: char| !c.is_alphanumeric()));
    let acts = words.any(|word| ACTS.iter().any(|act| word.eq_ignore_ascii_case(act)));
    !is_plpgsql || is_quoted || acts
}

const ACTS: [&str; 6] = ["create", "drop", "alter", "execute", "perform", "call"];

/// Whether a function is known to create and drop nothing.
fn is_harmless(sql: &Sql<'_>, call: Id) -> bool {
    let Some(callee) = sql.children(call).next() else {
        return true;
    };
    let parts: Vec<String> = sql.text_of(callee).split('.').map(fold).collect();
    match parts.as_slice() {
        [schema, _] => schema == "pg_catalog",
        [name] => HARMLESS.contains(&name.as_str()) || name.starts_with("pg_"),
        _ => false,
    }
}

const HARMLESS: [&str; 20] = [
    "array_agg",
    "coalesce",
    "count",
    "current_setting",
    "currval",
    "exists",
    "format",
    "json_agg",
    "jsonb_agg",
    "lastval",
    "lower",
    "max",
    "min",
    "nextval",
    "now",
    "set_config",
    "setval",
    "string_agg",
    "sum",
    "upper",
];
