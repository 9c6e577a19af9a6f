//! Runs one step of a plan.
//!
//! What is sent for one migration is in `messages.sql`, beside this file: each whole message of `up`,
//! of `down`, and of a script outside a transaction. A test compares the file with what a server
//! receives.
//!
//! `executor` has the state that the steps of one connection share. Its methods are in several
//! modules:
//!
//! - `perform` chooses how a step runs;
//! - `send_ahead` sends a step in a transaction, before the earlier steps have answered, and
//!   `pipeline` is the queue of the messages in progress;
//! - `by_statement` sends a script outside a transaction, and `fence` has the checks before each
//!   statement;
//! - `resume` resumes a script that was interrupted outside a transaction;
//! - `record` has the statements that record a step in the history, and `prepared` has those that
//!   the connection has prepared. A long up script is recorded from the message that runs it;
//! - `record_together` records migrations that do not run, in one transaction with the statements of
//!   `alongside`.
//!
//! The other modules have data:
//!
//! - `source` is the script of a step, and `encoding` explains why the server refused a character;
//! - `stored` has the down scripts that the history recorded, and chooses the script of a step;
//! - `shared` has what all connections of a run share, `schedule` decides which leg starts next, and
//!   `progress` reports the events of all legs in the order of the plan.

pub(crate) mod alongside;
mod by_statement;
mod encoding;
pub(crate) mod executor;
mod fence;
mod length;
mod perform;
mod pipeline;
mod prepared;
pub(crate) mod progress;
mod record;
mod record_together;
pub(crate) mod resume;
pub(crate) mod schedule;
mod send_ahead;
pub(crate) mod shared;
pub(crate) mod source;
pub(crate) mod stored;
