//! Lists the objects that a script creates, drops, alters and refers to.
//!
//! Names inside strings and function bodies are ignored, and an unqualified name is taken as
//! written. A missing finding is better than a false one.

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

/// All mentions of a script, in the order of the text.
pub(crate) fn mentions(sql: &Sql<'_>) -> Vec<Mention> {
    let mut mentions = Vec::new();
    for statement in sql.statements() {
        reader::read(sql, statement, &mut mentions);
    }
    mentions
}
