//! The migrations whose effects were in a database.

use serde::Serialize;

use super::evidence::Claimed;

/// What `baseline` found and recorded.
#[derive(Debug, Serialize)]
pub(crate) struct Baseline {
    /// The service.
    pub(crate) service: String,
    /// The paths of the first migration's files.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) created: Vec<String>,
    /// What the draft of the down script leaves to its author.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) gaps: Vec<String>,
    /// The migrations to record.
    pub(crate) migrations: Vec<Claimed>,
    /// How many wanted migrations the history has already.
    pub(crate) earlier: usize,
    /// How many migrations of the service remain pending.
    pub(crate) pending: usize,
    /// Whether the files were written.
    pub(crate) written: bool,
    /// Whether the migrations were recorded.
    pub(crate) recorded: bool,
}
