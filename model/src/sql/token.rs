//! Splits a script into tokens.

use std::collections::VecDeque;
use std::ops::Range;

use squawk_lexer::{LiteralKind, TokenKind};

/// The kinds of tokens that this crate distinguishes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Blank,
    LineComment,
    BlockComment,
    Semicolon,
    Word,
    OpenParen,
    CloseParen,
    Other,
}

/// A token with its range of bytes in the script.
#[derive(Clone, Debug)]
pub(crate) struct Token {
    pub(crate) kind: Kind,
    pub(crate) range: Range<usize>,
    /// `string`, `comment` or `name` if the token is not closed before the end of the script.
    pub(crate) open: Option<&'static str>,
}

impl Token {
    /// Whether it is part of a statement: neither blank, nor comment, nor semicolon.
    pub(crate) fn is_part_of_statement(&self) -> bool {
        !self.is_trivia() && self.kind != Kind::Semicolon
    }

    /// Whether it is white space or a comment.
    pub(super) fn is_trivia(&self) -> bool {
        matches!(
            self.kind,
            Kind::Blank | Kind::LineComment | Kind::BlockComment
        )
    }
}

/// Splits a script into tokens, one after the other. Together they cover the whole script.
///
/// The lexer takes each further part of a string with escapes for a string without escapes.
/// After such a string, the lexer therefore starts anew.
pub(crate) fn tokens(sql: &str) -> impl Iterator<Item = Token> {
    const ESCAPES: TokenKind = TokenKind::Literal {
        kind: LiteralKind::EscStr { terminated: true },
    };
    let mut lexer = squawk_lexer::tokenize(sql);
    let mut offset = 0;
    let mut further = VecDeque::new();
    std::iter::from_fn(move || {
        if let Some(part) = further.pop_front() {
            return Some(part);
        }
        let token = lexer.next()?;
        if token.kind == TokenKind::Eof || token.len == 0 {
            return None;
        }
        let range = offset..offset + token.len as usize;
        offset = range.end;
        if token.kind == ESCAPES {
            further = continued(sql, offset);
        }
        if let Some(last) = further.back() {
            offset = last.range.end;
            lexer = squawk_lexer::tokenize(&sql[offset..]);
        }
        let (kind, open) = classify(token.kind);
        Some(Token { kind, range, open })
    })
}

/// The further parts of a string with escapes that ends at `start`.
fn continued(sql: &str, start: usize) -> VecDeque<Token> {
    let mut parts = VecDeque::new();
    let mut at = start;
    while let Some(gap) = gap(&sql[at..]) {
        let part = at + gap;
        let length = escaped(&sql[part..]);
        parts.push_back(Token {
            kind: Kind::Blank,
            range: at..part,
            open: None,
        });
        at = part + length.unwrap_or(sql.len() - part);
        parts.push_back(Token {
            kind: Kind::Other,
            range: part..at,
            open: length.is_none().then_some("string"),
        });
    }
    parts
}

/// The length of the white space between two parts of a string; `None` if the string has no
/// further part. The white space must contain the end of a line. It may contain `--` comments
/// (`whitespace_with_newline` in Postgres's `scan.l`).
pub(super) fn gap(rest: &str) -> Option<usize> {
    let (mut at, mut has_line_end) = (0, false);
    loop {
        let rest = &rest[at..];
        match rest.chars().next()? {
            '\n' | '\r' => has_line_end = true,
            ' ' | '\t' | '\u{b}' | '\u{c}' => {}
            '\'' if has_line_end => return Some(at),
            '-' if rest.starts_with("--") => {
                at += rest.find(['\n', '\r'])?;
                continue;
            }
            _ => return None,
        }
        at += 1;
    }
}

/// The length of a string with escapes, with its quotes; `None` if it is not closed.
fn escaped(text: &str) -> Option<usize> {
    let mut characters = text.char_indices().skip(1).peekable();
    while let Some((at, character)) = characters.next() {
        match character {
            '\\' => drop(characters.next()),
            '\'' if characters.next_if(|(_, next)| *next == '\'').is_none() => {
                return Some(at + 1);
            }
            _ => {}
        }
    }
    None
}

#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "the lexer's punctuation does not matter here"
)]
fn classify(kind: TokenKind) -> (Kind, Option<&'static str>) {
    match kind {
        TokenKind::Whitespace => (Kind::Blank, None),
        TokenKind::LineComment => (Kind::LineComment, None),
        TokenKind::BlockComment { terminated } => {
            (Kind::BlockComment, (!terminated).then_some("comment"))
        }
        TokenKind::Semi => (Kind::Semicolon, None),
        TokenKind::Ident => (Kind::Word, None),
        TokenKind::OpenParen => (Kind::OpenParen, None),
        TokenKind::CloseParen => (Kind::CloseParen, None),
        TokenKind::QuotedIdent { terminated, .. } => (Kind::Other, (!terminated).then_some("name")),
        TokenKind::Literal { kind } => (Kind::Other, (!is_closed(kind)).then_some("string")),
        _ => (Kind::Other, None),
    }
}

fn is_closed(kind: LiteralKind) -> bool {
    match kind {
        LiteralKind::Str { terminated }
        | LiteralKind::NationalStr { terminated }
        | LiteralKind::ByteStr { terminated }
        | LiteralKind::BitStr { terminated }
        | LiteralKind::DollarQuotedString { terminated }
        | LiteralKind::UnicodeEscStr { terminated }
        | LiteralKind::EscStr { terminated } => terminated,
        LiteralKind::Int { .. } | LiteralKind::Numeric { .. } => true,
    }
}
