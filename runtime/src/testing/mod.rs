//! Tests that start in milliseconds, each with a migrated database of its own.
//!
//! The migrations run once, in a template; a test's database is a copy of its files. Over a
//! test stands [`#[migrator_runtime::test(REGISTRY)]`](crate::test); [`database`] and
//! [`database_of`] are the same as functions.
//!
//! *The server* is that of `DATABASE_URL`, completed as
//! [`Settings::with_env`](crate::Settings::with_env) does; its role needs CREATEDB, and it must be
//! reached directly rather than through a pooler in transaction mode. Without the variable it is a temporary server that all test processes share and that
//! ends with the last of them ([`migrator_localpg::Joined`]).
//!
//! *The template* is named after all that it is made from: the registry's migrations, the
//! services, the role, this crate's version. So a changed migration has a template of its own,
//! and registries do not meet.
//!
//! *Nothing is left behind.* A database goes with its [`TestDatabase`], also when the test
//! panics. For one whose process was killed, its session's advisory lock is gone, by which
//! others know: on a server of the user's, a janitor process that the first test starts, which
//! drops the templates too when no test has run for a while; else, and for databases of the
//! functions alone, the next process that wants a database.
//!
//! *What a database does not hold* is not copied: roles and tablespaces are the cluster's, and
//! `GRANT … ON DATABASE` in a migration reaches the template alone. What `ALTER DATABASE … SET`
//! says is carried over.
//!
//! | variable | meaning |
//! | --- | --- |
//! | `DATABASE_URL` | the server; empty as if it were not set |
//! | `MIGRATOR_TEST_GRACE` | how many seconds templates and the temporary server outlive the last test: 10 |

mod carry;
mod create;
mod database;
mod error;
mod harness;
mod janitor;
mod keeper;
mod name;
mod server;
mod session;
mod template;

#[doc(hidden)]
pub mod __private {
    //! For the expansion of `#[migrator_runtime::test]` alone.
    pub use super::harness::{run, run_to_panic};
}

pub use database::TestDatabase;
pub use error::Error;

use migrator_model::Registry;
use migrator_plan::Selection;

/// Hands out a new database with all migrations of the registry.
///
/// It is dropped with the value. If the process is killed before, the next process that wants a
/// database drops it, or the janitor of a test that uses the attribute.
///
/// # Errors
///
/// There is no server, it refuses, or a migration fails.
pub async fn database(registry: &'static Registry) -> Result<TestDatabase, Error> {
    database_of(registry, &Selection::All).await
}

/// Hands out a new database with the migrations of some services and of what they need.
///
/// # Errors
///
/// Those of [`database`], and a service that the registry does not have.
pub async fn database_of(
    registry: &'static Registry,
    services: &Selection,
) -> Result<TestDatabase, Error> {
    let (database, owner, _) = create::hand_out(registry, services).await?;
    Ok(database.owning(owner))
}
