//! Finds SQL that the parser accepts and Postgres refuses.

use super::context::ErrorContext;
use super::explanation::{Explanation, HELP, shown, shown_part};
use super::words;
use crate::kinds::{is_drop, is_type};
use crate::parse::{Id, Kind, ROOT, Sql};

/// The first error of each kind.
pub(super) fn find(sql: &Sql<'_>) -> impl Iterator<Item = Explanation> {
    let found = [
        missing_semicolon(sql),
        without_type(sql),
        without_name(sql),
        without_action(sql),
        double_quoted_value(sql),
    ];
    found.into_iter().flatten()
}

/// Two statements without a semicolon between them, or an unknown action of ALTER TABLE.
fn missing_semicolon(sql: &Sql<'_>) -> Option<Explanation> {
    let statements: Vec<Id> = sql.all_statements().collect();
    let mut pairs = statements.windows(2).filter(|pair| {
        // The semicolon of CREATE SCHEMA is a part of its last element.
        let ends = sql.descendants(pair[0]).last();
        let is_statement = |id: Id| !matches!(sql.kind(id), Kind::ERROR | Kind::EMPTY_STMT);
        ends.is_none_or(|end| sql.kind(end) != Kind::SEMICOLON)
            && is_statement(pair[0])
            && is_statement(pair[1])
    });
    let next = pairs.next()?[1];
    let offset = sql.range(next).start;
    let context = ErrorContext::at(sql.text, offset);
    Some(context.action().unwrap_or_else(|| {
        Explanation::new(
            offset,
            "a semicolon is missing before this statement",
            "end the statement before it with `;`",
        )
    }))
}

/// A column without a type in a new table that is no partition and has no type of its own.
fn without_type(sql: &Sql<'_>) -> Option<Explanation> {
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
        Some(help) => Explanation::new(
            offset,
            format!("{} is not known to Postgres", shown(name)),
            help,
        ),
        None => Explanation::new(
            offset,
            format!("the column {} has no type", shown(name)),
            HELP,
        ),
    })
}

/// A DROP without a name.
fn without_name(sql: &Sql<'_>) -> Option<Explanation> {
    let statement = sql.all_statements().find(|&id| {
        let is_name = |child: &Id| !sql.is_leaf(*child) && !is_modifier(sql.kind(*child));
        is_drop(sql.kind(id)) && sql.children(id).find(is_name).is_none()
    })?;
    let offset = sql.range(statement).start;
    Some(Explanation::new(offset, "this DROP has no name", HELP))
}

fn is_modifier(kind: Kind) -> bool {
    matches!(kind, Kind::IF_EXISTS | Kind::CASCADE | Kind::RESTRICT)
}

/// An ALTER TABLE without an action.
fn without_action(sql: &Sql<'_>) -> Option<Explanation> {
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
    Some(Explanation::new(
        offset,
        "this ALTER TABLE has no action",
        HELP,
    ))
}

/// A name in double quotes in place of a value: in the rows of an INSERT, or as a default.
fn double_quoted_value(sql: &Sql<'_>) -> Option<Explanation> {
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
    Some(Explanation::new(
        sql.range(name).start,
        format!(
            "{} is a column name here, because double quotes quote names",
            shown(text)
        ),
        format!(
            "write a string in single quotes: `'{}'`",
            shown_part(&value)
        ),
    ))
}
