//! Splits a script into tokens.

use std::collections::VecDeque;
use std::ops::Range;

use super::lexer::{self, BYTE_ORDER_MARK, Kind};

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
pub(crate) fn tokens(sql: &str) -> Tokens<'_> {
    Tokens {
        sql,
        offset: 0,
        fresh: true,
        further: VecDeque::new(),
    }
}

/// The tokens of a script.
pub(crate) struct Tokens<'a> {
    sql: &'a str,
    offset: usize,
    /// Whether a byte-order mark at the offset is white space.
    fresh: bool,
    /// The further parts of the string that was read last.
    further: VecDeque<Token>,
}

impl Iterator for Tokens<'_> {
    type Item = Token;

    fn next(&mut self) -> Option<Token> {
        if let Some(part) = self.further.pop_front() {
            return Some(part);
        }
        let start = self.offset;
        if start == self.sql.len() {
            return None;
        }
        let has_mark = self.fresh && self.sql[start..].starts_with(BYTE_ORDER_MARK);
        self.fresh = false;
        let ((kind, end, open), has_escapes) = match has_mark {
            true => (
                (Kind::Blank, start + BYTE_ORDER_MARK.len_utf8(), None),
                false,
            ),
            false => lexer::token(self.sql, start),
        };
        self.offset = end;
        if has_escapes {
            self.further = continued(self.sql, end);
        }
        if let Some(last) = self.further.back() {
            self.offset = last.range.end;
            self.fresh = true;
        }
        let range = start..end;
        Some(Token { kind, range, open })
    }
}

/// The further parts of a string with escapes that ends at `start`.
fn continued(sql: &str, start: usize) -> VecDeque<Token> {
    let mut parts = VecDeque::new();
    let mut at = start;
    while let Some(gap) = gap(&sql[at..]) {
        let part = at + gap;
        let end = lexer::escaped(sql.as_bytes(), part + 1);
        parts.push_back(Token {
            kind: Kind::Blank,
            range: at..part,
            open: None,
        });
        at = end.unwrap_or(sql.len());
        parts.push_back(Token {
            kind: Kind::Other,
            range: part..at,
            open: end.is_none().then_some("string"),
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use squawk_lexer::{LiteralKind, TokenKind};

    use crate::sql::lexer::{self, BYTE_ORDER_MARK, Kind};

    /// The tokens of another lexer of Postgres's language.
    fn expected(sql: &str) -> Vec<(Kind, usize, Option<&'static str>)> {
        let mut end = 0;
        let tokens = squawk_lexer::tokenize(sql).map(|token| {
            end += usize::try_from(token.len).unwrap();
            let (kind, open) = classify(token.kind);
            (kind, end, open)
        });
        tokens.collect()
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
            TokenKind::QuotedIdent { terminated, .. } => {
                (Kind::Other, (!terminated).then_some("name"))
            }
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

    /// Compares the tokens without the further parts of strings, which the other lexer does not know.
    fn assert_expected(sql: &str) {
        let sql = sql.trim_start_matches(BYTE_ORDER_MARK);
        let (mut at, mut found) = (0, Vec::new());
        while at < sql.len() {
            let (token, _) = lexer::token(sql, at);
            at = token.1;
            found.push(token);
        }
        assert_eq!(found, expected(sql), "{sql:?}");
    }

    #[test]
    fn tokens_are_those_of_another_lexer() {
        for sql in [
            "\u{feff}\u{feff}a \u{a0}é\0b\u{1}",
            "0x1F_fg 0b12 0o7_ 0_1 1_000_ 1..2 1.e5 .5e+3x 1e 1e+ 1.5.2 0. 00 9_é ..5 ...",
            "$1 $1a$b $a$ $$ $a$ b $a$b$ $1$ $$ $$ $a $é$ $é$ $ $_1$ $_ $_1$",
            "U&'a' u&\"a\" U&a U & e'a\\'b' E\"a\" b'0' X'f' n'a' u'' \"a\"\"b\" 'a''b'",
            "/* /* */ */ /*/ */ - -- a\r-- b\n/ */",
        ] {
            for (start, _) in sql.char_indices() {
                assert_expected(&sql[start..]);
            }
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2_000))]

        #[test]
        fn tokens_of_any_text_are_those_of_another_lexer(
            sql in "\\PC{0,60}|([$'\"\\\\/*\\-.eExXuU&bnN019_a+;()é \r\n]|\\$a\\$|\\$\\$|U&|--|/\\*){0,60}"
        ) {
            assert_expected(&sql);
        }
    }
}
