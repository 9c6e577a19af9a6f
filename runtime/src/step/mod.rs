//! Runs one step of a plan.
//!
//! `source` is the script. `executor` sends and records it: in a `pipeline` of messages, or
//! outside a transaction after the checks of `fence`. `resume` resumes a script that was
//! interrupted.

mod by_statement;
mod encoding;
pub(crate) mod executor;
mod fence;
mod perform;
mod pipeline;
pub(crate) mod progress;
mod record;
pub(crate) mod resume;
pub(crate) mod schedule;
mod send_ahead;
pub(crate) mod shared;
pub(crate) mod source;
pub(crate) mod stored;
