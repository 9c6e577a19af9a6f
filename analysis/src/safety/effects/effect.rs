//! The types of the result: an effect on a table or view, and a statement with unknown effects.

use migrator_model::LockMode;

/// The effect of a migration on one table or view.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TableEffect {
    /// The table. A name in the schema `public` has no schema.
    pub table: String,
    /// Whether the migration creates it, so that nobody uses it yet.
    pub is_new: bool,
    /// The strongest lock; `None` if no lock is certain.
    pub lock: Option<LockMode>,
    /// The most work that a statement has with its rows.
    pub work: Work,
    /// What it destroys, such as ``drops `region` ``.
    pub destroys: Vec<String>,
}

/// The work of a statement with the rows of a table, from the least to the most.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Work {
    /// It reads no row.
    Nothing,
    /// It is a query.
    Reads,
    /// It inserts, updates or deletes rows.
    Changes,
    /// It reads all rows.
    Scan,
    /// The scripts do not show it.
    Unknown,
    /// It writes all rows again.
    Rewrite,
}

/// A statement that may do more than the analysis shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownStatement {
    /// Its line in the script, from 1.
    pub line: usize,
    /// Its first words, such as `ALTER DOMAIN`.
    pub words: String,
}
