//! Reads the migrations and the history of another tool.
//!
//! Each tool is a [`Tool`], in a file of its own in `tools`. A tool reads its folder ([`Files`])
//! into a [`Source`]: its migrations in the order in which it applies them. [`convert`] turns the
//! source into files of a service. For the history, a tool gives a query whose rows are
//! [`OldEntry`]s, and says which migrations these rows mean.
//!
//! This crate does not connect to a database and does not write files. `migrator-cli` does both.

mod convert;
mod files;
mod history;
mod marks;
mod moment;
mod name;
mod no_sql;
mod outside;
mod plain;
mod source;
mod tool;
mod tools;

pub use convert::{Converted, Destination, Draft, NewFile, NewMigration, Undo, convert};
pub use files::Files;
pub use history::{Database, Lock, OldEntry, OldHistory, OldState, Table};
pub use moment::{Moment, next_second, version_of};
pub use source::{LeftOut, OldMigration, OldScript, Source};
pub use tool::Tool;
pub use tools::{ALL, find};
