//! Tables and long lines, measured by the columns that a terminal needs for their characters.

use anstream::adapter::strip_str;
use migrator_model::untrusted::one_line;
use unicode_width::UnicodeWidthStr as _;

use crate::charset;

/// The side of a column at which its cells begin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Side {
    Left,
    Right,
}

/// The blanks between two columns.
const GAP: &str = "  ";

/// Rows of cells, with a heading.
pub(super) struct Table {
    sides: Vec<Side>,
    rows: Vec<Vec<String>>,
}

impl Table {
    /// A table with these columns and no row.
    pub(super) fn new(columns: &[(&str, Side)]) -> Table {
        Table {
            sides: columns.iter().map(|(_, side)| *side).collect(),
            rows: vec![columns.iter().map(|(name, _)| (*name).to_owned()).collect()],
        }
    }

    /// Adds a row. Each cell is on one line.
    pub(super) fn add(&mut self, cells: impl IntoIterator<Item = String>) {
        let cells = cells.into_iter();
        let charset = charset::of_stdout();
        let cells = cells.map(|cell| charset.shown(&one_line(&cell)).into_owned());
        self.rows.push(cells.collect());
    }

    /// The heading and the rows, each as a line.
    pub(super) fn lines(&self) -> Vec<String> {
        let widths: Vec<usize> = (0..self.sides.len())
            .map(|column| {
                let cells = self.rows.iter().filter_map(|row| row.get(column));
                cells.map(|cell| cell.width()).max().unwrap_or_default()
            })
            .collect();
        let line = |row: &Vec<String>| {
            let cells = row.iter().zip(&widths).zip(&self.sides);
            let cells = cells.map(|((cell, width), side)| {
                let blanks = " ".repeat(width.saturating_sub(cell.width()));
                match side {
                    Side::Left => format!("{cell}{blanks}"),
                    Side::Right => format!("{blanks}{cell}"),
                }
            });
            cells.collect::<Vec<_>>().join(GAP).trim_end().to_owned()
        };
        self.rows.iter().map(line).collect()
    }
}

/// The columns that a text needs. Its colours need none.
pub(super) fn columns(text: &str) -> usize {
    match text.contains('\x1b') {
        true => strip_str(text).to_string().width(),
        false => text.width(),
    }
}

/// Breaks a line that is wider than the terminal at its blanks. The further lines are indented.
pub(crate) fn wrapped(line: &str, terminal: Option<usize>, indent: usize) -> String {
    let line = &*charset::of_stdout().shown(line);
    let Some(terminal) = terminal.filter(|terminal| columns(line) > *terminal) else {
        return line.to_owned();
    };
    let mut text = String::with_capacity(line.len() + 16);
    let (mut at, mut has_word, mut breaks) = (0, false, false);
    for word in line.split_inclusive(' ') {
        let width = columns(word.trim_end());
        if has_word && at + width > terminal {
            text.truncate(text.trim_end().len());
            text.push('\n');
            text.push_str(&" ".repeat(indent));
            (at, has_word, breaks) = (indent, false, true);
        }
        if breaks && !has_word && width == 0 {
            continue;
        }
        text.push_str(word);
        at += columns(word);
        has_word = has_word || width > 0;
    }
    text
}

/// A text whose long lines continue two columns further right.
pub(super) fn indented(text: &str, terminal: Option<usize>) -> String {
    let lines = text.split('\n');
    let lines = lines.map(|line| {
        let own = line.len() - line.trim_start().len();
        wrapped(line, terminal, own + 2)
    });
    lines.collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::{Side, Table, indented, wrapped};

    #[test]
    fn columns_are_aligned_by_the_width_of_characters() {
        let mut table = Table::new(&[("name", Side::Left), ("number", Side::Right)]);
        table.add(["注文".to_owned(), "7".to_owned()]);
        table.add(["cafe\u{301}s".to_owned(), "12".to_owned()]);
        assert_eq!(
            table.lines(),
            ["name   number", "注文        7", "cafe\u{301}s      12"]
        );
    }

    #[test]
    fn a_line_breaks_before_the_word_that_does_not_fit() {
        let line = "  newest 注文 of the shop";
        assert_eq!(wrapped(line, None, 4), line);
        assert_eq!(wrapped(line, Some(80), 4), line);
        assert_eq!(
            wrapped(line, Some(14), 4),
            "  newest 注文\n    of the\n    shop"
        );
        assert_eq!(wrapped("wide words", Some(2), 1), "wide\n words");
        assert_eq!(
            wrapped("  a name  (2 ms)", Some(9), 2),
            "  a name\n  (2 ms)"
        );
        assert_eq!(wrapped("four  words", Some(5), 1), "four\n words");
        let coloured = "\u{1b}[1mfour\u{1b}[0m word";
        assert_eq!(wrapped(coloured, Some(9), 1), coloured);
    }

    #[test]
    fn a_long_line_continues_two_columns_further_right() {
        let text = "  one two three\nfour";
        assert_eq!(indented(text, Some(9)), "  one two\n    three\nfour");
        assert_eq!(indented(text, None), text);
    }
}
