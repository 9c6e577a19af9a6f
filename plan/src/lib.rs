//! Decides what a run of migrations does. Everything here is pure: registry, history and
//! target in, steps or conflicts out. `migrator-runtime` reads the history and executes.
//!
//! [`plan()`] is total: it returns the steps or every conflict. `--dry-run` prints its result,
//! tests check it, and a run executes it.
//!
//! Each module imports only from those before it in this list:
//! - [`target`]: what a run is asked to do, and what it may do;
//! - [`history`]: what was applied to a database, as data;
//! - [`statement`]: the statements that a run can resume;
//! - [`resume`]: whether an interrupted script can be resumed;
//! - [`remedy`]: what helps against a conflict;
//! - [`conflict`]: what keeps a run from starting;
//! - [`step`]: a plan and its steps;
//! - `request`: what both planners start from;
//! - `sequence`: the order in which a history's entries were applied;
//! - `up`, `down`: the planners; [`plan`]: calls one of them;
//! - [`legs`]: which parts of a plan wait for which;
//! - [`status`]: the state of each migration;
//! - [`state`]: the state of a whole database, for a service's start.

pub mod conflict;
mod down;
pub mod history;
pub mod legs;
pub mod plan;
pub mod remedy;
mod request;
pub mod resume;
mod sequence;
pub mod state;
pub mod statement;
pub mod status;
pub mod step;
pub mod target;
mod up;

pub use conflict::Conflict;
pub use history::{Entry, History, Likeness, RecordedMigration, Stored};
pub use plan::plan;
pub use remedy::Remedy;
pub use state::DatabaseState;
pub use status::{MigrationStatus, ServiceStatus, State, Status};
pub use step::{DownScript, Plan, Reason, Start, Step, Work};
pub use target::{Extent, Leave, Policy, Selection, Target};
