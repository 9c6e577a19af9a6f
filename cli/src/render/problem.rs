//! A problem as rustc writes it, with the line of SQL and a caret under it.

use std::borrow::Cow;
use std::ops::Range;

use annotate_snippets::{AnnotationKind, Level, Origin, Renderer, Snippet};
use migrator_model::place::Position;
use migrator_model::untrusted::one_line;
use migrator_model::{Note, Place, Severity};

use crate::charset::{self, Charset};
use crate::view::Located;

/// A problem of any kind.
pub(crate) fn text(located: &Located) -> String {
    let problem = &located.problem;
    let level = match problem.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
    };
    let message = located.message();
    let title = level
        .primary_title(one_line(&message))
        .id(problem.code.as_str());
    let mut group = match &problem.place {
        None => title.elements(Vec::<annotate_snippets::Element<'_>>::new()),
        Some(place) => with_place(title, place, located.line.as_deref()),
    };
    for Note { label, text } in &problem.notes {
        let text = quoted(text);
        let message = match *label {
            "note" => text,
            label => format!("{label}: {text}"),
        };
        group = group.element(Level::NOTE.message(message));
    }
    if !problem.help.is_empty() {
        group = group.element(Level::HELP.message(one_line(&problem.help)));
    }
    Renderer::styled().render(&[group])
}

/// A text of the server. Its further lines are indented. A line that GitHub would execute as a
/// workflow command gets a bar in front.
fn quoted(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len());
    for (index, line) in text.trim_end().lines().enumerate() {
        if index > 0 {
            quoted.push('\n');
        }
        let start = line.trim_start();
        if start.starts_with("::") || start.starts_with("##[") {
            quoted.push_str("| ");
        }
        quoted.push_str(&one_line(line));
    }
    quoted
}

fn with_place<'a>(
    title: annotate_snippets::Title<'a>,
    place: &'a Place,
    line: Option<&'a str>,
) -> annotate_snippets::Group<'a> {
    let path = one_line(&place.path);
    let origin = Origin::path(path.clone());
    let (position, line) = match (place.position, line) {
        (Some(position), Some(line)) => (position, line),
        (Some(Position { line, column }), None) => {
            return title.element(origin.line(line).char_column(column));
        }
        (None, _) => return title.element(origin),
    };
    let (line, span) = shown(line, caret(line, position), charset::of_stderr());
    let snippet = Snippet::source(line)
        .path(path)
        .line_start(position.line)
        .annotation(AnnotationKind::Primary.span(span));
    title.element(snippet)
}

/// The line in the characters of the terminal, and where the span is in it.
fn shown(line: &str, span: Range<usize>, charset: Charset) -> (Cow<'_, str>, Range<usize>) {
    let before = charset.shown(&line[..span.start]).len();
    let marked = charset.shown(&line[span]).len();
    (charset.shown(line), before..before + marked)
}

/// The bytes of the word at a position, or of a single character that starts no word. A comment
/// counts as one word, because it is a directive.
fn caret(line: &str, position: Position) -> Range<usize> {
    let mut characters = line.char_indices().skip(position.column.saturating_sub(1));
    match characters.next() {
        Some((start, first)) => start..start + word_length(&line[start..], first),
        None => line.len()..line.len(),
    }
}

/// The length of a qualified name, a number or a quoted text.
fn word_length(text: &str, first: char) -> usize {
    let is_of_word = |c: char| c.is_alphanumeric() || matches!(c, '_' | '$' | '.');
    let length = match first {
        '-' if text.starts_with("--") => Some(text.trim_end().len()),
        '"' | '\'' => text[1..].find(first).map(|end| end + 2),
        first if is_of_word(first) => {
            let end = text.find(|c| !is_of_word(c)).unwrap_or(text.len());
            Some(text[..end].trim_end_matches('.').len())
        }
        _ => None,
    };
    length.unwrap_or_default().max(first.len_utf8())
}

#[cfg(test)]
mod tests {
    use migrator_model::place::Position;
    use migrator_model::{Code, Place, Problem};
    use proptest::prelude::*;

    use super::{caret, shown, text};
    use crate::charset::Charset;
    use crate::view::Located;

    fn marked(line: &str, column: usize) -> &str {
        &line[caret(line, Position { line: 1, column })]
    }

    #[test]
    fn the_caret_is_as_wide_as_the_word() {
        let line = "ALTER TABLE shop.ördérs ADD \"a b\" int;";
        assert_eq!(marked(line, 1), "ALTER");
        assert_eq!(marked(line, 13), "shop.ördérs");
        assert_eq!(marked(line, 29), "\"a b\"");
        assert_eq!(marked(line, 38), ";");
        assert_eq!(marked(line, 39), "");
        assert_eq!(marked(line, 99), "");
    }

    #[test]
    fn the_caret_is_below_the_same_word_in_ascii() {
        let line = "SELECT 'é', größe;";
        let span = caret(
            line,
            Position {
                line: 1,
                column: 13,
            },
        );
        assert_eq!(&line[span.clone()], "größe");
        let (line, span) = shown(line, span, Charset::Ascii);
        assert_eq!(line, "SELECT '\\u{e9}', gr\\u{f6}\\u{df}e;");
        assert_eq!(&line[span], "gr\\u{f6}\\u{df}e");
    }

    #[test]
    fn a_quote_that_is_not_closed_in_its_line_is_marked_alone() {
        assert_eq!(marked("SELECT 'a", 8), "'");
        assert_eq!(marked("SELECT 1. ;", 8), "1");
    }

    #[test]
    fn a_directive_is_marked_as_a_whole() {
        let line = " -- migrator: no-transactions ";
        assert_eq!(marked(line, 2), "-- migrator: no-transactions");
    }

    proptest! {
        #[test]
        fn any_finding_is_rendered(
            line in "\\PC{0,60}",
            message in "\\PC{0,40}",
            (row, column) in (0_usize..200, 0_usize..100),
        ) {
            let place = Place {
                path: "a.up.sql".to_owned(),
                position: Some(Position { line: row, column }),
            };
            let problem = Problem::at(Code::M0208, place, message, "fix it");
            let with = |line| Located { problem: problem.clone(), line };
            prop_assert!(text(&with(Some(line))).contains("a.up.sql"));
            prop_assert!(text(&with(None)).contains("M0208"));
        }
    }
}
