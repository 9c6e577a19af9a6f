//! Reads a tree of Postgres migrations, checks it and puts it in order.
//!
//! [`disk::read`] turns a folder into a [`Tree`], which is plain data. [`resolve`]
//! turns a tree into a [`Registry`] and a list of all [`Problem`]s. All modules
//! except [`disk`] and [`build_script`] are pure. This crate does not connect to a
//! database; `migrator-runtime` does.

pub mod build_script;
pub mod code;
pub mod digest;
pub mod directive;
pub mod disk;
#[doc(hidden)]
pub mod embedded;
pub mod file_name;
mod id;
mod ignored;
mod layout;
pub mod levels;
mod lock_mode;
mod manifest;
mod mode;
mod nearest;
mod order;
mod pairs;
pub mod place;
mod problem;
pub mod registry;
mod requires;
mod resolve;
mod script_file;
mod services;
#[doc(hidden)]
pub mod small;
pub mod sql;
mod tree;
mod unknown;
pub mod untrusted;
pub mod version;
pub mod written;

pub use code::{Code, Level};
pub use id::{MigrationId, MigrationRef};
pub use levels::LintLevel;
pub use lock_mode::{Blocks, LockMode};
pub use manifest::service_name_fault;
pub use mode::Mode;
pub use nearest::nearest;
pub use place::Place;
pub use problem::{Note, Problem, Severity, Subject};
pub use registry::{Migration, Registry, Script, Service};
pub use resolve::{Resolved, resolve, resolve_after};
pub use tree::{Node, Tree};
pub use unknown::UnknownService;
pub use version::Version;
