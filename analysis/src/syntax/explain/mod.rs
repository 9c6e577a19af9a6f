//! Explains an error of the parser.
//!
//! The parser says where it stopped and which token it expected. The words around the error show
//! what the author meant.

mod alter;
mod foreign;
mod plain;
mod statement;
mod token;

use super::context::ErrorContext;
use super::explanation::Explanation;
use crate::parse::Sql;

/// Explains an error of the parser, if possible with a correction.
pub(super) fn explain(sql: &Sql<'_>, offset: usize, message: &str) -> Explanation {
    let context = ErrorContext::at(sql.text, offset);
    let found = [
        ErrorContext::conflict,
        ErrorContext::comment,
        ErrorContext::quotes,
        ErrorContext::action,
        ErrorContext::column_action,
        ErrorContext::other_action,
        ErrorContext::beginning,
        ErrorContext::object,
        ErrorContext::next_statement,
        ErrorContext::missing_as,
        ErrorContext::foreign,
        ErrorContext::comma,
        ErrorContext::reserved,
        ErrorContext::misspelt,
    ];
    let mut found = found.into_iter();
    let explained = found.find_map(|explanation| explanation(&context));
    explained
        .or_else(|| context.parenthesis(message))
        .unwrap_or_else(|| context.plain(message))
}
