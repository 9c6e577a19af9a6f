//! Parses the SQL of a tree of migrations and reports what is wrong with it.
//!
//! [`analyse`] takes a resolved tree and returns all findings. Build scripts and the command call
//! it. The macro checks a tree without it, so that the macro compiles fast.
//!
//! Only [`parse`] uses the parser. `objects` lists the objects that a script creates, drops,
//! alters and refers to. The checks build on both. [`losses()`] lists the data that scripts remove,
//! and [`uses()`] the objects that each migration changes and the services that it uses.

#![cfg_attr(not(test), deny(clippy::use_debug))]

mod allowances;
pub mod base;
mod characters;
mod check;
mod clauses;
mod client;
pub mod draft;
mod duplicates;
mod finding;
mod irreversible;
mod kinds;
mod losses;
mod missing;
mod names;
mod objects;
mod ownership;
pub mod parse;
mod recheck;
mod repeat;
mod safety;
mod script;
mod site;
mod sql_type;
mod state;
mod syntax;
pub mod template;
mod transaction;
mod undo;
mod unread;

use migrator_model::{Problem, Resolved};

pub use losses::{Loss, Losses, TableName, losses};
pub use ownership::{ChangeKind, ObjectChange, Uses, uses};
pub use safety::effects;
pub use syntax::is_reserved;

/// Checks the SQL of a resolved tree.
///
/// A syntax error in one script does not stop the checks of other scripts. A finding that this
/// script may have caused is not reported.
#[must_use]
pub fn analyse(resolved: &Resolved) -> Vec<Problem> {
    let texts = script::texts(resolved.registry.migrations());
    check::check(resolved, &script::parse_all(&texts))
}

/// Checks the tree in `folder` for a build script, and rebuilds when the tree changes.
///
/// After an edit, it checks what the edit may affect.
pub fn check_in_build_script(folder: &str) {
    migrator_model::build_script::check_with(folder, recheck::analyse);
}
