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
mod step;
mod table;
#[cfg(test)]
mod tests;
mod words;

use migrator_model::place::Position;
use migrator_model::sql;

use crate::parse::{on_large_stack, parse};
use drafter::Drafter;

/// A draft of a down script.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Draft {
    /// A script that reverts at least a part of the up script.
    Script {
        /// The script, with its directives.
        sql: String,
        /// What its author has to decide, and the lines of the up script. The script has a line for
        /// each of them, which M0244 warns of.
        gaps: Vec<String>,
    },
    /// No part of the script can be derived, and why.
    Impossible(String),
}

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
        drafter.statement(statement);
    }
    drafter.finish()
}
