//! Writes the statements that a down script lacks.

use crate::kinds::alter_words;
use crate::names::Name;
use crate::objects::{Object, Space};
use crate::parse::Kind;

use super::operations::Operation;

/// The statement that drops an object. `made_by` is the kind of the statement that created it.
pub(super) fn drop_statement(object: &Object, made_by: Kind) -> String {
    let name = quoted(&object.name);
    let table = object.of.as_ref().map(quoted).unwrap_or_default();
    match object.space {
        Space::Relation => format!("DROP {} {name};", relation(made_by)),
        Space::Type if made_by == Kind::CREATE_DOMAIN => format!("DROP DOMAIN {name};"),
        Space::Type => format!("DROP TYPE {name};"),
        Space::Routine if made_by == Kind::CREATE_AGGREGATE => format!("DROP AGGREGATE {name}(…);"),
        Space::Routine if made_by == Kind::CREATE_PROCEDURE => format!("DROP PROCEDURE {name};"),
        Space::Routine => format!("DROP FUNCTION {name};"),
        Space::Schema => format!("DROP SCHEMA {name};"),
        Space::Extension => format!("DROP EXTENSION {name};"),
        Space::Statistics => format!("DROP STATISTICS {name};"),
        Space::Trigger => format!("DROP TRIGGER {name} ON {table};"),
        Space::Policy => format!("DROP POLICY {name} ON {table};"),
        Space::Rule => format!("DROP RULE {name} ON {table};"),
        Space::Column => format!("ALTER TABLE {table} DROP COLUMN {name};"),
        Space::Constraint => format!("ALTER TABLE {table} DROP CONSTRAINT {name};"),
    }
}

/// The start of the statement that creates a dropped object again.
pub(super) fn make_statement(object: &Object, dropped_by: Kind) -> String {
    let name = quoted(&object.name);
    let table = object.of.as_ref().map(quoted).unwrap_or_default();
    match object.space {
        Space::Column => format!("ALTER TABLE {table} ADD COLUMN {name} …;"),
        Space::Constraint => format!("ALTER TABLE {table} ADD CONSTRAINT {name} …;"),
        Space::Trigger => format!("CREATE TRIGGER {name} … ON {table} …;"),
        Space::Policy => format!("CREATE POLICY {name} ON {table} …;"),
        Space::Rule => format!("CREATE RULE {name} AS … TO {table} …;"),
        // CREATE INDEX takes no schema. The index is in the schema of its table.
        Space::Relation if dropped_by == Kind::DROP_INDEX => {
            format!("CREATE INDEX {} ON …;", quoted_part(&object.name.name))
        }
        Space::Relation => format!("CREATE {} {name} …;", relation(dropped_by)),
        Space::Type if dropped_by == Kind::DROP_DOMAIN => format!("CREATE DOMAIN {name} …;"),
        Space::Type => format!("CREATE TYPE {name} …;"),
        Space::Routine if dropped_by == Kind::DROP_AGGREGATE => {
            format!("CREATE AGGREGATE {name} …;")
        }
        Space::Routine if dropped_by == Kind::DROP_PROCEDURE => {
            format!("CREATE PROCEDURE {name} …;")
        }
        Space::Routine => format!("CREATE FUNCTION {name} …;"),
        Space::Schema => format!("CREATE SCHEMA {name};"),
        Space::Extension => format!("CREATE EXTENSION {name};"),
        Space::Statistics => format!("CREATE STATISTICS {name} …;"),
    }
}

/// The statement that restores the name or schema of an object.
pub(super) fn rename_statement(now: &Object, before: &Object, renamed_by: Kind) -> String {
    let name = quoted(&now.name);
    let old = quoted_part(&before.name.name);
    let table = now.of.as_ref().map(quoted).unwrap_or_default();
    let altered = alter_words(renamed_by).unwrap_or("ALTER TABLE");
    match now.space {
        Space::Column => format!("ALTER TABLE {table} RENAME COLUMN {name} TO {old};"),
        Space::Constraint => format!("ALTER TABLE {table} RENAME CONSTRAINT {name} TO {old};"),
        Space::Trigger | Space::Policy | Space::Rule => {
            format!("{altered} {name} ON {table} RENAME TO {old};")
        }
        _ if now.name.name == before.name.name => {
            let schema = before.name.schema.as_deref().unwrap_or("public");
            format!("{altered} {name} SET SCHEMA {};", quoted_part(schema))
        }
        _ => format!("{altered} {name} RENAME TO {old};"),
    }
}

/// The object in messages. A view is called a view, not a relation.
pub(super) fn shown(object: &Object, kind: Kind) -> String {
    let of_table = object.of.as_ref();
    let word = match object.space {
        Space::Relation => relation(kind).to_ascii_lowercase(),
        other => other.word().to_owned(),
    };
    match of_table {
        Some(table) => format!("{word} `{}` of `{table}`", object.name),
        None => format!("{word} `{}`", object.name),
    }
}

fn relation(kind: Kind) -> &'static str {
    match kind {
        Kind::CREATE_VIEW | Kind::DROP_VIEW | Kind::ALTER_VIEW => "VIEW",
        Kind::CREATE_MATERIALIZED_VIEW
        | Kind::DROP_MATERIALIZED_VIEW
        | Kind::ALTER_MATERIALIZED_VIEW => "MATERIALIZED VIEW",
        Kind::CREATE_SEQUENCE | Kind::DROP_SEQUENCE | Kind::ALTER_SEQUENCE => "SEQUENCE",
        Kind::CREATE_INDEX | Kind::DROP_INDEX | Kind::ALTER_INDEX => "INDEX",
        Kind::CREATE_FOREIGN_TABLE | Kind::DROP_FOREIGN_TABLE | Kind::ALTER_FOREIGN_TABLE => {
            "FOREIGN TABLE"
        }
        _ => "TABLE",
    }
}

pub(super) fn quoted(name: &Name) -> String {
    let own = quoted_part(&name.name);
    match &name.schema {
        Some(schema) => format!("{}.{own}", quoted_part(schema)),
        None => own,
    }
}

/// A name, quoted if necessary. Keywords are not quoted.
pub(super) fn quoted_part(name: &str) -> String {
    let is_plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    let starts_well = name.starts_with(|c: char| c.is_ascii_lowercase() || c == '_');
    if starts_well && name.chars().all(is_plain) {
        name.to_owned()
    } else {
        format!("\"{}\"", name.replace('"', "\"\""))
    }
}

pub(super) fn again(object: &Object, by: &Operation<'_>) -> String {
    let statement = make_statement(object, by.kind);
    format!("write `{statement}` in the down script")
}
