//! Reverts ALTER statements.

use super::drafter::Drafter;
use super::step::{Step, Undo};
use super::table;
use super::words::beside;
use crate::kinds::{alter_words, is_rename};
use crate::objects::{Effect, Object};
use crate::parse::{Id, Kind};

/// Adds the steps for an ALTER statement.
pub(super) fn steps(drafter: &mut Drafter<'_>, statement: Id) {
    let sql = drafter.sql;
    let mut children = sql.children(statement);
    let renames = children.any(|id| is_rename(sql.kind(id)) || sql.kind(id) == Kind::SET_SCHEMA);
    if renames {
        return rename(drafter, statement);
    }
    let kind = sql.kind(statement);
    if matches!(kind, Kind::ALTER_TABLE | Kind::ALTER_FOREIGN_TABLE) {
        return table::steps(drafter, statement);
    }
    let target = drafter.target(statement);
    let is_own = target.is_some_and(|target| drafter.is_last_made(&target));
    match kind {
        _ if is_own => {}
        Kind::ALTER_TYPE => type_(drafter, statement),
        Kind::ALTER_DOMAIN => domain(drafter, statement),
        Kind::ALTER_INDEX if drafter.has(statement, Kind::ATTACH_INDEX_PARTITION) => {
            drafter.gap(statement, "Postgres cannot detach an index from its parent");
        }
        _ => drafter.gap(statement, "the state before it is not known"),
    }
}

/// Renames an object back, or moves it back to its schema.
fn rename(drafter: &mut Drafter<'_>, statement: Id) {
    let Some(undo) = renamed(drafter, statement) else {
        return drafter.gap(statement, "the name or schema before it is not certain");
    };
    if let Some((old, new)) = renamed_object(drafter, statement) {
        drafter.rename(&old, new);
    }
    let is_guarded = drafter.sql.find(statement, Kind::IF_EXISTS).is_some();
    let step = match is_guarded {
        true => Step::Perhaps {
            undo,
            when: "if the object is there",
        },
        false => Step::Undo(undo),
    };
    drafter.push(statement, step);
}

fn renamed_object(drafter: &Drafter<'_>, statement: Id) -> Option<(Object, Object)> {
    let old = drafter.first(statement, Effect::Drop)?;
    Some((old, drafter.created(statement)?))
}

fn renamed(drafter: &Drafter<'_>, statement: Id) -> Option<Undo> {
    let sql = drafter.sql;
    let kind = sql.kind(statement);
    let alter = alter_words(kind)?;
    let mut words = drafter.words(statement);
    words.eat(alter).then_some(())?;
    words.eat("IF EXISTS");
    words.eat("ONLY");
    let name = words.name()?;
    let arguments = words.group().unwrap_or_default();
    let of = match words.eat("ON") {
        true => format!(" ON {}", words.name()?),
        false => String::new(),
    };
    if words.eat("RENAME TO") {
        let new = beside(&words.name()?, &name);
        let old = name.rsplit('.').next()?.to_owned();
        let text = format!("{alter} {new}{arguments}{of} RENAME TO {old}");
        return Some(Undo::plain(text));
    }
    if words.eat("SET SCHEMA") {
        let (schema, bare) = name.rsplit_once('.')?;
        let new = words.name()?;
        let text = format!("{alter} {new}.{bare}{arguments} SET SCHEMA {schema}");
        return Some(Undo::plain(text));
    }
    None
}

fn type_(drafter: &mut Drafter<'_>, statement: Id) {
    let mut words = drafter.words(statement);
    words.eat("ALTER TYPE");
    let Some(name) = words.name() else {
        return drafter.gap(statement, "the type is not certain");
    };
    if words.eat("ADD VALUE") {
        return drafter.gap(statement, "Postgres cannot remove a value from an enum");
    }
    for what in ["VALUE", "ATTRIBUTE"] {
        if words.eat(&format!("RENAME {what}")) {
            let (old, new) = (words.until("TO"), words.next());
            if let (Some(old), Some(new)) = (old, new) {
                let text = format!("ALTER TYPE {name} RENAME {what} {new} TO {old}");
                return drafter.push(statement, Step::Undo(Undo::plain(text)));
            }
        }
    }
    if words.eat("ADD ATTRIBUTE")
        && let Some(attribute) = words.next()
        && words.until(",").is_none()
    {
        let head = format!("ALTER TYPE {name} DROP ATTRIBUTE");
        let undo = Undo::guardable(head, attribute);
        return drafter.push(statement, Step::Undo(undo));
    }
    drafter.gap(statement, "the type before it is not known");
}

fn domain(drafter: &mut Drafter<'_>, statement: Id) {
    let mut words = drafter.words(statement);
    words.eat("ALTER DOMAIN");
    let name = words.name().unwrap_or_default();
    if words.eat("ADD CONSTRAINT")
        && let Some(constraint) = words.next()
    {
        let head = format!("ALTER DOMAIN {name} DROP CONSTRAINT");
        let undo = Undo::guardable(head, constraint);
        return drafter.push(statement, Step::Undo(undo));
    }
    if words.eat("SET NOT NULL") {
        let undo = Undo::plain(format!("ALTER DOMAIN {name} DROP NOT NULL"));
        return drafter.push(statement, Step::Undo(undo));
    }
    drafter.gap(statement, "the domain before it is not known");
}
