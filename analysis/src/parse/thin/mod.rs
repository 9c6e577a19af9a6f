//! Leaves repetitions out of a large script before it is parsed.
//!
//! A seed of many megabytes repeats a few forms of rows and statements. Only the values differ,
//! and no check depends on a value. Of each form the parser gets the first one.

#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "a few of the lexer's many tokens matter here"
)]

#[cfg(test)]
mod tests;

use std::collections::HashSet;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::ops::Range;

use migrator_model::sql;
use squawk_lexer::{LiteralKind, Token, TokenKind};

/// The size in bytes from which a script is large. A smaller one is parsed as a whole.
const LARGE: usize = 64 * 1024;

/// The size in bytes at which a chunk ends.
const CHUNK: usize = 1024 * 1024;

/// The parts of a script that the parser gets together, in the order of the text.
pub(super) type Chunk = Vec<Range<usize>>;

/// The parts of a script to parse, without repetitions. A chunk ends at the end of a statement.
pub(super) fn chunks(text: &str) -> Vec<Chunk> {
    if text.len() < LARGE {
        return vec![std::iter::once(0..text.len()).collect()];
    }
    let mut chunks = Chunks::default();
    let mut seen = KnownForms::default();
    let statements = sql::statements(text);
    let starts = statements.iter().skip(1).map(|range| range.start);
    let ends = starts.chain([text.len()]);
    let mut start = 0;
    for (statement, end) in statements.iter().zip(ends) {
        for part in seen.parts(text, statement.clone(), start..end) {
            chunks.push(part);
        }
        chunks.end_statement();
        start = end;
    }
    chunks.push(start..text.len());
    chunks.done.push(chunks.current);
    chunks.done
}

#[derive(Default)]
struct Chunks {
    done: Vec<Chunk>,
    current: Chunk,
    /// The size of the current chunk in bytes.
    size: usize,
}

impl Chunks {
    fn push(&mut self, part: Range<usize>) {
        if part.is_empty() {
            return;
        }
        self.size += part.len();
        match self.current.last_mut() {
            Some(last) if last.end == part.start => last.end = part.end,
            _ => self.current.push(part),
        }
    }

    fn end_statement(&mut self) {
        if self.size >= CHUNK {
            self.done.push(std::mem::take(&mut self.current));
            self.size = 0;
        }
    }
}

/// The forms that the parser already gets. The list starts again at each statement that must be kept.
#[derive(Default)]
struct KnownForms {
    forms: HashSet<u64>,
    /// Whether the script has an `ALTER TYPE`. One check looks for the values that the statement adds.
    alters_type: bool,
}

impl KnownForms {
    /// The parts of a statement to keep. `whole` also has the semicolon and the comments around it.
    fn parts(&mut self, text: &str, statement: Range<usize>, whole: Range<usize>) -> Chunk {
        let mut words = text[statement.clone()].split_whitespace();
        let (first, second) = (words.next(), words.next());
        let is = |word: Option<&str>, wanted| word.is_some_and(|w| w.eq_ignore_ascii_case(wanted));
        if is(first, "comment") {
            return Chunk::from([whole]);
        }
        self.alters_type |= is(first, "alter") && is(second, "type");
        let changes_rows = ["insert", "update", "delete"]
            .iter()
            .any(|wanted| is(first, wanted));
        if self.alters_type || !changes_rows {
            self.forms.clear();
            return Chunk::from([whole]);
        }
        let mut reader = Reader::new(text);
        reader.read(statement);
        if reader.may_empty_table {
            self.forms.clear();
        }
        match self.forms.insert(reader.form.finish()) {
            true => without(whole, reader.repeated),
            false => Chunk::new(),
        }
    }
}

/// The parts of a range that are in none of the others.
fn without(whole: Range<usize>, others: Vec<Range<usize>>) -> Chunk {
    let mut start = whole.start;
    let mut parts = Chunk::new();
    for other in others {
        parts.push(start..other.start);
        start = other.end;
    }
    parts.push(start..whole.end);
    parts
}

/// Reads the form of a statement, and finds the repeated rows of its VALUES.
struct Reader<'a> {
    text: &'a str,
    form: DefaultHasher,
    depth: usize,
    rows: Rows,
    /// The repeated rows, each with the comma before it.
    repeated: Vec<Range<usize>>,
    /// Whether the statement is a DELETE whose condition, if any, names no column.
    may_empty_table: bool,
    /// The last token.
    last: Option<(TokenKind, usize)>,
}

/// The rows of a VALUES.
struct Rows {
    place: Place,
    seen: HashSet<u64>,
    /// The form of the current row.
    form: DefaultHasher,
    /// Where the current row starts, with the comma before it.
    start: usize,
}

/// Where a token is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    /// Before or after the rows.
    Outside,
    /// After VALUES, or after a row.
    Between,
    /// In a row.
    Row,
}

impl<'a> Reader<'a> {
    fn new(text: &'a str) -> Reader<'a> {
        Reader {
            text,
            form: DefaultHasher::new(),
            depth: 0,
            rows: Rows {
                place: Place::Outside,
                seen: HashSet::new(),
                form: DefaultHasher::new(),
                start: 0,
            },
            repeated: Vec::new(),
            may_empty_table: false,
            last: None,
        }
    }

    fn read(&mut self, statement: Range<usize>) {
        let mut offset = statement.start;
        for token in squawk_lexer::tokenize(&self.text[statement.clone()]) {
            let range = offset..offset + token.len as usize;
            offset = range.end;
            if !is_trivia(token.kind) {
                self.token(token, range);
            }
        }
        self.may_empty_table = self.is_delete(&statement);
    }

    fn is_delete(&self, statement: &Range<usize>) -> bool {
        let text = &self.text[statement.clone()];
        let is_delete = text
            .get(..6)
            .is_some_and(|word| word.eq_ignore_ascii_case("delete"));
        is_delete && !names_column(text)
    }

    fn token(&mut self, token: Token, range: Range<usize>) {
        let is_open = token.kind == TokenKind::OpenParen;
        match self.rows.place {
            Place::Outside
                if self.depth == 0 && is_values(token.kind, &self.text[range.clone()]) =>
            {
                self.rows.place = Place::Between;
                self.rows.start = range.end;
            }
            Place::Between if is_open => {
                self.rows.place = Place::Row;
                self.rows.form = DefaultHasher::new();
            }
            Place::Between if token.kind == TokenKind::Comma => {
                self.rows.start = range.start;
                self.last = Some((token.kind, range.end));
                return;
            }
            Place::Between => self.rows.place = Place::Outside,
            Place::Outside | Place::Row => {}
        }
        let last = self.last.replace((token.kind, range.end));
        match self.rows.place {
            Place::Row => hash(&mut self.rows.form, self.text, token.kind, &range, last),
            Place::Outside | Place::Between => {
                hash(&mut self.form, self.text, token.kind, &range, last);
            }
        }
        match token.kind {
            TokenKind::OpenParen => self.depth += 1,
            TokenKind::CloseParen => self.depth = self.depth.saturating_sub(1),
            _ => {}
        }
        if self.depth == 0 && self.rows.place == Place::Row {
            self.end_row(range.end);
        }
    }

    fn end_row(&mut self, end: usize) {
        self.rows.place = Place::Between;
        let form = self.rows.form.finish();
        if self.rows.seen.insert(form) {
            form.hash(&mut self.form);
            return;
        }
        let start = self.rows.start;
        match self.repeated.last_mut() {
            Some(last) if last.end == start => last.end = end,
            _ => self.repeated.push(start..end),
        }
    }
}

/// Adds a token to the hash of a form. Of numbers and plain strings, only the kind counts.
fn hash(
    form: &mut DefaultHasher,
    text: &str,
    kind: TokenKind,
    range: &Range<usize>,
    last: Option<(TokenKind, usize)>,
) {
    let token = &text[range.clone()];
    match kind {
        TokenKind::Literal { kind: literal } => {
            // White space between two strings has a meaning.
            if let Some((TokenKind::Literal { .. }, end)) = last {
                text[end..range.start].hash(form);
            }
            match literal {
                LiteralKind::Str { terminated: true } => 0_u8.hash(form),
                LiteralKind::EscStr { terminated: true } => 1_u8.hash(form),
                LiteralKind::Int { .. } | LiteralKind::Numeric { .. } if is_number(token) => {
                    2_u8.hash(form);
                }
                _ => token.hash(form),
            }
        }
        TokenKind::Ident
        | TokenKind::QuotedIdent { .. }
        | TokenKind::OpenParen
        | TokenKind::CloseParen
        | TokenKind::Comma => token.hash(form),
        _ => {
            // Two characters together may be one operator.
            let is_joint = last.is_some_and(|(_, end)| end == range.start);
            (token, is_joint).hash(form);
        }
    }
}

/// Whether a word other than a truth value follows WHERE.
fn names_column(statement: &str) -> bool {
    let mut words = statement.split(|c: char| !c.is_alphanumeric() && c != '_' && c != '"');
    let is_truth = |word: &str| {
        let mut truths = ["true", "false", "not", "null", "and", "or", "is"].iter();
        truths.any(|truth| word.eq_ignore_ascii_case(truth))
    };
    words.any(|word| word.eq_ignore_ascii_case("where"))
        && words.any(|word| word.starts_with(|c: char| c.is_alphabetic()) && !is_truth(word))
}

fn is_number(token: &str) -> bool {
    token
        .bytes()
        .all(|byte| byte.is_ascii_digit() || byte == b'.')
}

fn is_values(kind: TokenKind, text: &str) -> bool {
    kind == TokenKind::Ident && text.eq_ignore_ascii_case("values")
}

fn is_trivia(kind: TokenKind) -> bool {
    matches!(
        kind,
        TokenKind::Whitespace
            | TokenKind::LineComment
            | TokenKind::BlockComment { .. }
            | TokenKind::Eof
    )
}
