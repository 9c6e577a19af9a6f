//! A line of output for people, and its stream.
//!
//! No control character of a foreign text reaches the terminal, except a line break or a colour.

use anstyle::{AnsiColor, Style};
use migrator_model::untrusted::{lines, one_line};

/// A line, or several.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Line {
    /// A result: on standard output, if the format is text.
    Result(String),
    /// A result that `--quiet` leaves out.
    Detail(String),
    /// An error that every other format has in its document: on standard error, if the format is
    /// text.
    Failure(String),
    /// A finding of `check` or `verify`: on standard error, except for GitHub, which shows
    /// annotations.
    Finding(String),
    /// Why the command failed: on standard error.
    Error(String),
    /// A useful note that is not a result: on standard error. `--quiet` leaves it out.
    Note(String),
    /// A possible problem that does not stop the command: on standard error.
    Warning(String),
}

/// The colour of a result's first word.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Tone {
    /// The heading of a group.
    Head,
    Good,
    Plain,
    Warn,
    Bad,
}

impl Line {
    /// A result of one or more lines.
    pub(crate) fn result(text: impl AsRef<str>) -> Line {
        Line::Result(lines(text.as_ref()).into_owned())
    }

    /// A result that starts with a coloured word.
    pub(crate) fn worded(tone: Tone, word: &str, rest: &str) -> Line {
        Line::result(worded(tone, word, rest))
    }

    /// A result that starts with a coloured word, and that `--quiet` leaves out.
    pub(crate) fn detail(tone: Tone, word: &str, rest: &str) -> Line {
        Line::Detail(lines(&worded(tone, word, rest)).into_owned())
    }

    /// The same line as a part of a longer result.
    pub(crate) fn indented(self) -> Line {
        self.with(|text| format!("        {text}"))
    }

    /// The same line below a step of a plan. Tables have long names, so it begins further left.
    pub(crate) fn below_step(self) -> Line {
        self.with(|text| format!("    {text}"))
    }

    /// The same line, which names what it is about.
    pub(crate) fn about(self, name: &str) -> Line {
        self.with(|text| format!("{}: {text}", one_line(name)))
    }

    fn with(self, change: impl FnOnce(&str) -> String) -> Line {
        match self {
            Line::Result(text) => Line::Result(change(&text)),
            Line::Detail(text) => Line::Detail(change(&text)),
            Line::Failure(text) => Line::Failure(change(&text)),
            Line::Finding(text) => Line::Finding(change(&text)),
            Line::Error(text) => Line::Error(change(&text)),
            Line::Note(text) => Line::Note(change(&text)),
            Line::Warning(text) => Line::Warning(change(&text)),
        }
    }

    /// The same line, broken by this function.
    pub(crate) fn wrapped(self, wrap: impl FnOnce(&str) -> String) -> Line {
        self.with(wrap)
    }

    /// A note of one line.
    pub(crate) fn note(text: impl AsRef<str>) -> Line {
        Line::Note(one_line(text.as_ref()).into_owned())
    }

    /// A warning of one line.
    pub(crate) fn warning(text: impl AsRef<str>) -> Line {
        Line::Warning(one_line(text.as_ref()).into_owned())
    }
}

fn worded(tone: Tone, word: &str, rest: &str) -> String {
    let style = match tone {
        Tone::Head => Style::new().bold(),
        Tone::Good => AnsiColor::Green.on_default(),
        Tone::Plain => Style::new(),
        Tone::Warn => AnsiColor::Yellow.on_default(),
        Tone::Bad => AnsiColor::Red.on_default(),
    };
    let rest = one_line(rest);
    let blank = if rest.is_empty() { "" } else { " " };
    format!("{style}{word}{style:#}{blank}{rest}")
}
