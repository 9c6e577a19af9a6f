//! M0241: characters that look like other characters, or that nobody can see.
//!
//! Examples are a no-break space, a typographic quote, a dash, and marks that change the direction
//! of text. Postgres reads each as a letter of a name.
//!
//! If the character is a syntax error, [`crate::syntax`] reports it. Otherwise this module reports
//! it, also in comments and strings.

use migrator_model::Code;
use squawk_lexer::TokenKind;

use crate::finding::Finding;
use crate::script::Script;

/// A misleading character.
pub(crate) struct Misleading {
    pub(crate) offset: usize,
    pub(crate) character: char,
    /// Its name.
    name: &'static str,
    /// What the author should do.
    remedy: &'static str,
    place: TokenPlace,
}

/// The kind of token that contains the character.
#[derive(Clone, Copy, PartialEq, Eq)]
enum TokenPlace {
    Statement,
    QuotedName,
    String,
    Comment,
}

/// The first misleading character of a script without other errors.
pub(crate) fn find<'a>(script: &'a Script<'a>) -> Option<Finding<'a>> {
    let found = misleading(script.sql.text).into_iter().next()?;
    let what = found.shown();
    let message = match found.place {
        TokenPlace::Statement => format!("{what} is part of a name here"),
        TokenPlace::QuotedName => format!("{what} is part of a quoted name"),
        TokenPlace::String => {
            format!("{what} in a string makes the script look different from what it does")
        }
        TokenPlace::Comment => {
            format!("{what} in a comment makes the script look different from what it does")
        }
    };
    let help = match found.place {
        TokenPlace::String => "remove it, or write it as an escape: `U&'\\2066'`",
        TokenPlace::Statement | TokenPlace::QuotedName | TokenPlace::Comment => found.remedy,
    };
    Some(Finding::new(
        script,
        Code::M0241,
        found.offset,
        message,
        help,
    ))
}

/// The misleading character that caused the syntax error at an offset.
pub(crate) fn behind_error(text: &str, error: usize) -> Option<(usize, String, String)> {
    // The parser reports the error at this token or at the token after a name that became longer.
    let end = text[error..]
        .find('\n')
        .map_or(text.len(), |line| error + line);
    let start = text[..error].rfind(';').map_or(0, |at| at + 1);
    let found = misleading(text).into_iter().find(|found| {
        found.place == TokenPlace::Statement && (start..=end).contains(&found.offset)
    })?;
    let message = format!("{} is not allowed here", found.shown());
    Some((found.offset, message, found.remedy.to_owned()))
}

impl Misleading {
    fn shown(&self) -> String {
        let name = self
            .name
            .split_once(' ')
            .map_or(self.name, |(_, name)| name);
        format!("the {name} U+{:04X}", u32::from(self.character))
    }
}

/// All misleading characters, in the order of the text.
fn misleading(text: &str) -> Vec<Misleading> {
    let mut found = Vec::new();
    let is_plain = |byte: u8| byte.is_ascii() && known(char::from(byte)).is_none();
    if text.bytes().all(is_plain) {
        return found;
    }
    let mut offset = 0;
    for token in squawk_lexer::tokenize(text) {
        let end = offset + token.len as usize;
        let place = place_of(token.kind, &text[offset..end]);
        for (at, character) in text[offset..end].char_indices() {
            let Some((name, remedy, kind)) = known(character) else {
                continue;
            };
            if kind.misleads(place) && !joins(text, offset + at, character) {
                found.push(Misleading {
                    offset: offset + at,
                    character,
                    name,
                    remedy,
                    place,
                });
            }
        }
        offset = end;
    }
    found
}

#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "whatever else a token is, it is part of a statement"
)]
fn place_of(kind: TokenKind, text: &str) -> TokenPlace {
    match kind {
        TokenKind::LineComment | TokenKind::BlockComment { .. } => TokenPlace::Comment,
        TokenKind::QuotedIdent { .. } => TokenPlace::QuotedName,
        TokenKind::Literal { .. } if text.contains(['\'', '$']) => TokenPlace::String,
        _ => TokenPlace::Statement,
    }
}

/// Whether a joiner or non-joiner is between letters of a script that needs it, such as Persian.
fn joins(text: &str, offset: usize, character: char) -> bool {
    let before = text[..offset].chars().next_back();
    let after = text[offset + character.len_utf8()..].chars().next();
    let is_foreign = |one: Option<char>| one.is_some_and(|c| !c.is_ascii() && known(c).is_none());
    matches!(character, '\u{200c}' | '\u{200d}') && is_foreign(before) && is_foreign(after)
}

/// How a character misleads.
#[derive(Clone, Copy)]
enum Confusion {
    /// It changes the direction of the text around it.
    Direction,
    /// An editor shows a new line. Postgres does not.
    LineEnd,
    /// It is invisible.
    Invisible,
    /// It looks like another character.
    Alike,
}

impl Confusion {
    fn misleads(self, place: TokenPlace) -> bool {
        match self {
            Confusion::Direction => true,
            Confusion::LineEnd => place != TokenPlace::String,
            Confusion::Invisible => matches!(place, TokenPlace::Statement | TokenPlace::QuotedName),
            Confusion::Alike => place == TokenPlace::Statement,
        }
    }
}

const SPACE: &str = "replace it with a plain space";
const BREAK: &str = "replace it with a line break";
const REMOVE: &str = "remove it";
const QUOTE: &str = "replace it with a plain quote: `'` for a string, `\"` for a name";
const DASH: &str = "replace it with a plain `-`";
const PLAIN: &str = "replace it with the plain character";

/// The name of a character, the help for it, and its kind.
fn known(character: char) -> Option<(&'static str, &'static str, Confusion)> {
    let with = |sort| move |(name, remedy)| (name, remedy, sort);
    let bidirectional = direction(character).map(with(Confusion::Direction));
    bidirectional
        .or_else(|| line_end(character).map(with(Confusion::LineEnd)))
        .or_else(|| alike(character).map(with(Confusion::Alike)))
        .or_else(|| invisible(character).map(with(Confusion::Invisible)))
}

/// A character that changes the direction of text.
fn direction(character: char) -> Option<(&'static str, &'static str)> {
    Some(match character {
        '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => ("a bidirectional control", REMOVE),
        _ => return None,
    })
}

/// A character that an editor shows as the end of a line.
fn line_end(character: char) -> Option<(&'static str, &'static str)> {
    Some(match character {
        '\u{2028}' => ("a line separator", BREAK),
        '\u{2029}' => ("a paragraph separator", BREAK),
        '\u{85}' => ("a next-line control", BREAK),
        _ => return None,
    })
}

/// A character that looks like another one.
fn alike(character: char) -> Option<(&'static str, &'static str)> {
    Some(match character {
        '\u{2018}' | '\u{2019}' | '\u{201a}' | '\u{201b}' => ("a typographic single quote", QUOTE),
        '\u{201c}'..='\u{201f}' => ("a typographic double quote", QUOTE),
        '\u{b4}' => ("an acute accent", QUOTE),
        '\u{2032}' | '\u{2033}' => ("a prime", QUOTE),
        '\u{2010}' | '\u{2011}' => ("a hyphen", DASH),
        '\u{2012}' | '\u{2013}' => ("an en dash", DASH),
        '\u{2014}' | '\u{2015}' => ("an em dash", DASH),
        '\u{2212}' => ("a minus sign", DASH),
        '\u{37e}' => ("a Greek question mark", "replace it with `;`"),
        '\u{ff01}'..='\u{ff5e}' => ("a full-width character", PLAIN),
        '\u{3001}' | '\u{3002}' => ("an ideographic punctuation mark", PLAIN),
        '\u{2026}' => ("an ellipsis", "write what it stands for"),
        '\u{d7}' => ("a multiplication sign", "replace it with `*`"),
        '\u{2260}' => ("a not-equal sign", "replace it with `<>`"),
        '\u{2264}' => ("a less-or-equal sign", "replace it with `<=`"),
        '\u{2265}' => ("a greater-or-equal sign", "replace it with `>=`"),
        _ => return None,
    })
}

/// An invisible character.
fn invisible(character: char) -> Option<(&'static str, &'static str)> {
    Some(match character {
        '\u{a0}' => ("a no-break space", SPACE),
        '\u{202f}' => ("a narrow no-break space", SPACE),
        '\u{3000}' => ("a full-width space", SPACE),
        '\u{1680}' | '\u{2000}'..='\u{200a}' | '\u{205f}' => ("a typographic space", SPACE),
        '\u{200b}' => ("a zero-width space", REMOVE),
        '\u{200c}' => ("a zero-width non-joiner", REMOVE),
        '\u{200d}' => ("a zero-width joiner", REMOVE),
        '\u{2060}' => ("a word joiner", REMOVE),
        '\u{feff}' => ("a byte-order mark", REMOVE),
        '\u{ad}' => ("a soft hyphen", REMOVE),
        '\u{34f}' | '\u{61c}' | '\u{180e}' | '\u{200e}' | '\u{200f}' | '\u{2061}'..='\u{2064}' => {
            ("an invisible mark", REMOVE)
        }
        '\t' | '\n' | '\r' | '\u{b}' | '\u{c}' | '\0' => return None,
        control if control.is_control() => ("a control character", REMOVE),
        _ => return None,
    })
}
