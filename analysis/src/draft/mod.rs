//! Drafts the down script of an up script.
//!
//! [`down`] reverts the statements of the up script in reverse order. A statement that the text
//! alone cannot revert becomes a line that M0244 warns of, so that nobody takes the draft for a
//! finished script.

#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "a script has hundreds of kinds of nodes, a few of which matter here"
)]

mod access;
mod alter;
mod create;
mod drafter;
mod outcome;
mod step;
mod table;
#[cfg(test)]
mod tests;
mod words;

use migrator_model::place::Position;
use migrator_model::sql;

use self::drafter::Drafter;
pub use self::outcome::Draft;
use crate::kinds::{is_alter, is_create, is_drop};
use crate::parse::{Id, Kind, on_large_stack, parse};

/// Drafts the down script of an up script.
#[must_use]
pub fn down(up: &str) -> Draft {
    let up = sql::normalise(up);
    on_large_stack(|| of_text(&up)).unwrap_or_else(Draft::Impossible)
}

fn of_text(up: &str) -> Draft {
    let sql = parse(up);
    if let Some(error) = sql.errors.first() {
        let line = Position::at(up, error.offset).line;
        return Draft::Impossible(format!("the up script has a syntax error in line {line}"));
    }
    let mut drafter = Drafter::new(&sql);
    for statement in sql.statements() {
        add_steps(&mut drafter, statement);
    }
    drafter.finish()
}

/// Adds the steps for a statement.
fn add_steps(drafter: &mut Drafter<'_>, statement: Id) {
    let kind = drafter.sql.kind(statement);
    match kind {
        Kind::SET | Kind::RESET => drafter.setting(statement),
        Kind::SELECT if !drafter.has(statement, Kind::CALL_EXPR) => {}
        Kind::SELECT | Kind::DO | Kind::CALL => {
            drafter.gap(statement, "what this does is not known");
        }
        Kind::EMPTY_STMT | Kind::ANALYZE | Kind::VACUUM | Kind::LOCK | Kind::SHOW => {}
        Kind::INSERT | Kind::UPDATE | Kind::DELETE | Kind::MERGE | Kind::COPY | Kind::TRUNCATE => {
            drafter.rows(statement);
        }
        Kind::GRANT | Kind::REVOKE | Kind::ALTER_DEFAULT_PRIVILEGES | Kind::COMMENT_ON => {
            access::steps(drafter, statement);
        }
        Kind::SELECT_INTO => create::steps(drafter, statement),
        kind if is_create(kind) => create::steps(drafter, statement),
        kind if is_drop(kind) => drafter.drops(statement),
        kind if is_alter(kind) => alter::steps(drafter, statement),
        _ => drafter.gap(statement, "this statement is not known"),
    }
}
