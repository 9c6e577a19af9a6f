//! Places in the files of a tree: a path, a line and a column.

use std::fmt;

use crate::untrusted::one_line;

/// The place of a finding in the tree.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place {
    /// The path of the file or folder, with `/`. It starts with the name that the caller gave the tree.
    pub path: String,
    /// The line and column in the file; `None` for a whole file or folder.
    pub position: Option<Position>,
}

/// A line and a column in a text. Both count from 1; columns count characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Position {
    /// The line, from 1.
    pub line: usize,
    /// The column in characters, from 1.
    pub column: usize,
}

impl Position {
    /// The position of a byte offset. An offset after the end gives the position of the end.
    #[must_use]
    pub fn at(text: &str, offset: usize) -> Position {
        let before = &text[..text.floor_char_boundary(offset)];
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        Position {
            line: before.bytes().filter(|&byte| byte == b'\n').count() + 1,
            column: before[line_start..].chars().count() + 1,
        }
    }
}

impl Place {
    /// The place of a whole file or folder.
    #[must_use]
    pub fn file(path: impl Into<String>) -> Place {
        Place {
            path: path.into(),
            position: None,
        }
    }

    /// The place of a byte offset in a file's text.
    #[must_use]
    pub fn within(path: impl Into<String>, text: &str, offset: usize) -> Place {
        Place {
            path: path.into(),
            position: Some(Position::at(text, offset)),
        }
    }
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.line, self.column)
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&one_line(&self.path))?;
        match self.position {
            Some(position) => write!(f, ":{position}"),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Position;

    #[test]
    fn a_column_counts_characters() {
        let text = "a\nüx";
        let position = Position::at(text, text.len() - 1);
        assert_eq!((position.line, position.column), (2, 2));
    }

    #[test]
    fn an_offset_beyond_the_end_is_the_end() {
        assert_eq!(Position::at("ab", 99), Position { line: 1, column: 3 });
    }
}
