//! The history in a database: its tables, and how they are read and written.
//!
//! What it says, as data, is in `migrator-plan`.
//!
//! `schema` has the statements that make its tables, `bootstrap` makes them, `guard` checks who can write them and `flaw` words what it
//! finds, `read` reads them, `write` has the statements that change them, `failure` says why a
//! query failed. This folder alone names the tables.

pub(crate) mod bootstrap;
pub(crate) mod failure;
mod flaw;
pub(crate) mod guard;
pub(crate) mod read;
pub(crate) mod schema;
pub(crate) mod write;

pub use migrator_plan::history::*;

pub use crate::error::format::FORMAT;
