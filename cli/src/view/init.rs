//! What `init` wrote.

use serde::Serialize;

/// What `init` wrote, and what is left to the user.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Init {
    /// The paths of the new files.
    pub(crate) created: Vec<String>,
    /// The paths of the files that have more lines than before.
    pub(crate) changed: Vec<String>,
    /// The lines that the user must add to files that exist.
    pub(crate) lines: Vec<Lines>,
    /// Further advice, one sentence each.
    pub(crate) notes: Vec<String>,
    /// The next commands.
    pub(crate) next: Vec<String>,
    /// How many findings the tree has.
    #[serde(skip)]
    pub(crate) findings: usize,
}

/// Lines that the user must add to a file.
#[derive(Debug, Serialize)]
pub(crate) struct Lines {
    pub(crate) path: String,
    pub(crate) lines: String,
}
