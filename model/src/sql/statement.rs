//! Splits a script into statements.

use std::ops::Range;

use super::token::{Kind, Token, tokens};

/// The byte ranges of the statements of a script. They do not include the comments and the
/// white space around a statement, or the semicolon after it.
///
/// A semicolon does not end a statement in quotes, in comments, in parentheses (as in
/// `CREATE RULE … DO (…; …)`) or in a `BEGIN ATOMIC … END` body.
#[must_use]
pub fn statements(sql: &str) -> Vec<Range<usize>> {
    let statements = split(sql, tokens(sql)).into_iter();
    let ranges = statements.filter_map(|tokens| {
        let (first, last) = (tokens.first()?, tokens.last()?);
        Some(first.range.start..last.range.end)
    });
    ranges.collect()
}

/// The tokens of each statement, without comments and white space.
pub(super) fn split(sql: &str, tokens: Vec<Token>) -> Vec<Vec<Token>> {
    let mut splitter = Splitter::default();
    for token in tokens.into_iter().filter(|token| !token.is_trivia()) {
        splitter.push(sql, token);
    }
    splitter.end_statement();
    splitter.done
}

#[derive(Default)]
struct Splitter {
    done: Vec<Vec<Token>>,
    current: Vec<Token>,
    parentheses: usize,
    /// The number of `END`s that a `BEGIN ATOMIC` body still needs.
    ends: usize,
    after_begin: bool,
}

impl Splitter {
    fn push(&mut self, sql: &str, token: Token) {
        let ends_here = self.parentheses == 0 && self.ends == 0;
        if token.kind == Kind::Semicolon && ends_here {
            return self.end_statement();
        }
        self.nest(&sql[token.range.clone()], token.kind);
        self.current.push(token);
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

    fn end_statement(&mut self) {
        if !self.current.is_empty() {
            self.done.push(std::mem::take(&mut self.current));
        }
        self.parentheses = 0;
        self.ends = 0;
        self.after_begin = false;
    }
}
