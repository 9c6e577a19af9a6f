//! What a run did, as data.

use std::num::NonZeroUsize;
use std::time::Duration;

use migrator_model::MigrationId;
use migrator_model::file_name::Direction;
use migrator_plan::{Reason, Step};

/// What a run did.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Report {
    /// The steps that are done, in order. Each of them is committed.
    pub done: Vec<Done>,
    /// The migrations whose entries were changed and whose scripts did not run, in order.
    pub recorded: Vec<MigrationId>,
    /// How many notices of the server the run did not keep, because there were too many.
    pub notices_omitted: u64,
    /// How long the run took, from its first read of the history.
    pub elapsed: Duration,
    /// The work that a failed run did not do, if the same call would now do something else.
    pub remaining: Option<Box<Remaining>>,
}

/// The work that a failed run did not do.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Remaining {
    /// A redo reverted this migration, or may have, and did not apply it again.
    Apply(MigrationId),
    /// A run of a number of steps has done some of them, or may have.
    Steps {
        /// The direction of the run.
        direction: Direction,
        /// How many steps are not known to be done.
        number: NonZeroUsize,
    },
}

/// A step that is done.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Done {
    /// The migration.
    pub id: MigrationId,
    /// Up: the run applied it. Down: the run reverted it.
    pub direction: Direction,
    /// Why the step was in the plan.
    pub reason: Reason,
    /// How long the step took, with its round trip.
    pub took: Duration,
}

impl Done {
    pub(crate) fn new(step: &Step<'_>, took: Duration) -> Done {
        Done {
            id: step.id.clone(),
            direction: step.direction(),
            reason: step.reason,
            took,
        }
    }
}

/// Shows `tenant/20240101120000_a1b2c3d4_create_tenants_table`.
impl std::fmt::Display for Done {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.id.fmt(f)
    }
}
