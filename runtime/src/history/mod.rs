//! The history in a database: its tables, and how they are read and written.
//!
//! What it says, as data, is in `migrator-plan`.
//!
//! `schema` makes its tables, `guard` checks who can write them and `flaw` words what it
//! finds, `read` reads them, `write` has the statements that change them. This folder alone names the tables.

mod flaw;
pub(crate) mod guard;
pub(crate) mod read;
pub(crate) mod schema;
pub(crate) mod write;

pub use migrator_plan::history::*;

/// The format of the tables that this version reads and writes.
pub const FORMAT: i32 = 1;
