//! What a run did, as data.

use std::time::Duration;

use migrator_model::MigrationId;
use migrator_model::file_name::Direction;
use migrator_plan::{Reason, Step};

/// What a run did.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// The steps that are done, in order; each is committed.
    pub done: Vec<Done>,
    /// How long it took from the first look at the history on.
    pub elapsed: Duration,
}

/// A step that is done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Done {
    /// Which migration.
    pub id: MigrationId,
    /// Up: it was applied. Down: it was reverted.
    pub direction: Direction,
    /// Why it was in the plan.
    pub reason: Reason,
    /// How long it took, round trip included.
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

/// `tenant/20240101120000_a1b2c3d4_create_tenants_table`.
impl std::fmt::Display for Done {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.id.fmt(f)
    }
}
