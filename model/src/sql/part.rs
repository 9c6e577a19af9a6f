//! The parts of a statement, for code that reads it word by word.

use super::lexer::Kind;
use super::token::tokens;

/// A part of a statement. Comments and white space are not parts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Part<'a> {
    /// A keyword or a name without quotes, as in the script.
    Word(&'a str),
    /// A name in quotes, without the quotes.
    Quoted(String),
    /// A plain string, without the quotes. Backslashes have no special meaning.
    Text(String),
    /// Anything else: punctuation, a number, a string of another kind.
    Mark(&'a str),
}

/// The parts of a statement, each with the offset of its end.
#[must_use]
pub fn parts(sql: &str) -> Vec<(Part<'_>, usize)> {
    let tokens = tokens(sql).filter(|token| !token.is_trivia());
    let parts = tokens.map(|token| {
        let text = &sql[token.range.clone()];
        let part = match (token.kind, token.open) {
            (Kind::Word, _) => Part::Word(text),
            (Kind::Other, None) => unquoted(text).unwrap_or(Part::Mark(text)),
            _ => Part::Mark(text),
        };
        (part, token.range.end)
    });
    parts.collect()
}

/// The first word of a statement, if the statement starts with a keyword or a name without quotes.
#[must_use]
pub fn first_word(sql: &str) -> Option<&str> {
    let first = tokens(sql).find(|token| !token.is_trivia())?;
    (first.kind == Kind::Word).then(|| &sql[first.range])
}

fn unquoted(text: &str) -> Option<Part<'_>> {
    let quote = text.get(..1).filter(|quote| ["\"", "'"].contains(quote))?;
    let inner = text[1..].strip_suffix(quote)?;
    let inner = inner.replace(&quote.repeat(2), quote);
    Some(match quote {
        "'" => Part::Text(inner),
        _ => Part::Quoted(inner),
    })
}

#[cfg(test)]
mod tests {
    use super::{Part, first_word, parts};

    fn read(sql: &str) -> Vec<Part<'_>> {
        parts(sql).into_iter().map(|(part, _)| part).collect()
    }

    #[test]
    fn words_names_and_strings_are_distinguished() {
        let text = |text: &str| Part::Text(text.to_owned());
        let quoted = |text: &str| Part::Quoted(text.to_owned());
        assert_eq!(
            read("Drop \"a\"\"b\" /* x */ 'it''s', 'a\\'"),
            [
                Part::Word("Drop"),
                quoted("a\"b"),
                text("it's"),
                Part::Mark(","),
                text("a\\"),
            ]
        );
    }

    #[test]
    fn strings_of_other_kinds_and_unclosed_strings_are_marks() {
        for sql in [
            "E'a'", "U&'a'", "U&\"a\"", "B'1'", "$$a$$", "12", "'a", "\"a",
        ] {
            assert_eq!(read(sql), [Part::Mark(sql)], "{sql}");
        }
    }

    #[test]
    fn the_first_word_may_follow_a_comment() {
        assert_eq!(first_word("-- a\n /* b */ Select 1"), Some("Select"));
        for sql in ["", "-- a", "(SELECT 1)", "\"a\""] {
            assert_eq!(first_word(sql), None, "{sql}");
        }
    }

    #[test]
    fn each_part_has_its_end() {
        let ends: Vec<usize> = parts("a -- b\n . c")
            .into_iter()
            .map(|(_, end)| end)
            .collect();
        assert_eq!(ends, [1, 9, 11]);
    }
}
