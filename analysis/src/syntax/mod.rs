//! Text that is not SQL: what the parser refuses, and what it accepts although Postgres does not.

mod explain;
#[cfg(test)]
mod tests;
mod words;

use migrator_model::Code;

use crate::characters;
use crate::finding::Finding;
use crate::kinds::{is_drop, is_type};
use crate::parse::{Id, Kind, ROOT, Sql};
use crate::script::Script;
use explain::{Explained, explain};

/// What to do where nothing better is known.
const HELP: &str = "write it in Postgres's syntax; `migrator check --server` asks a server";

/// The first syntax error of a script: what follows it is mostly of its making.
pub(crate) fn find<'a>(script: &'a Script<'a>) -> Option<Finding<'a>> {
    let sql = &script.sql;
    let refused = sql.errors.first();
    let refused = refused.map(|error| explain(sql, error.offset, &error.message));
    let passed = [
        explain::unseparated(sql),
        untyped(sql),
        nameless(sql),
        idle(sql),
        unquoted(sql),
    ];
    let mut found = refused.into_iter().chain(passed.into_iter().flatten());
    let first = found.next()?;
    let Explained {
        offset,
        message,
        help,
    } = found.fold(first, |first, other| match other.offset < first.offset {
        true => other,
        false => first,
    });
    let character = characters::behind_error(sql.text, offset);
    let (offset, message, help) = character.unwrap_or((offset, message, help));
    let message = format!("this is not SQL: {message}");
    Some(Finding::new(script, Code::M0208, offset, message, help))
}

/// A column without a type, where it cannot have one from elsewhere.
fn untyped(sql: &Sql<'_>) -> Option<Explained> {
    let column = sql.descendants(ROOT).find(|&node| {
        let has_type = || sql.children(node).any(|child| is_type(sql.kind(child)));
        let within = |kind| sql.ancestors(node).any(|id| sql.child(id, kind).is_some());
        sql.kind(node) == Kind::COLUMN
            && sql.child(node, Kind::COLUMN_NAME).is_some()
            && !has_type()
            && !within(Kind::PARTITION_OF)
            && !within(Kind::OF_TYPE)
            && sql
                .ancestors(node)
                .any(|id| sql.kind(id) == Kind::CREATE_TABLE)
    })?;
    let name = sql.text_of(sql.child(column, Kind::COLUMN_NAME)?);
    let offset = sql.range(column).start;
    let known = words::foreign(name);
    Some(match known {
        Some(help) => Explained::new(
            offset,
            format!("{} is not known to Postgres", shown(name)),
            help,
        ),
        None => Explained::new(
            offset,
            format!("the column {} has no type", shown(name)),
            HELP,
        ),
    })
}

/// A DROP of nothing.
fn nameless(sql: &Sql<'_>) -> Option<Explained> {
    let statement = sql.all_statements().find(|&id| {
        let is_name = |child: &Id| !sql.is_leaf(*child) && !is_modifier(sql.kind(*child));
        is_drop(sql.kind(id)) && sql.children(id).find(is_name).is_none()
    })?;
    let offset = sql.range(statement).start;
    Some(Explained::new(offset, "it does not say what to drop", HELP))
}

fn is_modifier(kind: Kind) -> bool {
    matches!(kind, Kind::IF_EXISTS | Kind::CASCADE | Kind::RESTRICT)
}

/// An ALTER TABLE that ends behind the table.
fn idle(sql: &Sql<'_>) -> Option<Explained> {
    let statement = sql.all_statements().find(|&id| {
        let is_action = |child: &Id| {
            let kind = sql.kind(*child);
            !sql.is_leaf(*child) && !matches!(kind, Kind::TABLE_RELATION_NAME | Kind::IF_EXISTS)
        };
        sql.kind(id) == Kind::ALTER_TABLE
            && sql.child(id, Kind::SEMICOLON).is_some()
            && sql.children(id).find(is_action).is_none()
    })?;
    let offset = sql.range(statement).start;
    Some(Explained::new(
        offset,
        "it does not say what to alter",
        HELP,
    ))
}

/// A name in double quotes where only a value can stand: in the rows of an INSERT,
/// or as a default.
fn unquoted(sql: &Sql<'_>) -> Option<Explained> {
    let name = sql.descendants(ROOT).find(|&node| {
        if sql.kind(node) != Kind::NAME_REF || !sql.text_of(node).starts_with('"') {
            return false;
        }
        let parent = sql.parent(node);
        if sql.kind(parent) != Kind::ROW {
            return sql.kind(parent) == Kind::DEFAULT_CONSTRAINT;
        }
        let around = sql.ancestors(parent).map(|id| sql.kind(id));
        let of_insert = [
            Kind::ROW_LIST,
            Kind::VALUES,
            Kind::INSERT,
            Kind::SOURCE_FILE,
        ];
        around.eq(of_insert)
    })?;
    let text = sql.text_of(name);
    let value = text.trim_matches('"').replace('\'', "''");
    Some(Explained::new(
        sql.range(name).start,
        format!(
            "{} is the name of a column here, as double quotes quote names",
            shown(text)
        ),
        format!(
            "write a string in single quotes: `'{}'`",
            shown_part(&value)
        ),
    ))
}

/// A text in back-ticks, unless it has some itself.
fn shown(text: &str) -> String {
    match text.contains('`') {
        true => text.replace('`', "'"),
        false => format!("`{text}`"),
    }
}

fn shown_part(text: &str) -> String {
    text.replace('`', "'")
}
