//! A thread of this process that keeps the sessions which create and drop databases.
//!
//! Each test has its own tokio runtime, which ends with the test. The sessions outlive it, and a
//! value can be dropped outside any runtime.

use std::sync::OnceLock;
use std::thread;

use tokio::runtime::{Builder, Handle};

use super::error::Error;

/// The handle of the thread. The first call starts the thread.
pub(super) fn handle() -> Result<&'static Handle, Error> {
    static HANDLE: OnceLock<Option<Handle>> = OnceLock::new();
    let handle = HANDLE.get_or_init(start);
    handle.as_ref().ok_or(Error::Keeper)
}

/// Runs work on the thread, to its end even if the caller no longer waits for it.
pub(super) async fn on_thread<T: Send + 'static>(
    work: impl Future<Output = Result<T, Error>> + Send + 'static,
) -> Result<T, Error> {
    let done = handle()?.spawn(work).await;
    done.unwrap_or(Err(Error::Keeper))
}

fn start() -> Option<Handle> {
    let runtime = Builder::new_current_thread().enable_all().build().ok()?;
    let handle = runtime.handle().clone();
    let thread = thread::Builder::new().name("migrator-testing".to_owned());
    let forever = move || runtime.block_on(std::future::pending::<()>());
    thread.spawn(forever).ok()?;
    Some(handle)
}
