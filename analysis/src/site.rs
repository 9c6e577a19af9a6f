//! Places in scripts.

use migrator_model::place::Position;

use crate::script::Script;

/// A place in a script.
#[derive(Clone, Copy)]
pub(crate) struct Site<'a> {
    pub(crate) script: &'a Script<'a>,
    /// In bytes.
    pub(crate) offset: usize,
}

impl<'a> Site<'a> {
    pub(crate) fn service(&self) -> &'a str {
        self.script.migration.service
    }

    /// `path:line`.
    pub(crate) fn place(&self) -> String {
        let Position { line, .. } = Position::at(self.script.sql.text, self.offset);
        format!("{}:{line}", self.script.path)
    }

    pub(crate) fn is_in(&self, script: &Script<'_>) -> bool {
        self.script.path == script.path
    }
}
