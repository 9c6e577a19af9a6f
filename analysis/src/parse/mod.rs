//! Parses SQL into a flat tree; the one user of `squawk-parser`.
//!
//! The parser recurses and, on input it was not made for, may panic. So it
//! runs where the stack is large ([`on_large_stack`]), only on input of bounded
//! nesting, and a panic becomes a syntax error.

mod build;
mod depth;
#[cfg(test)]
mod tests;
mod tree;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::thread;

use build::build;
pub use depth::DEEPEST;
use depth::too_deep;
pub use tree::{Id, Kind, ROOT, Sql, SyntaxError};

/// Enough for [`DEEPEST`] in a build without optimisation.
const STACK: usize = 256 * 1024 * 1024;

/// Runs something on a thread whose stack is large enough for [`parse`].
///
/// The memory is only reserved: what is not used is never touched.
///
/// # Errors
///
/// The thread could not be started, or ended in a panic.
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

/// Parses a script, on the stack of [`on_large_stack`].
#[must_use]
pub fn parse(text: &str) -> Sql<'_> {
    let nothing = |message: &str, offset| Sql {
        text,
        nodes: vec![tree::Node::root(text)],
        errors: vec![SyntaxError {
            message: message.to_owned(),
            offset,
        }],
        rolled_back: Vec::new(),
    };
    if let Some(offset) = too_deep(text) {
        return nothing("this is nested too deeply to be checked", offset);
    }
    let parsed = catch_unwind(AssertUnwindSafe(|| build(text)));
    parsed.unwrap_or_else(|_| nothing("this cannot be parsed", 0))
}
