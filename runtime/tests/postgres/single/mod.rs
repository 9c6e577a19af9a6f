//! Runs on a database that has one connection for them.

mod locks;
mod missing;
mod run;

use migrator_runtime::model::Registry;
use migrator_runtime::{Migrator, Options};

use crate::support::Database;

/// A migrator that uses one connection.
fn single(registry: &'static Registry) -> Migrator {
    Migrator::with_options(registry, Options::default().single_connection())
}

/// The advisory locks that sessions of this database hold.
const LOCKS: &str = "SELECT count(*) FROM pg_locks l JOIN pg_database d ON d.oid = l.database \
                     WHERE l.locktype = 'advisory' AND d.datname = current_database()";

/// Asserts that no session holds an advisory lock now.
async fn nothing_is_locked(database: &Database) {
    assert_eq!(database.value(LOCKS).await, "0");
}
