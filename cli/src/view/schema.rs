//! A database's schema.

use std::path::PathBuf;

use serde::Serialize;

/// The schema, or the file that holds it.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub(crate) enum Schema {
    /// The SQL itself.
    Sql { schema: String },
    /// The file that the SQL was written to.
    Written { file: PathBuf },
}
