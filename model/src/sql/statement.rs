//! Splits a script into statements.

use std::ops::Range;

use super::lexer::Kind;
use super::token::{Token, tokens};

/// The byte ranges of the statements of a script. They do not include the comments and the
/// white space around a statement, or the semicolon after it.
///
/// A semicolon does not end a statement in quotes, in comments, in parentheses (as in
/// `CREATE RULE … DO (…; …)`) or in a `BEGIN ATOMIC … END` body.
#[must_use]
pub fn statements(sql: &str) -> Vec<Range<usize>> {
    let mut ranges: Vec<Range<usize>> = Vec::new();
    for (place, token) in split(sql) {
        match (place, ranges.last_mut()) {
            (Place::Within, Some(current)) => current.end = token.range.end,
            _ => ranges.push(token.range),
        }
    }
    ranges
}

/// The place of a token in its statement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// The token starts a statement.
    First,
    /// The token belongs to the statement of the token before it.
    Within,
}

/// The tokens of all statements, without comments, white space and the semicolons between
/// statements.
pub(super) fn split(sql: &str) -> impl Iterator<Item = (Place, Token)> {
    let mut splitter = Splitter::default();
    tokens(sql)
        .filter(|token| !token.is_trivia())
        .filter_map(move |token| Some((splitter.place(sql, &token)?, token)))
}

#[derive(Default)]
struct Splitter {
    /// Whether a statement has started.
    is_within: bool,
    parentheses: usize,
    /// The number of `END`s that a `BEGIN ATOMIC` body still needs.
    ends: usize,
    after_begin: bool,
}

impl Splitter {
    /// The place of the next token. `None` if the token ends a statement.
    fn place(&mut self, sql: &str, token: &Token) -> Option<Place> {
        let ends_here = self.parentheses == 0 && self.ends == 0;
        if token.kind == Kind::Semicolon && ends_here {
            *self = Splitter::default();
            return None;
        }
        self.nest(&sql[token.range.clone()], token.kind);
        match std::mem::replace(&mut self.is_within, true) {
            true => Some(Place::Within),
            false => Some(Place::First),
        }
    }

    /// Counts parentheses and, in a body, `CASE … END`. No other construct in a body ends
    /// with `END`.
    fn nest(&mut self, text: &str, kind: Kind) {
        let word = |word: &str| kind == Kind::Word && text.eq_ignore_ascii_case(word);
        let opens_body = self.after_begin && word("atomic");
        if opens_body || (self.ends > 0 && word("case")) {
            self.ends += 1;
        } else if word("end") {
            self.ends = self.ends.saturating_sub(1);
        }
        match kind {
            Kind::OpenParen => self.parentheses += 1,
            Kind::CloseParen => self.parentheses = self.parentheses.saturating_sub(1),
            Kind::Blank
            | Kind::LineComment
            | Kind::BlockComment
            | Kind::Semicolon
            | Kind::Word
            | Kind::Other => {}
        }
        self.after_begin = word("begin");
    }
}
