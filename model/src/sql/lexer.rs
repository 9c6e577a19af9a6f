//! Finds where a token ends, as Postgres's `scan.l` does.
//!
//! A build reads every script with a macro or a build script, which cargo compiles without
//! optimisation. So this file steps through bytes with plain loops: each call of a closure or of an
//! iterator would cost more than the byte that it reads. Bytes suffice, because all characters that
//! begin or end a token are ASCII, except those of a word.

pub(super) const BYTE_ORDER_MARK: char = '\u{feff}';

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

/// The kind of a token, the offset of its end and, if its closing mark is missing, what it is:
/// `string`, `name` or `comment`.
pub(super) type Found = (Kind, usize, Option<&'static str>);

/// Reads the token at `start`, which is before the end of the script. The flag says whether the
/// token is a closed string with escapes.
pub(super) fn token(sql: &str, start: usize) -> (Found, bool) {
    let bytes = sql.as_bytes();
    let (first, second) = (byte(bytes, start), byte(bytes, start + 1));
    let found = match first {
        b' ' | b'\t' | b'\n' | b'\r' | 0x0b | 0x0c => (Kind::Blank, blank(bytes, start), None),
        b'E' | b'e' if second == b'\'' => {
            let end = escaped(bytes, start + 2);
            let is_closed = end.is_some();
            return (string(sql, end), is_closed);
        }
        b'B' | b'b' | b'X' | b'x' | b'N' | b'n' if second == b'\'' => {
            string(sql, quoted(sql, start + 2, '\''))
        }
        b'U' | b'u' if second == b'&' && byte(bytes, start + 2) == b'\'' => {
            string(sql, quoted(sql, start + 3, '\''))
        }
        b'U' | b'u' if second == b'&' && byte(bytes, start + 2) == b'"' => {
            name(sql, quoted(sql, start + 3, '"'))
        }
        b'A'..=b'Z' | b'a'..=b'z' | b'_' | 0x80.. => (Kind::Word, word(bytes, start), None),
        b'0'..=b'9' => (Kind::Other, number(bytes, start), None),
        b'.' if second.is_ascii_digit() => (Kind::Other, fraction(bytes, start + 1), None),
        b'.' if second == b'.' => (Kind::Other, start + 2, None),
        b'-' if second == b'-' => (Kind::LineComment, line(sql, start), None),
        b'/' if second == b'*' => match block(bytes, start + 2) {
            Some(end) => (Kind::BlockComment, end, None),
            None => (Kind::BlockComment, sql.len(), Some("comment")),
        },
        b'\'' => string(sql, quoted(sql, start + 1, '\'')),
        b'"' => name(sql, quoted(sql, start + 1, '"')),
        b'$' => dollar(sql, start),
        b';' => (Kind::Semicolon, start + 1, None),
        b'(' => (Kind::OpenParen, start + 1, None),
        b')' => (Kind::CloseParen, start + 1, None),
        _ => (Kind::Other, start + 1, None),
    };
    (found, false)
}

fn string(sql: &str, end: Option<usize>) -> Found {
    match end {
        Some(end) => (Kind::Other, end, None),
        None => (Kind::Other, sql.len(), Some("string")),
    }
}

fn name(sql: &str, end: Option<usize>) -> Found {
    match end {
        Some(end) => (Kind::Other, end, None),
        None => (Kind::Other, sql.len(), Some("name")),
    }
}

/// The byte at a place; NUL behind the end.
fn byte(bytes: &[u8], at: usize) -> u8 {
    if at < bytes.len() { bytes[at] } else { 0 }
}

fn blank(bytes: &[u8], mut at: usize) -> usize {
    while at < bytes.len() && matches!(bytes[at], b' ' | b'\t' | b'\n' | b'\r' | 0x0b | 0x0c) {
        at += 1;
    }
    at
}

/// The end of the letters, digits, `_`, `$` and characters beyond ASCII.
fn word(bytes: &[u8], mut at: usize) -> usize {
    while at < bytes.len()
        && matches!(bytes[at], b'a'..=b'z' | b'_' | b'0'..=b'9' | b'A'..=b'Z' | b'$' | 0x80..)
    {
        at += 1;
    }
    at
}

/// The end of letters that follow a number directly.
fn junk(bytes: &[u8], at: usize) -> usize {
    match byte(bytes, at) {
        b'A'..=b'Z' | b'a'..=b'z' | b'_' | 0x80.. => word(bytes, at),
        _ => at,
    }
}

fn line(sql: &str, start: usize) -> usize {
    let rest = &sql[start..];
    let line = rest.find('\n').map_or(rest, |end| &rest[..end]);
    start + line.find('\r').unwrap_or(line.len())
}

/// The end of a block comment, which may contain others.
fn block(bytes: &[u8], mut at: usize) -> Option<usize> {
    let mut depth = 1;
    while at < bytes.len() {
        let next = byte(bytes, at + 1);
        match bytes[at] {
            b'/' if next == b'*' => {
                depth += 1;
                at += 1;
            }
            b'*' if next == b'/' => {
                depth -= 1;
                at += 1;
                if depth == 0 {
                    return Some(at + 1);
                }
            }
            _ => {}
        }
        at += 1;
    }
    None
}

/// The end of a text in quotes; two quotes are one in the text.
fn quoted(sql: &str, mut at: usize, quote: char) -> Option<usize> {
    loop {
        at += sql[at..].find(quote)? + 1;
        if !sql[at..].starts_with(quote) {
            return Some(at);
        }
        at += 1;
    }
}

/// The end of a string with escapes.
pub(super) fn escaped(bytes: &[u8], mut at: usize) -> Option<usize> {
    while at < bytes.len() {
        match bytes[at] {
            b'\\' => at += 1,
            b'\'' if byte(bytes, at + 1) == b'\'' => at += 1,
            b'\'' => return Some(at + 1),
            _ => {}
        }
        at += 1;
    }
    None
}

/// A string in `$tag$`, or a parameter such as `$1`.
fn dollar(sql: &str, start: usize) -> Found {
    let bytes = sql.as_bytes();
    let mut tag = start + 1;
    if !byte(bytes, tag).is_ascii_digit() {
        while matches!(byte(bytes, tag), b'a'..=b'z' | b'_' | b'0'..=b'9' | b'A'..=b'Z' | 0x80..) {
            tag += 1;
        }
        if byte(bytes, tag) == b'$' {
            return string(sql, dollar_quoted(sql, &sql[start..=tag], tag + 1));
        }
    }
    let mut at = start + 1;
    while byte(bytes, at).is_ascii_digit() {
        at += 1;
    }
    (Kind::Other, junk(bytes, at), None)
}

fn dollar_quoted(sql: &str, delimiter: &str, mut at: usize) -> Option<usize> {
    loop {
        at += sql[at..].find('$')?;
        if sql[at..].starts_with(delimiter) {
            return Some(at + delimiter.len());
        }
        at += 1;
    }
}

fn number(bytes: &[u8], start: usize) -> usize {
    let at = start + 1;
    let end = match (bytes[start], byte(bytes, at)) {
        (b'0', b'b' | b'B' | b'o' | b'O') => return junk(bytes, digits(bytes, at + 1)),
        (b'0', b'x' | b'X') => return junk(bytes, hex_digits(bytes, at + 1)),
        _ => digits(bytes, at),
    };
    match byte(bytes, end) {
        // `1..10` is 1, .. and 10.
        b'.' if byte(bytes, end + 1) != b'.' => fraction(bytes, end + 1),
        b'e' | b'E' => junk(bytes, exponent(bytes, end + 1)),
        _ => junk(bytes, end),
    }
}

/// The end of a number whose point is before `at`.
fn fraction(bytes: &[u8], at: usize) -> usize {
    let end = match byte(bytes, at) {
        b'0'..=b'9' => digits(bytes, at),
        _ => at,
    };
    match byte(bytes, end) {
        b'e' | b'E' => junk(bytes, exponent(bytes, end + 1)),
        _ => junk(bytes, end),
    }
}

fn exponent(bytes: &[u8], at: usize) -> usize {
    let first = match byte(bytes, at) {
        b'+' | b'-' => at + 1,
        _ => at,
    };
    match byte(bytes, first) {
        b'0'..=b'9' => digits(bytes, first),
        _ => at,
    }
}

fn digits(bytes: &[u8], mut at: usize) -> usize {
    loop {
        match byte(bytes, at) {
            b'0'..=b'9' => at += 1,
            b'_' if byte(bytes, at + 1).is_ascii_digit() => at += 1,
            _ => return at,
        }
    }
}

fn hex_digits(bytes: &[u8], mut at: usize) -> usize {
    loop {
        match byte(bytes, at) {
            b'0'..=b'9' | b'a'..=b'f' | b'A'..=b'F' => at += 1,
            b'_' if byte(bytes, at + 1).is_ascii_hexdigit() => at += 1,
            _ => return at,
        }
    }
}
