//! Explains an error of the parser in the words of the person who made it.
//!
//! The parser says where it stopped, and what it expected. The words around that place show
//! what the author meant.

mod alter;
mod foreign;
mod plain;
mod statement;
mod token;

use super::context::Context;
use super::explanation::Explained;
use crate::parse::Sql;

/// The parser's first error, with what was meant where that can be told.
pub(super) fn explain(sql: &Sql<'_>, offset: usize, message: &str) -> Explained {
    let context = Context::at(sql.text, offset);
    let found = [
        Context::conflict,
        Context::comment,
        Context::quotes,
        Context::action,
        Context::column_action,
        Context::other_action,
        Context::beginning,
        Context::object,
        Context::next_statement,
        Context::missing_as,
        Context::foreign,
        Context::comma,
        Context::reserved,
        Context::misspelt,
    ];
    let mut found = found.into_iter();
    let explained = found.find_map(|explanation| explanation(&context));
    explained
        .or_else(|| context.parenthesis(message))
        .unwrap_or_else(|| context.plain(message))
}
