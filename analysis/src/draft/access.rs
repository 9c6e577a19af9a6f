//! Reverts GRANT, REVOKE and COMMENT ON.

use super::drafter::Drafter;
use super::step::{Step, Undo};
use crate::parse::{Id, Kind};

/// Adds the steps for a grant, its revocation or a comment.
pub(super) fn steps(drafter: &mut Drafter<'_>, statement: Id) {
    let target = drafter.target(statement);
    if target.is_some_and(|target| drafter.makes(&target)) {
        return;
    }
    match drafter.sql.kind(statement) {
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
        Some(undo) => drafter.push(statement, Step::Undo(undo)),
        None => drafter.gap(statement, "the rights before it are not known"),
    }
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
