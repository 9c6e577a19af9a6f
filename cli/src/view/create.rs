//! The files of a new migration.

use serde::Serialize;

/// What `create` wrote.
#[derive(Debug, Serialize)]
pub(crate) struct Create {
    /// The paths of the new files.
    pub(crate) created: Vec<String>,
    /// What a draft leaves to its author.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) gaps: Vec<String>,
    /// The former paths of renamed files.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) renamed: Vec<String>,
    /// How many findings the tree had before.
    #[serde(skip)]
    pub(crate) findings: usize,
}
