//! Normalises definitions and types, so that they can be compared.

use crate::kinds::is_type;
use crate::names::fold_whole;
use crate::parse::{Id, Kind, Sql};
use crate::sql_type::canonical;

/// The words of a statement or clause, without optional words.
pub(crate) fn definition(sql: &Sql<'_>, node: Id) -> String {
    let mut words: Vec<String> = Vec::new();
    let mut skipped = 0;
    for id in sql.descendants(node) {
        if id < skipped {
            continue;
        }
        if is_optional(sql.kind(id)) {
            skipped = sql.descendants(id).end;
        } else if sql.is_leaf(id) {
            words.extend(word(sql, id));
        }
    }
    words.join(" ")
}

/// Whether a node does not change the object that the statement creates.
fn is_optional(kind: Kind) -> bool {
    matches!(
        kind,
        Kind::IF_NOT_EXISTS
            | Kind::IF_EXISTS
            | Kind::OR_REPLACE
            | Kind::NOT_VALID
            | Kind::CONCURRENTLY_KW
            | Kind::ONLY_KW
            | Kind::SEMICOLON
            | Kind::L_PAREN
            | Kind::R_PAREN
    )
}

fn word(sql: &Sql<'_>, leaf: Id) -> Option<String> {
    let text = sql.text_of(leaf);
    let word = match sql.kind(leaf) {
        Kind::DOLLAR_QUOTED_STRING => {
            let tag = text.get(1..).and_then(|rest| rest.find('$'))? + 2;
            text.get(tag..text.len().checked_sub(tag)?)?.to_owned()
        }
        Kind::STRING => text.trim_matches('\'').to_owned(),
        _ => fold_whole(text),
    };
    Some(word)
}

/// The type that is a child of a node, under the name that Postgres has for it.
///
/// Returns `None` for `%TYPE`, which refers to another definition.
pub(crate) fn type_of(sql: &Sql<'_>, node: Id) -> Option<String> {
    let found = sql.children(node).find(|&id| is_type(sql.kind(id)))?;
    if sql.find(found, Kind::PERCENT_TYPE_CLAUSE).is_some() {
        return None;
    }
    let leaves = sql.descendants(found).filter(|&id| sql.is_leaf(id));
    let words: Vec<String> = leaves.map(|id| fold_whole(sql.text_of(id))).collect();
    Some(type_name(&words))
}

fn type_name(words: &[String]) -> String {
    let mut base: Vec<&str> = Vec::new();
    let mut modifiers: Vec<&str> = Vec::new();
    let mut array = "";
    let (mut is_inside, mut is_bound) = (false, false);
    for word in words {
        match word.as_str() {
            "(" => is_inside = true,
            ")" => is_inside = false,
            "[" => (is_bound, array) = (true, "[]"),
            "]" => is_bound = false,
            "array" => array = "[]",
            "," | "." => {}
            word if is_inside => modifiers.push(word),
            _ if is_bound => {}
            word => base.push(word),
        }
    }
    if base.len() > 1 && ["pg_catalog", "public"].contains(&base[0]) {
        base.remove(0);
    }
    let base = base.join(" ");
    let base = canonical(&base).unwrap_or(&base);
    let modifiers = match (base, modifiers.as_slice()) {
        ("timestamp" | "timestamptz" | "time" | "timetz" | "interval", ["6"]) => Vec::new(),
        ("numeric", [precision, "0"]) => vec![*precision],
        ("char" | "bit", []) => vec!["1"],
        _ => modifiers,
    };
    let base = match base {
        "serial" | "serial4" => "integer",
        "bigserial" | "serial8" => "bigint",
        "smallserial" | "serial2" => "smallint",
        other => other,
    };
    match modifiers.is_empty() {
        true => format!("{base}{array}"),
        false => format!("{base}({}){array}", modifiers.join(",")),
    }
}

/// Whether the type that is a child of a node takes values from a sequence.
pub(crate) fn is_serial(sql: &Sql<'_>, node: Id) -> bool {
    let found = sql.children(node).find(|&id| is_type(sql.kind(id)));
    found.is_some_and(|id| {
        let word = fold_whole(sql.text_of(id));
        word.starts_with("serial") || ["bigserial", "smallserial"].contains(&word.as_str())
    })
}

/// Whether two types differ. A schema in front of one does not count.
pub(crate) fn is_other_type(one: &str, other: &str) -> bool {
    let last = |text: &str| text.rsplit(' ').next().unwrap_or_default().to_owned();
    one != other && last(one) != last(other)
}

/// The types of a function's arguments, without OUT arguments. `None` if one is unknown.
pub(crate) fn arguments(sql: &Sql<'_>, list: Id) -> Option<Vec<String>> {
    let is_given =
        |&id: &Id| sql.kind(id) == Kind::PARAM && sql.child(id, Kind::PARAM_OUT).is_none();
    let types = sql.children(list).filter(is_given);
    let types = types.map(|id| Some(without_modifiers(&type_of(sql, id)?)));
    types.collect()
}

fn without_modifiers(name: &str) -> String {
    let (base, rest) = name.split_once('(').unwrap_or((name, ""));
    let array = rest.split_once(')').map_or("", |(_, array)| array);
    format!("{base}{array}")
}

/// Whether two functions of one name have different arguments.
pub(crate) fn are_other_arguments(one: &[String], other: &[String]) -> bool {
    let mut pairs = one.iter().zip(other);
    one.len() != other.len() || pairs.any(|(one, other)| is_other_type(one, other))
}
