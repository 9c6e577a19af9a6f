//! What a script makes, drops, changes and uses, by name.
//!
//! Names inside strings and function bodies are not looked at, and a name that
//! is not qualified is taken as it stands: no false alarm is worth more than
//! one more finding.

#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "a script has hundreds of kinds of nodes, a few of which matter here"
)]

mod kinds;
mod mention;
mod object;
mod reader;

pub(crate) use mention::{Effect, Mention};
pub(crate) use object::{Object, Space};

use crate::parse::Sql;

/// Everything a script mentions, in the order of the text.
pub(crate) fn mentions(sql: &Sql<'_>) -> Vec<Mention> {
    let mut mentions = Vec::new();
    for statement in sql.statements() {
        reader::read(sql, statement, &mut mentions);
    }
    mentions
}
