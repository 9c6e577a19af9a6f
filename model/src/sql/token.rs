//! Splits a script into tokens.

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

/// Splits a script into tokens. Together they cover the whole script.
pub(crate) fn tokens(sql: &str) -> Vec<Token> {
    let mut tokens = Vec::new();
    let mut start = Some(0);
    while let Some(offset) = start {
        start = tokens_from(sql, offset, &mut tokens);
    }
    tokens
}

/// Splits the script from `start` on. It stops at the end of the script, or after a string
/// with escapes that continues in another line, and returns where to continue. The lexer takes
/// each further part of such a string for a string without escapes.
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

/// Adds the further parts of a string with escapes, and returns where they end.
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
