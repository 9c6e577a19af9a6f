//! The files of a new migration.

use serde::Serialize;

/// What `create` wrote.
#[derive(Debug, Serialize)]
pub(crate) struct Create {
    /// The paths of the up script and the down script.
    pub(crate) created: Vec<String>,
    /// How many findings the tree had before.
    #[serde(skip)]
    pub(crate) findings: usize,
}
