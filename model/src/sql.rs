//! A script's tokens: normal form, fingerprint, statements, what is not closed, what
//! ends a transaction.
//!
//! The one user of `squawk-lexer`, whose tokens follow Postgres's own `scan.l`
//! with `standard_conforming_strings` on. `control` alone reads the meaning of a
//! statement.

mod control;
mod fingerprint;
mod operator;
mod part;

use std::borrow::Cow;
use std::hash::Hasher;
use std::ops::Range;

use siphasher::sip::SipHasher13;
use squawk_lexer::{LiteralKind, TokenKind};

pub use control::{Unfit, Why, chains_transaction, ends_transaction, opens_transaction, unfit};
pub use fingerprint::fingerprint;
pub(crate) use fingerprint::fingerprint_of;
pub use part::{Part, parts};

const BYTE_ORDER_MARK: char = '\u{feff}';

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

    fn is_trivia(&self) -> bool {
        matches!(
            self.kind,
            Kind::Blank | Kind::LineComment | Kind::BlockComment
        )
    }
}

/// The SQL without a byte-order mark and with `\n` at the end of each line.
///
/// Files that differ just in these are the same script to every checksum.
#[must_use]
pub fn normalise(raw: &str) -> Cow<'_, str> {
    let text = raw.strip_prefix(BYTE_ORDER_MARK).unwrap_or(raw);
    if text.contains("\r\n") {
        Cow::Owned(text.replace("\r\n", "\n"))
    } else {
        Cow::Borrowed(text)
    }
}

/// A name as SQL writes it, in quotes.
#[must_use]
pub fn quote_identifier(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// refinery's checksum of a migration: `SipHash` 1-3 over name, version and SQL.
///
/// The same as `refinery::Migration::checksum` (refinery-core 0.10, `runner.rs`,
/// feature `int8-versions`), which a test of `migrator-runtime` holds it to.
#[must_use]
pub fn checksum(history_name: &str, version: i64, sql: &str) -> u64 {
    use std::hash::Hash;
    let mut hasher = SipHasher13::new();
    history_name.hash(&mut hasher);
    version.hash(&mut hasher);
    sql.hash(&mut hasher);
    hasher.finish()
}

/// The statements of a script: byte ranges without the comments and white
/// space around them and without the semicolons between them.
///
/// A semicolon inside quotes, comments, parentheses (as in `CREATE RULE … DO
/// (…; …)`) or a `BEGIN ATOMIC … END` body ends no statement.
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
fn split(sql: &str, tokens: Vec<Token>) -> Vec<Vec<Token>> {
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
    /// `END`s that are still to come in a `BEGIN ATOMIC` body.
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

    /// Follows parentheses and, in a body, `CASE … END`, the one other construct
    /// that `END` closes there.
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
fn gap(rest: &str) -> Option<usize> {
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{fingerprint, normalise, statements, tokens};

    fn split(sql: &str) -> Vec<&str> {
        statements(sql)
            .into_iter()
            .map(|range| &sql[range])
            .collect()
    }

    #[test]
    fn statements_end_at_semicolons() {
        assert_eq!(split("SELECT 1; SELECT 2"), ["SELECT 1", "SELECT 2"]);
        assert_eq!(split(";; SELECT 1 ;\n-- end\n;"), ["SELECT 1"]);
        assert!(split("-- nothing\n/* here */").is_empty());
    }

    #[test]
    fn quotes_and_comments_hide_semicolons() {
        assert_eq!(split("SELECT ';', E'\\';', \";\"").len(), 1);
        assert_eq!(split("SELECT 'a\\'; SELECT 2").len(), 2);
        assert_eq!(split("SELECT $$;$$, $t$ $$;$$ $t$").len(), 1);
        assert_eq!(split("/* ; /* ; */ ; */ SELECT 1").len(), 1);
        assert_eq!(split("SELECT 1 -- ;\n, 2").len(), 1);
    }

    #[test]
    fn an_atomic_body_is_part_of_its_statement() {
        let sql = "CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT 1; \
                   SELECT CASE WHEN true THEN 1 END; END; SELECT 2";
        assert_eq!(split(sql).len(), 2);
        assert_eq!(split("BEGIN; SELECT 1; END; SELECT 2").len(), 4);
    }

    #[test]
    fn a_rule_body_is_part_of_its_statement() {
        let sql = "CREATE RULE r AS ON INSERT TO t DO (DELETE FROM u; DELETE FROM v); SELECT 1";
        assert_eq!(split(sql).len(), 2);
    }

    #[test]
    fn a_byte_order_mark_and_line_ends_are_no_part_of_the_script() {
        assert_eq!(normalise("\u{feff}a\r\nb\r\n"), "a\nb\n");
        assert_eq!(normalise("a\rb"), "a\rb");
    }

    #[test]
    fn a_string_with_escapes_goes_on_in_another_line() {
        assert_eq!(split("SELECT E'a'\n'b\\'; SELECT 2'; SELECT 3").len(), 2);
        assert_eq!(split("SELECT 'a'\n'b\\'; SELECT 2").len(), 2);
        let one = "SELECT E'a' -- first\n  'it\\'s -- not a comment'";
        assert_eq!(
            fingerprint(one),
            fingerprint(&one.replace("-- first", "-- 1st"))
        );
        assert_ne!(fingerprint(one), fingerprint(&one.replace("not a", "no")));
    }

    proptest! {
        #[test]
        fn tokens_cover_any_text(sql in "\\PC{0,80}|[-/*$'\"();aEe\\\\ \n]{0,80}") {
            let tokens = tokens(&sql);
            let end = tokens.iter().fold(0, |at, token| {
                assert_eq!(at, token.range.start);
                token.range.end
            });
            prop_assert_eq!(end, sql.len());
            for range in statements(&sql) {
                prop_assert!(sql.get(range).is_some());
            }
        }
    }
}
