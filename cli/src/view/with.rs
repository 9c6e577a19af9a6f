//! A command that ran on a new database.

use serde::Serialize;

/// What `with` found: nothing, because the command itself has printed its results.
#[derive(Debug, Serialize)]
pub(crate) struct With {}
