//! Tests that start in milliseconds, each with its own migrated database.
//!
//! The migrations run once, in a template; a test's database is a copy of the template's files.
//! Write [`#[migrator_runtime::test(REGISTRY)]`](crate::test) above a test. [`database`] and
//! [`database_of`] do the same as functions.
//!
//! *The server* is that of `DATABASE_URL`, completed as
//! [`Settings::with_env`](crate::Settings::with_env) does. Its role needs CREATEDB. Connect to
//! the server directly, not through a pooler in transaction mode. Without the variable, the
//! tests use a temporary server. All test processes share it, and it ends with the last of them
//! ([`migrator_localpg::Joined`]).
//!
//! *The template* has a name that depends on everything it is created from: the registry's
//! migrations, the services, the role, the version of this crate. So a changed migration gets a
//! new template, and two registries do not share one.
//!
//! *Cleanup.* A database is dropped with its [`TestDatabase`], also when the test panics. If the
//! process is killed, its session ends and releases its advisory lock, so that other processes
//! can drop the database. On a user's server, the first test with the attribute starts a janitor
//! process. The janitor drops such databases; it also drops the templates when no test has run
//! for a while. Without a janitor, the next process that creates a database drops them.
//!
//! *Not copied* is what a database does not contain. Roles and tablespaces belong to the
//! cluster. `GRANT … ON DATABASE` in a migration affects only the template. The settings of
//! `ALTER DATABASE … SET` are carried over.
//!
//! | variable | meaning |
//! | --- | --- |
//! | `DATABASE_URL` | the server; empty means not set |
//! | `MIGRATOR_TEST_GRACE` | seconds that templates and the temporary server stay after a test: 10 |

mod carry;
mod create;
mod database;
mod error;
mod harness;
mod janitor;
mod keeper;
mod lend;
mod name;
mod server;
mod session;
mod template;

#[doc(hidden)]
pub mod __private {
    //! Only for the expansion of `#[migrator_runtime::test]`, and for the command `migrator with`.
    pub use super::harness::{run, run_to_panic};
    pub use super::lend::{Lender, Lent};
}

pub use database::TestDatabase;
pub use error::Error;

use migrator_model::Registry;
use migrator_plan::Selection;

use server::server;
use template::Content;

/// Creates a new database with all migrations of the registry.
///
/// The database is dropped with the value. If the process is killed before, the next process
/// that creates a database drops it, or the janitor of a test with the attribute.
///
/// # Errors
///
/// There is no server, the server refuses, or a migration fails.
pub async fn database(registry: &'static Registry) -> Result<TestDatabase, Error> {
    database_of(registry, &Selection::All).await
}

/// Creates a new database with the migrations of some services and of those that they need.
///
/// # Errors
///
/// Those of [`database`], and a service that the registry does not have.
pub async fn database_of(
    registry: &'static Registry,
    services: &Selection,
) -> Result<TestDatabase, Error> {
    let content = Content::new(registry, services.clone());
    let (database, owner, _) = create::hand_out(server()?, content).await?;
    Ok(database.owning(owner))
}
