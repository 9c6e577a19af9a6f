//! Runs a test that has the attribute.

use std::process;

use migrator_model::Registry;
use migrator_plan::Selection;
use tokio::runtime::{Builder, Runtime};

use super::create::{self, Care};
use super::database::TestDatabase;
use super::error::Error;
use super::janitor;
use super::server::server;
use super::template::Content;

/// Runs a test that passes by returning. `name` is its path with the crate's name.
///
/// # Panics
///
/// Panics if there is no database, or if the test panics.
pub fn run<F, T>(registry: &'static Registry, services: &[&str], name: &str, body: F) -> T::Output
where
    F: FnOnce(TestDatabase) -> T,
    T: Future,
{
    with_database(registry, services, name, body).unwrap_or_else(|error| fail(&error))
}

/// Runs a test that passes if it panics. Without a database it does not panic, and so fails.
///
/// # Panics
///
/// Panics if the test panics.
pub fn run_to_panic<F, T>(registry: &'static Registry, services: &[&str], name: &str, body: F)
where
    F: FnOnce(TestDatabase) -> T,
    T: Future<Output = ()>,
{
    with_database(registry, services, name, body).unwrap_or_else(|error| say(&error));
}

fn with_database<F, T>(
    registry: &'static Registry,
    services: &[&str],
    name: &str,
    body: F,
) -> Result<T::Output, Error>
where
    F: FnOnce(TestDatabase) -> T,
    T: Future,
{
    let runtime = runtime()?;
    if janitor::is_this_process() {
        let attended =
            server().and_then(|server| runtime.block_on(janitor::attend(&server.settings)));
        process::exit(i32::from(attended.is_err()));
    }
    let services = match services {
        [] => Selection::All,
        names => Selection::Named(names.iter().map(ToString::to_string).collect()),
    };
    let handed_out = create::hand_out(server()?, Content::new(registry, services));
    let (database, owner, care) = runtime.block_on(handed_out)?;
    if care == Care::Wanted {
        // The arguments of a test of libtest.
        let test = [
            in_harness(name),
            "--exact",
            "--include-ignored",
            "--nocapture",
        ];
        janitor::start(test);
    }
    // The order of dropping matters, also in a panic: first the runtime with the test's
    // connections, then the database, which then has no session left to end.
    let _database = owner;
    let runtime = runtime;
    Ok(runtime.block_on(body(database)))
}

fn runtime() -> Result<Runtime, Error> {
    let runtime = Builder::new_current_thread().enable_all().build();
    runtime.map_err(|_| Error::Keeper)
}

/// libtest names a test by its path without the name of the crate.
fn in_harness(name: &str) -> &str {
    name.split_once("::").map_or(name, |(_crate, rest)| rest)
}

#[expect(
    clippy::panic,
    reason = "this is how a test fails, whatever type it returns"
)]
fn fail<T>(error: &Error) -> T {
    panic!("{}", error.full())
}

#[expect(
    clippy::print_stderr,
    reason = "a panic is what the test is expected to do"
)]
fn say(error: &Error) {
    eprintln!("{}", error.full());
}
