//! A text for the server. Long scripts in it are shared, not copied.

use std::borrow::Cow;
use std::ops::Range;

use migrator_connect::{Piece, SharedText};

use super::quote::tag;

/// From this length on, a script is not copied, and an up script is sent once. Below, the server needs
/// less time for a second copy than for the search for the first one.
pub(crate) const LONG: usize = 64 * 1024;

/// A text in pieces. The text without a long script is one piece.
#[derive(Clone, Debug, Default)]
pub(crate) struct Text {
    /// The long scripts, each with the text before it.
    long: Vec<(String, Piece)>,
    end: String,
}

impl Text {
    /// Adds a text.
    pub(crate) fn push(&mut self, text: &str) {
        self.end.push_str(text);
    }

    /// Adds a part of a script.
    pub(crate) fn push_script(&mut self, script: &SharedText, range: Range<usize>) {
        if range.len() < LONG {
            self.push(script.get(range).unwrap_or_default());
        } else {
            let before = std::mem::take(&mut self.end);
            self.long.push((before, script.piece(range)));
        }
    }

    /// A script as a quoted literal; see [`quote_literal`](super::quote::quote_literal).
    pub(crate) fn literal(script: &SharedText) -> Text {
        let tag = tag(script);
        let mut text = Text::from(tag.as_str());
        text.push_script(script, 0..script.len());
        text.push(&tag);
        text
    }

    /// Adds another text.
    pub(crate) fn append(&mut self, other: Text) {
        for (before, piece) in other.long {
            let before = std::mem::take(&mut self.end) + &before;
            self.long.push((before, piece));
        }
        self.push(&other.end);
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.long.is_empty() && self.end.is_empty()
    }

    pub(crate) fn len(&self) -> usize {
        self.parts().map(str::len).sum()
    }

    /// The text, if it has no long script.
    pub(crate) fn short(&self) -> Option<&str> {
        self.long.is_empty().then_some(self.end.as_str())
    }

    /// The text in pieces.
    pub(crate) fn pieces(&self) -> Vec<Piece> {
        let own = |text: &str| SharedText::from(text.to_owned()).piece(0..text.len());
        let long = self.long.iter();
        let long = long.flat_map(|(before, piece)| [own(before), piece.clone()]);
        long.chain([own(&self.end)]).collect()
    }

    /// The text from this byte on, without the long scripts. It has as many statements if each of
    /// them is the contents of a literal.
    pub(crate) fn without_scripts_from(&self, start: usize) -> Cow<'_, str> {
        if let Some(text) = self.short() {
            return Cow::Borrowed(text.get(start..).unwrap_or_default());
        }
        let (mut rest, mut at) = (String::new(), 0);
        for (before, piece) in &self.long {
            rest.push_str(before.get(start.saturating_sub(at)..).unwrap_or_default());
            at += before.len() + piece.len();
        }
        rest.push_str(self.end.get(start.saturating_sub(at)..).unwrap_or_default());
        Cow::Owned(rest)
    }

    /// The byte offset of a position as Postgres gives it: in characters, counted from 1 (protocol
    /// documentation, "Error and Notice Message Fields", `P`).
    pub(crate) fn byte_of(&self, position: u32) -> Option<usize> {
        let mut left = usize::try_from(position).ok()?.checked_sub(1)?;
        let mut start = 0;
        for part in self.parts() {
            let count = part.chars().count();
            if let Some((offset, _)) = part.char_indices().nth(left) {
                return Some(start + offset);
            }
            left -= count;
            start += part.len();
        }
        (left == 0).then_some(start)
    }

    fn parts(&self) -> impl Iterator<Item = &str> {
        let long = self.long.iter();
        let long = long.flat_map(|(before, piece)| [before.as_str(), &**piece]);
        long.chain([self.end.as_str()])
    }

    /// The first characters of the text: at least this number, if it is as long.
    pub(crate) fn start(&self, characters: usize) -> Cow<'_, str> {
        let Some(text) = self.short() else {
            let all = self.parts().flat_map(str::chars);
            return Cow::Owned(all.take(characters).collect());
        };
        Cow::Borrowed(text)
    }
}

impl From<String> for Text {
    fn from(text: String) -> Text {
        Text {
            long: Vec::new(),
            end: text,
        }
    }
}

impl From<&str> for Text {
    fn from(text: &str) -> Text {
        Text::from(text.to_owned())
    }
}

#[cfg(test)]
mod tests {
    use migrator_connect::SharedText;

    use super::{LONG, Text};
    use crate::session::quote::quote_literal;

    fn whole(text: &Text) -> String {
        text.pieces().iter().map(|piece| &**piece).collect()
    }

    /// A literal of a script of this length, between other text.
    fn literal(length: usize) -> (Text, String) {
        let script = "ü$m$;".repeat(length / 6);
        let expected = format!("VALUES ({}); COMMIT", quote_literal(&script));
        let mut text = Text::from("VALUES (");
        text.append(Text::literal(&SharedText::from(script)));
        text.push("); COMMIT");
        (text, expected)
    }

    #[test]
    fn a_short_script_is_copied_into_one_piece() {
        let (text, expected) = literal(60);
        assert_eq!(text.short(), Some(expected.as_str()));
        assert_eq!(text.len(), expected.len());
    }

    #[test]
    fn a_long_script_is_a_piece_of_its_own() {
        let (text, expected) = literal(LONG + 60);
        assert_eq!(whole(&text), expected);
        assert_eq!((text.short(), text.len()), (None, expected.len()));
        assert_eq!(text.without_scripts_from(7), "($mm$$mm$); COMMIT");
        let end = expected.find(" COMMIT").expect("it is there");
        assert_eq!(text.without_scripts_from(end), " COMMIT");
        assert_eq!(text.start(14), "VALUES ($mm$ü$");
        for (index, (offset, _)) in expected.char_indices().enumerate().step_by(99) {
            let position = u32::try_from(index + 1).expect("small");
            assert_eq!(text.byte_of(position), Some(offset));
        }
    }
}
