//! The history in a database: its tables, and how they are read and written.
//!
//! The types of its data are in `migrator-plan`.
//!
//! - `schema` has the statements that create the tables, `format` lists their formats, and
//!   `upgrade` has the statements that bring them to the newest format;
//! - `bootstrap` creates the tables;
//! - `guard` checks which roles can write them, and `flaw` describes what it finds;
//! - `digest` and `hash` compare entries with the registry without reading them;
//! - `read` has the queries that read them, `reader` sends a query, and `parse` turns the answer into
//!   data; `log` has the entries of the event log as data, and `read_log` reads them;
//! - `write` has the statements that write entries, `write_event` the one that adds an event, and
//!   `checks` those that check the lock and the step before; `one_row` makes each write change one row,
//!   and `prepared` has those of a step with parameters; `in_message` has the one that records a long
//!   script from the message that runs it;
//! - `failure` turns a failed query into an error.
//!
//! Only this folder names the tables.

pub(crate) mod bootstrap;
pub(crate) mod checks;
pub(crate) mod digest;
pub(crate) mod failure;
mod flaw;
mod format;
pub(crate) mod guard;
mod hash;
pub(crate) mod in_message;
pub(crate) mod log;
pub(crate) mod one_row;
mod parse;
pub(crate) mod prepared;
pub(crate) mod read;
pub(crate) mod read_log;
pub(crate) mod reader;
pub(crate) mod schema;
pub(crate) mod upgrade;
pub(crate) mod write;
pub(crate) mod write_event;

pub use migrator_plan::history::*;

pub use log::{EventKind, LogEntry, LogFilter};

pub use crate::error::format::{FORMAT, UnknownFormat};
