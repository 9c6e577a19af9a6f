//! Data that a plan removes.

use serde::Serialize;

/// A table, a column or rows that a plan removes.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Lost {
    #[serde(flatten)]
    pub(crate) part: LostPart,
    pub(crate) schema: String,
    pub(crate) table: String,
    /// About how many rows the table has, if the server's statistics say so.
    pub(crate) rows: Option<u64>,
}

impl Lost {
    /// The schema and the name of the table.
    pub(crate) fn key(&self) -> (String, String) {
        (self.schema.clone(), self.table.clone())
    }
}

/// How much of a table goes.
#[derive(Clone, Debug, Serialize)]
#[serde(tag = "lost", content = "column", rename_all = "lowercase")]
pub(crate) enum LostPart {
    /// The whole table.
    Table,
    /// One column.
    Column(String),
    /// All or some of its rows.
    Rows,
}
