//! Which characters a standard stream shows. On a terminal whose locale is not UTF-8, all output is
//! ASCII.
//!
//! A pipe or a file always gets UTF-8: scripts set `LC_ALL=C` for sorting, and that must not change
//! results.

use std::borrow::Cow;
use std::env;
use std::fmt::Write as _;
use std::io::{self, IsTerminal};
use std::sync::OnceLock;

/// The characters of a stream.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Charset {
    #[default]
    Unicode,
    Ascii,
}

/// The characters of both streams.
#[derive(Clone, Copy, Debug, Default)]
struct Streams {
    stdout: Charset,
    stderr: Charset,
}

static STREAMS: OnceLock<Streams> = OnceLock::new();

/// The variables that set the locale of characters. The first that is not empty counts.
const VARIABLES: [&str; 3] = ["LC_ALL", "LC_CTYPE", "LANG"];

/// Reads the locale and looks at the streams. The first call alone has an effect.
pub(crate) fn decide() {
    let locale = VARIABLES.iter().filter_map(env::var_os);
    let locale = locale.map(|value| value.to_string_lossy().into_owned());
    let of_terminal = match cfg!(windows) {
        // A console of Windows receives UTF-16.
        true => Charset::Unicode,
        false => of_locale(locale),
    };
    let of = |is_terminal| match is_terminal {
        true => of_terminal,
        false => Charset::Unicode,
    };
    let _ = STREAMS.set(Streams {
        stdout: of(io::stdout().is_terminal()),
        stderr: of(io::stderr().is_terminal()),
    });
}

/// The characters of standard output.
pub(crate) fn of_stdout() -> Charset {
    STREAMS.get().copied().unwrap_or_default().stdout
}

/// The characters of standard error.
pub(crate) fn of_stderr() -> Charset {
    STREAMS.get().copied().unwrap_or_default().stderr
}

/// The characters of a locale. Without one, POSIX means the locale `C`.
fn of_locale(values: impl IntoIterator<Item = String>) -> Charset {
    let locale = values.into_iter().find(|value| !value.is_empty());
    let locale = locale.unwrap_or_default().to_ascii_lowercase();
    // `language_TERRITORY.codeset@modifier`. On macOS, the name of a codeset is a locale too.
    let (name, _modifier) = locale.split_once('@').unwrap_or((&locale, ""));
    let (_language, codeset) = name.rsplit_once('.').unwrap_or(("", name));
    match codeset {
        "utf-8" | "utf8" => Charset::Unicode,
        _ => Charset::Ascii,
    }
}

impl Charset {
    /// The text in these characters. ASCII signs replace punctuation, and escapes such as `\u{e9}`
    /// replace the other characters.
    pub(crate) fn shown(self, text: &str) -> Cow<'_, str> {
        self.replaced(text, |c, to| match c {
            '…' => to.push_str("..."),
            '\u{2010}'..='\u{2015}' => to.push('-'),
            '‘' | '’' | '‚' => to.push('\''),
            '“' | '”' | '„' | '«' | '»' => to.push('"'),
            '\u{a0}' => to.push(' '),
            c => to.extend(c.escape_default()),
        })
    }

    /// A JSON text in these characters, with the same value.
    pub(crate) fn json(self, text: &str) -> Cow<'_, str> {
        self.replaced(text, |c, to| {
            for unit in c.encode_utf16(&mut [0; 2]) {
                let _ = write!(to, "\\u{unit:04x}");
            }
        })
    }

    fn replaced(self, text: &str, replace: impl Fn(char, &mut String)) -> Cow<'_, str> {
        if self == Charset::Unicode || text.is_ascii() {
            return Cow::Borrowed(text);
        }
        let mut ascii = String::with_capacity(text.len() + 16);
        for c in text.chars() {
            match c.is_ascii() {
                true => ascii.push(c),
                false => replace(c, &mut ascii),
            }
        }
        Cow::Owned(ascii)
    }
}

#[cfg(test)]
mod tests {
    use super::{Charset, of_locale};

    #[test]
    fn the_first_variable_that_is_not_empty_names_the_characters() {
        let of = |values: [&str; 3]| of_locale(values.map(str::to_owned));
        for locale in ["C.UTF-8", "de_DE.utf8", "sr_RS.UTF-8@latin", "UTF-8"] {
            assert_eq!(of(["", "", locale]), Charset::Unicode, "{locale}");
            assert_eq!(of(["C", locale, locale]), Charset::Ascii, "{locale}");
            assert_eq!(of(["", locale, "C"]), Charset::Unicode, "{locale}");
        }
        for locale in ["", "C", "POSIX", "de_DE", "de_DE.ISO-8859-1", "ja_JP.eucJP"] {
            assert_eq!(of([locale, "", ""]), Charset::Ascii, "{locale}");
        }
    }

    #[test]
    fn ascii_replaces_each_other_character() {
        let text = "\x1b[1m»café«\x1b[0m … — 表🙂";
        assert_eq!(
            Charset::Ascii.shown(text),
            "\x1b[1m\"caf\\u{e9}\"\x1b[0m ... - \\u{8868}\\u{1f642}"
        );
        assert_eq!(Charset::Unicode.shown(text), text);
    }

    #[test]
    fn ascii_keeps_the_value_of_json() {
        let json = r#"{"née":"… 🙂"}"#;
        let ascii = Charset::Ascii.json(json);
        assert_eq!(ascii, r#"{"n\u00e9e":"\u2026 \ud83d\ude42"}"#);
        let value = |text: &str| serde_json::from_str::<serde_json::Value>(text).ok();
        assert_eq!(value(&ascii), value(json));
    }
}
