//! The words around an error.

use std::ops::Range;

use migrator_model::nearest;
use squawk_lexer::TokenKind;

use super::words;

/// The words around an error.
pub(super) struct ErrorContext<'a> {
    pub(super) text: &'a str,
    /// The words of the statement before the error.
    pub(super) before: Vec<Word<'a>>,
    /// The words from the error on.
    pub(super) after: Vec<Word<'a>>,
}

#[derive(Clone, Debug)]
pub(super) struct Word<'a> {
    pub(super) text: &'a str,
    pub(super) range: Range<usize>,
}

impl Word<'_> {
    pub(super) fn is(&self, word: &str) -> bool {
        self.text.eq_ignore_ascii_case(word)
    }

    pub(super) fn is_among(&self, words: &[&str]) -> bool {
        words.iter().any(|word| self.is(word))
    }

    pub(super) fn is_word(&self) -> bool {
        let mut characters = self.text.chars();
        characters.all(|c| c.is_alphanumeric() || c == '_')
    }
}

impl<'a> ErrorContext<'a> {
    pub(super) fn at(text: &'a str, error: usize) -> ErrorContext<'a> {
        let mut context = ErrorContext {
            text,
            before: Vec::new(),
            after: Vec::new(),
        };
        let mut offset = 0;
        for token in squawk_lexer::tokenize(text) {
            let range = offset..offset + token.len as usize;
            offset = range.end;
            let is_trivia = matches!(
                token.kind,
                TokenKind::Whitespace | TokenKind::LineComment | TokenKind::BlockComment { .. }
            );
            if is_trivia {
                continue;
            }
            let word = Word {
                text: &text[range.clone()],
                range,
            };
            if word.range.end > error {
                context.after.push(word);
            } else if token.kind == TokenKind::Semi {
                context.before.clear();
            } else {
                context.before.push(word);
            }
        }
        context
    }

    pub(super) fn found(&self) -> Option<&Word<'a>> {
        self.after.first()
    }

    pub(super) fn last(&self) -> Option<&Word<'a>> {
        self.before.last()
    }

    pub(super) fn follows(&self, word: &str) -> bool {
        self.last().is_some_and(|last| last.is(word))
    }

    /// Whether the error is in a CREATE statement.
    pub(super) fn is_definition(&self) -> bool {
        self.before.first().is_some_and(|word| word.is("CREATE"))
    }

    /// The first word of the statement, and the second if that is a kind of object.
    pub(super) fn statement(&self) -> String {
        let words = self.before.iter().take(2).enumerate();
        let words = words.take_while(|(at, word)| *at == 0 || word.is_among(&words::OBJECTS));
        let words: Vec<String> = words
            .map(|(_, word)| word.text.to_ascii_uppercase())
            .collect();
        words.join(" ")
    }

    pub(super) fn is_first_in_line(&self, word: &Word<'_>) -> bool {
        let before = &self.text[..word.range.start];
        let line = before.rfind('\n').map_or(before, |end| &before[end + 1..]);
        line.trim().is_empty()
    }
}

/// The word of a list with a similar spelling.
pub(super) fn nearest_word(word: &str, list: &[&'static str]) -> Option<&'static str> {
    let upper = word.to_ascii_uppercase();
    if upper.len() < 3 {
        return None;
    }
    let found = nearest(&upper, list.iter().copied())?;
    let is_near = found.len().abs_diff(upper.len()) <= 2
        && found.chars().next() == upper.chars().next()
        && found != upper;
    is_near.then_some(found)
}
