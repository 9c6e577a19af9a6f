//! Reverts GRANT, REVOKE and COMMENT ON.

use super::drafter::Drafter;
use super::step::{Step, Undo};
use crate::names::{Name, fold};
use crate::objects::{Object, Space};
use crate::parse::{Id, Kind};

/// Adds the steps for a grant, its revocation or a comment.
pub(super) fn steps(drafter: &mut Drafter<'_>, statement: Id) {
    let target = drafter.target(statement);
    if target.is_some_and(|target| drafter.makes(&target)) {
        return;
    }
    match drafter.sql.kind(statement) {
        Kind::COMMENT_ON if is_on_own(drafter, statement) => {}
        Kind::COMMENT_ON => comment(drafter, statement),
        Kind::GRANT => {
            let undo = grant(drafter, statement, "");
            perhaps(drafter, statement, undo);
        }
        Kind::ALTER_DEFAULT_PRIVILEGES => {
            let mut words = drafter.words(statement);
            let before = words.until("GRANT").map(|before| format!("{before} "));
            let undo = before.and_then(|before| grant(drafter, statement, &before));
            perhaps(drafter, statement, undo);
        }
        _ => drafter.gap(statement, "the rights that this removes are not known"),
    }
}

fn perhaps(drafter: &mut Drafter<'_>, statement: Id, undo: Option<Undo>) {
    match undo {
        Some(undo) if may_be_there(drafter, statement) => {
            let when = "if nobody had these rights before";
            drafter.push(statement, Step::Perhaps { undo, when });
        }
        Some(undo) => drafter.push(statement, Step::Undo(undo)),
        None => drafter.gap(statement, "the rights before it are not known"),
    }
}

/// Whether the rights of a grant are likely to be there already: PUBLIC has some by default, and some
/// objects of a schema may have had a grant of their own.
fn may_be_there(drafter: &Drafter<'_>, statement: Id) -> bool {
    let mut words = drafter.words(statement);
    let rights = words.until("TO").unwrap_or_default().to_ascii_lowercase();
    let roles = words.rest().to_ascii_lowercase();
    let mut roles = roles.split(|c: char| c == ',' || c.is_whitespace());
    rights.contains(" on all ") || roles.any(|role| role == "public")
}

/// Whether a comment is on something that the script creates, and goes with it.
fn is_on_own(drafter: &Drafter<'_>, statement: Id) -> bool {
    if drafter.makes_any(statement) {
        return true;
    }
    let mut words = drafter.words(statement);
    if !words.eat("COMMENT ON COLUMN") {
        return false;
    }
    let path = words.name().unwrap_or_default();
    let mut parts: Vec<String> = path.split('.').map(fold).collect();
    let column = parts.pop().unwrap_or_default();
    let table = Name::of(parts);
    table.is_some_and(|table| drafter.makes(&Object::part(Space::Column, table, column)))
}

/// The REVOKE of a GRANT.
fn grant(drafter: &Drafter<'_>, statement: Id, before: &str) -> Option<Undo> {
    let mut words = drafter.words(statement);
    words.until("GRANT")?;
    let rights = words.until("TO")?;
    let rest = words.rest();
    let lower = rest.to_ascii_lowercase();
    let end = [" with ", " granted by "]
        .iter()
        .filter_map(|word| lower.find(word))
        .min();
    let roles = &rest[..end.unwrap_or(rest.len())];
    Some(Undo::plain(format!("{before}REVOKE {rights} FROM {roles}")))
}

fn comment(drafter: &mut Drafter<'_>, statement: Id) {
    let mut words = drafter.words(statement);
    match words.until("IS") {
        Some(head) if !words.eat("NULL") => {
            let undo = Undo::plain(format!("{head} IS NULL"));
            let when = "or by the earlier comment, if there was one";
            drafter.push(statement, Step::Perhaps { undo, when });
        }
        _ => drafter.gap(statement, "the comment before it is not known"),
    }
}
