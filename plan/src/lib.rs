//! Decides what a run of migrations does. Everything here is pure: the input is a registry, a
//! history and a target; the output is steps or conflicts. `migrator-runtime` reads the history
//! and runs the steps.
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
//! - `request`: the input of both planners;
//! - `sequence`: the order in which a history's entries were applied;
//! - `up`, `down`: the planners of the two directions; [`plan`](mod@plan): calls one of them;
//! - [`redo`](mod@redo), [`switch`](mod@switch), [`repair`](mod@repair), [`accept`](mod@accept),
//!   [`claim`](mod@claim): the planners of the other changes;
//! - [`legs`]: which parts of a plan wait for which;
//! - [`status`]: the state of each migration;
//! - [`state`]: the state of a whole database, for a service's start.

pub mod accept;
pub mod claim;
pub mod conflict;
mod down;
pub mod history;
pub mod legs;
pub mod plan;
pub mod redo;
pub mod remedy;
pub mod repair;
mod request;
pub mod resume;
mod sequence;
pub mod state;
pub mod statement;
pub mod status;
pub mod step;
pub mod switch;
pub mod target;
mod up;

pub use accept::{Edit, accept, edits};
pub use claim::claim;
pub use conflict::Conflict;
pub use history::{Entry, History, Likeness, Origin, RecordedMigration, Stored};
pub use plan::plan;
pub use redo::redo;
pub use remedy::Remedy;
pub use repair::{Outcome, repair};
pub use state::DatabaseState;
pub use status::{MigrationStatus, ServiceStatus, State, Status};
pub use step::{Body, Claim, Plan, Reason, Record, Start, Step};
pub use switch::switch;
pub use target::{Extent, Leave, Policy, Selection, Target};
pub use up::deciding_services;
