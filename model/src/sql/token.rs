//! Splits a script into tokens.

use std::ops::Range;

use squawk_lexer::{LiteralKind, TokenKind};

/// A kind of token, as far as this crate tells them apart.
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

/// A token with its bytes in the script.
#[derive(Clone, Debug)]
pub(crate) struct Token {
    pub(crate) kind: Kind,
    pub(crate) range: Range<usize>,
    /// What is not closed before the end of the script: `string`, `comment` or `name`.
    pub(crate) open: Option<&'static str>,
}

impl Token {
    /// Whether it is part of a statement: neither blank, nor comment, nor semicolon.
    pub(crate) fn says_something(&self) -> bool {
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

/// Splits a script into tokens that cover it from end to end.
pub(crate) fn tokens(sql: &str) -> Vec<Token> {
    let mut tokens = Vec::new();
    let mut start = Some(0);
    while let Some(offset) = start {
        start = tokens_from(sql, offset, &mut tokens);
    }
    tokens
}

/// Splits from a place on, up to the end or the end of a string that goes on in
/// another line: what a backslash means in its further parts is not seen by the lexer,
/// which takes each for a string of its own.
fn tokens_from(sql: &str, start: usize, tokens: &mut Vec<Token>) -> Option<usize> {
    let mut offset = start;
    for token in squawk_lexer::tokenize(&sql[start..]) {
        let end = offset + token.len as usize;
        if token.kind == TokenKind::Eof || token.len == 0 {
            break;
        }
        let (kind, open) = classify(token.kind);
        tokens.push(Token {
            kind,
            range: offset..end,
            open,
        });
        offset = end;
        let escapes = LiteralKind::EscStr { terminated: true };
        if token.kind == (TokenKind::Literal { kind: escapes })
            && let Some(end) = continued(sql, offset, tokens)
        {
            return Some(end);
        }
    }
    None
}

/// The further parts of a string with escapes, if it has any, and where they end.
fn continued(sql: &str, start: usize, tokens: &mut Vec<Token>) -> Option<usize> {
    let mut end = None;
    let mut at = start;
    while let Some(gap) = gap(&sql[at..]) {
        let part = at + gap;
        let length = escaped(&sql[part..]);
        tokens.push(Token {
            kind: Kind::Blank,
            range: at..part,
            open: None,
        });
        at = part + length.unwrap_or(sql.len() - part);
        tokens.push(Token {
            kind: Kind::Other,
            range: part..at,
            open: length.is_none().then_some("string"),
        });
        end = Some(at);
    }
    end
}

/// The white space behind a string up to the part with which it goes on, if it does:
/// there is the end of a line in it, and no comment but those that such an end closes
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

/// The length of a string with escapes, from its first quote to its last.
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
