//! Drops what CREATE statements create.

use super::drafter::Drafter;
use super::step::{Step, Undo};
use super::words::{Words, beside, derived};
use crate::kinds::is_type;
use crate::names::{fold, name_of};
use crate::objects::{Object, Space};
use crate::parse::{Id, Kind};

const GUARDED: &str = "unless the object was there before";
const OF_CLUSTER: &str = "if no other database of the cluster uses it";

/// Adds the steps for a CREATE statement.
pub(super) fn steps(drafter: &mut Drafter<'_>, statement: Id) {
    let object = drafter.created(statement);
    let is_temporary = drafter.sql.find(statement, Kind::TEMP).is_some();
    if is_temporary {
        return;
    }
    let is_replacement = drafter.has(statement, Kind::OR_REPLACE);
    if is_replacement && object.as_ref().is_some_and(|one| drafter.makes(one)) {
        return;
    }
    let Some(undo) = undo(drafter, statement) else {
        return drafter.gap(statement, "the name of what this creates is not certain");
    };
    let is_guarded = drafter.sql.child(statement, Kind::IF_NOT_EXISTS).is_some();
    let step = match drafter.sql.kind(statement) {
        _ if is_replacement => Step::Perhaps {
            undo,
            when: "or by the earlier definition, if there was one",
        },
        Kind::CREATE_ROLE | Kind::CREATE_USER | Kind::CREATE_GROUP => Step::Perhaps {
            undo,
            when: OF_CLUSTER,
        },
        _ if is_guarded => Step::Perhaps {
            undo,
            when: GUARDED,
        },
        _ => Step::Undo(undo),
    };
    if goes_with_its_table(drafter, statement) {
        return;
    }
    // An object that may have been there before is not the script's own.
    if let (Step::Undo(_), Some(object)) = (&step, object) {
        drafter.make(object);
    }
    drafter.push(statement, step);
}

/// Whether the object is an index of a table that the script creates, and needs nothing else.
fn goes_with_its_table(drafter: &Drafter<'_>, statement: Id) -> bool {
    if drafter.sql.kind(statement) != Kind::CREATE_INDEX {
        return false;
    }
    let table = crate::clauses::table_of(drafter.sql, statement);
    table.is_some_and(|table| drafter.is_last_made(&Object::relation(table)))
}

/// The words after DROP, for an object whose DROP statement has its name alone.
fn drop_words(kind: Kind) -> Option<&'static str> {
    Some(match kind {
        Kind::CREATE_ACCESS_METHOD => "ACCESS METHOD",
        Kind::CREATE_COLLATION => "COLLATION",
        Kind::CREATE_CONVERSION => "CONVERSION",
        Kind::CREATE_DOMAIN => "DOMAIN",
        Kind::CREATE_EVENT_TRIGGER => "EVENT TRIGGER",
        Kind::CREATE_EXTENSION => "EXTENSION",
        Kind::CREATE_FOREIGN_DATA_WRAPPER => "FOREIGN DATA WRAPPER",
        Kind::CREATE_FOREIGN_TABLE => "FOREIGN TABLE",
        Kind::CREATE_LANGUAGE => "LANGUAGE",
        Kind::CREATE_MATERIALIZED_VIEW => "MATERIALIZED VIEW",
        Kind::CREATE_PUBLICATION => "PUBLICATION",
        Kind::CREATE_ROLE | Kind::CREATE_USER | Kind::CREATE_GROUP => "ROLE",
        Kind::CREATE_SCHEMA => "SCHEMA",
        Kind::CREATE_SEQUENCE => "SEQUENCE",
        Kind::CREATE_SERVER => "SERVER",
        Kind::CREATE_STATISTICS => "STATISTICS",
        Kind::CREATE_TABLE | Kind::CREATE_TABLE_AS => "TABLE",
        Kind::CREATE_TEXT_SEARCH_CONFIGURATION => "TEXT SEARCH CONFIGURATION",
        Kind::CREATE_TEXT_SEARCH_DICTIONARY => "TEXT SEARCH DICTIONARY",
        Kind::CREATE_TEXT_SEARCH_PARSER => "TEXT SEARCH PARSER",
        Kind::CREATE_TEXT_SEARCH_TEMPLATE => "TEXT SEARCH TEMPLATE",
        Kind::CREATE_TYPE => "TYPE",
        Kind::CREATE_VIEW => "VIEW",
        _ => return None,
    })
}

fn undo(drafter: &Drafter<'_>, statement: Id) -> Option<Undo> {
    let sql = drafter.sql;
    let kind = sql.kind(statement);
    let mut words = drafter.words(statement);
    match kind {
        Kind::CREATE_INDEX => return index(drafter, statement),
        Kind::CREATE_FUNCTION => return routine(drafter, statement, "FUNCTION"),
        Kind::CREATE_PROCEDURE => return routine(drafter, statement, "PROCEDURE"),
        Kind::CREATE_AGGREGATE => return aggregate(drafter, statement),
        Kind::CREATE_TRIGGER => return of_table(words, "TRIGGER", "ON"),
        Kind::CREATE_POLICY => return of_table(words, "POLICY", "ON"),
        Kind::CREATE_RULE => return of_table(words, "RULE", "TO"),
        Kind::CREATE_OPERATOR => return operator(words),
        Kind::CREATE_CAST => {
            words.until("CAST")?;
            return Some(Undo::guardable("DROP CAST", words.group()?));
        }
        Kind::CREATE_TRANSFORM => {
            words.until("TRANSFORM")?;
            let of = words.until("(")?;
            return Some(Undo::guardable("DROP TRANSFORM", of));
        }
        Kind::SELECT_INTO => {
            words.until("INTO")?;
            words.eat("UNLOGGED");
            words.eat("TABLE");
            return Some(Undo::guardable("DROP TABLE", words.name()?));
        }
        // A schema may create its objects in the same statement.
        Kind::CREATE_SCHEMA if schema_has_objects(drafter, statement) => return None,
        _ => {}
    }
    let what = drop_words(kind)?;
    let last = match kind {
        Kind::CREATE_USER => "USER",
        Kind::CREATE_GROUP => "GROUP",
        _ => what.rsplit(' ').next()?,
    };
    words.until(last)?;
    words.eat("IF NOT EXISTS");
    if words.peek()?.eq_ignore_ascii_case("AUTHORIZATION") {
        words.next();
    }
    let name = words.name()?;
    let has_no_name = kind == Kind::CREATE_STATISTICS && name.eq_ignore_ascii_case("ON");
    (!has_no_name).then(|| Undo::guardable(format!("DROP {what}"), name))
}

fn schema_has_objects(drafter: &Drafter<'_>, statement: Id) -> bool {
    let sql = drafter.sql;
    let mut children = sql.children(statement);
    children.any(|child| crate::kinds::is_create(sql.kind(child)))
}

fn index(drafter: &Drafter<'_>, statement: Id) -> Option<Undo> {
    let mut words = drafter.words(statement);
    words.until("INDEX")?;
    let is_concurrent = words.eat("CONCURRENTLY");
    words.eat("IF NOT EXISTS");
    let name = match words.eat("ON") {
        true => None,
        false => {
            let name = words.name()?;
            words.eat("ON").then_some(())?;
            Some(name)
        }
    };
    words.eat("ONLY");
    let table = words.name()?;
    let name = match name {
        Some(name) => name,
        None => derived_index(drafter, statement, &table)?,
    };
    let head = match is_concurrent {
        true => "DROP INDEX CONCURRENTLY",
        false => "DROP INDEX",
    };
    Some(Undo::guardable(head, beside(&name, &table)))
}

/// The name that Postgres gives an index of plain columns.
fn derived_index(drafter: &Drafter<'_>, statement: Id, table: &str) -> Option<String> {
    let mut words = drafter.words(statement);
    words.until(table.rsplit('.').next()?)?;
    if words.eat("USING") {
        words.next();
    }
    let list = words.group()?;
    let columns = list.trim_matches(['(', ')']).split(',').map(str::trim);
    let is_name = |word: &str| {
        !word.is_empty() && word.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
    };
    let columns: Option<Vec<String>> = columns.map(|one| is_name(one).then(|| fold(one))).collect();
    let has_include = drafter.has(statement, Kind::INDEX_INCLUDE_CLAUSE);
    derived(table, &columns.filter(|_| !has_include)?, "idx")
}

/// A function or procedure, with the types of its arguments.
fn routine(drafter: &Drafter<'_>, statement: Id, what: &str) -> Option<Undo> {
    let sql = drafter.sql;
    let mut words = drafter.words(statement);
    words.until(what)?;
    let name = words.name()?;
    let list = sql.child(statement, Kind::PARAM_LIST)?;
    let params = sql.children(list).filter(|&id| sql.kind(id) == Kind::PARAM);
    // The OUT arguments of a procedure count.
    let is_given = |&id: &Id| what == "PROCEDURE" || sql.child(id, Kind::PARAM_OUT).is_none();
    let types: Option<Vec<String>> = params
        .filter(is_given)
        .map(|param| {
            let found = sql.children(param).find(|&id| is_type(sql.kind(id)))?;
            let out = match sql.child(param, Kind::PARAM_OUT) {
                Some(_) => "OUT ",
                None => "",
            };
            Some(format!(
                "{out}{}",
                super::words::one_line(sql.text_of(found))
            ))
        })
        .collect();
    let arguments = types?.join(", ");
    Some(Undo::guardable(
        format!("DROP {what}"),
        format!("{name}({arguments})"),
    ))
}

/// An aggregate. One in the old style names its type inside the definition.
fn aggregate(drafter: &Drafter<'_>, statement: Id) -> Option<Undo> {
    let mut words = drafter.words(statement);
    words.until("AGGREGATE")?;
    let name = words.name()?;
    let arguments = words.group()?;
    words.group()?;
    Some(Undo::guardable(
        "DROP AGGREGATE",
        format!("{name}{arguments}"),
    ))
}

/// A part of a table.
fn of_table(mut words: Words<'_>, what: &str, before: &str) -> Option<Undo> {
    words.until(what)?;
    let name = words.name()?;
    if before == "TO" {
        words.until("ON")?;
    }
    words.until(before)?;
    let table = words.name()?;
    Some(Undo::guardable(
        format!("DROP {what}"),
        format!("{name} ON {table}"),
    ))
}

fn operator(mut words: Words<'_>) -> Option<Undo> {
    words.until("OPERATOR")?;
    let name: String = words.until("(")?.split_whitespace().collect();
    let (mut left, mut right) = ("NONE".to_owned(), "NONE".to_owned());
    let inside = words.rest();
    for part in inside.trim_end_matches(')').split(',') {
        if let Some((key, value)) = part.split_once('=') {
            match key.trim().to_ascii_lowercase().as_str() {
                "leftarg" => value.trim().clone_into(&mut left),
                "rightarg" => value.trim().clone_into(&mut right),
                _ => {}
            }
        }
    }
    Some(Undo::guardable(
        "DROP OPERATOR",
        format!("{name} ({left}, {right})"),
    ))
}

/// The part of a table that a constraint or column is, by its name.
pub(super) fn part(drafter: &Drafter<'_>, space: Space, table: Id, name: &str) -> Option<Object> {
    let table = name_of(drafter.sql, table)?;
    Some(Object::part(space, table, fold(name)))
}
