//! What this crate has to know about another tool.

use migrator_model::Problem;

use crate::files::Files;
use crate::history::{Database, Lock, OldEntry, OldHistory, Table};
use crate::source::Source;

/// Another tool: how it keeps its migrations in a folder, and its history in a database.
pub trait Tool: Sync {
    /// The name of the tool, as in `--from`.
    fn name(&self) -> &'static str;

    /// Reads the tool's folder. Each fault becomes a problem of the source.
    fn read(&self, files: &Files) -> Source;

    /// Whether a line of a script speaks to the tool. Such a line is not converted.
    fn is_mark(&self, line: &str) -> bool {
        let _ = line;
        false
    }

    /// The table with the tool's history.
    fn table(&self) -> Table;

    /// A query for the rows of that table, whose name is `table`, quoted. Its columns are text: the
    /// key of a migration, when it was applied in RFC 3339 or null, and `applied` or `failed`.
    fn query(&self, table: &str) -> String;

    /// The lock that the tool holds while it migrates.
    fn lock(&self, database: Database<'_>) -> Lock {
        let _ = database;
        Lock::OfTable
    }

    /// The migrations that the rows of the history mean.
    ///
    /// # Errors
    ///
    /// A migration failed, or the folder does not have it.
    fn applied(&self, source: &Source, entries: &[OldEntry]) -> Result<OldHistory, Box<Problem>> {
        OldHistory::by_key(source, entries)
    }
}
