//! Makes text from outside safe for output: the name of a file, a recorded name, a message of
//! the server. Such text cannot begin a line, move the cursor or change the direction of text.

use std::borrow::Cow;

/// Returns the text as one line. Escapes replace control characters, line breaks and the marks
/// that change the direction of text. The colours of the tool, `ESC [ … m`, stay.
#[must_use]
pub fn one_line(text: &str) -> Cow<'_, str> {
    escaped(text, false)
}

/// Does the same, but keeps the line breaks.
#[must_use]
pub fn lines(text: &str) -> Cow<'_, str> {
    escaped(text, true)
}

/// Escapes the same characters in a JSON text, whose value stays.
#[must_use]
pub fn json(text: &str) -> Cow<'_, str> {
    if !text.contains(is_control) {
        return Cow::Borrowed(text);
    }
    let mut clean = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        // Each of these characters is one unit of UTF-16.
        match is_control(c) {
            true => clean.extend(escape(c)),
            false => clean.push(c),
        }
    }
    Cow::Owned(clean)
}

/// `\u` and the four digits of a character.
fn escape(c: char) -> impl Iterator<Item = char> {
    let digit = move |at: u32| char::from_digit(u32::from(c) >> (4 * at) & 0xf, 16);
    ['\\', 'u']
        .into_iter()
        .chain((0..4).rev().filter_map(digit))
}

fn escaped(text: &str, keeps_lines: bool) -> Cow<'_, str> {
    let is_harmless = |c: char| !is_control(c) || (c == '\n' && keeps_lines) || c == '\t';
    if text.chars().all(is_harmless) {
        return Cow::Borrowed(text);
    }
    let mut clean = String::with_capacity(text.len() + 16);
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let length = match (c, colour(rest)) {
            ('\x1b', Some(length)) => {
                clean.push_str(&rest[..length]);
                length
            }
            _ if is_harmless(c) => {
                clean.push(c);
                c.len_utf8()
            }
            _ => {
                clean.extend(c.escape_default());
                c.len_utf8()
            }
        };
        rest = &rest[length..];
    }
    Cow::Owned(clean)
}

/// The length of a colour sequence at the start of the text.
fn colour(text: &str) -> Option<usize> {
    let inner = text.strip_prefix("\x1b[")?;
    let end = inner.find(|c: char| !c.is_ascii_digit() && c != ';')?;
    inner[end..].starts_with('m').then_some(end + 3)
}

/// Whether a character is a control (C0, C1), a line or paragraph separator, or a mark,
/// embedding, override or isolate of Unicode's bidirectional algorithm (UAX 9).
fn is_control(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{2028}' | '\u{2029}' | '\u{061c}' | '\u{200e}' | '\u{200f}'
            | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{is_control, lines, one_line};

    #[test]
    fn a_line_break_becomes_an_escape() {
        assert_eq!(one_line("a\n::error::b\r\nc"), "a\\n::error::b\\r\\nc");
        assert_eq!(lines("a\r\nb"), "a\\r\nb");
    }

    #[test]
    fn a_character_that_moves_the_cursor_or_turns_text_becomes_an_escape() {
        assert_eq!(one_line("a\u{9b}2Jb"), "a\\u{9b}2Jb");
        assert_eq!(
            one_line("a\x1b[2Jb\x1b]0;x\x07"),
            "a\\u{1b}[2Jb\\u{1b}]0;x\\u{7}"
        );
        assert_eq!(one_line("\u{202e}lqs.pu"), "\\u{202e}lqs.pu");
    }

    #[test]
    fn words_and_colours_stay() {
        let text = "\x1b[1;32mapplied\x1b[0m bücher/表\t(2 ms)";
        assert_eq!(one_line(text), text);
    }

    proptest! {
        #[test]
        fn no_control_is_left(text in any::<String>()) {
            let clean = one_line(&text).replace("\x1b[", "").replace('\t', "");
            prop_assert!(!clean.chars().any(is_control));
        }
    }
}
