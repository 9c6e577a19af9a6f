//! Parses SQL into a flat tree. Only this module uses `squawk-parser`.
//!
//! The parser is recursive and may panic on unusual input. It therefore runs on a large stack
//! ([`on_large_stack`]) and only on input of limited depth. A panic becomes a syntax error.

mod build;
mod depth;
#[cfg(test)]
mod tests;
mod thin;
mod tree;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::thread;

use build::{build, nothing};
pub use depth::DEEPEST;
pub use tree::{Id, Kind, ROOT, Sql, SyntaxError};

/// The stack in bytes. A debug build needs this much for [`DEEPEST`].
const STACK: usize = 256 * 1024 * 1024;

/// Runs `work` on a thread with a stack large enough for [`parse`].
///
/// The stack is reserved, not allocated: unused pages cost nothing.
///
/// # Errors
///
/// The thread did not start, or it panicked.
pub fn on_large_stack<T: Send>(work: impl FnOnce() -> T + Send) -> Result<T, String> {
    thread::scope(|scope| {
        thread::Builder::new()
            .stack_size(STACK)
            .spawn_scoped(scope, work)
            .map_err(|error| error.to_string())?
            .join()
            .map_err(|_| "the analysis panicked".to_owned())
    })
}

/// Parses a script. Call this function within [`on_large_stack`].
#[must_use]
pub fn parse(text: &str) -> Sql<'_> {
    let parsed = catch_unwind(AssertUnwindSafe(|| build(text)));
    parsed.unwrap_or_else(|_| nothing(text, "this cannot be parsed", 0))
}
