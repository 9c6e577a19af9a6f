//! A plan: which scripts run, in which order.

use std::fmt;

use migrator_model::file_name::Direction;
use migrator_model::{Migration, MigrationId, Script, Version};

use crate::history::Entry;

/// The steps of a run, in order.
#[derive(Clone, Debug, Default)]
pub struct Plan<'r> {
    /// The steps.
    pub steps: Vec<Step<'r>>,
    /// What the user may want to know and need not act on.
    pub notes: Vec<String>,
}

/// One script and what it does to the history.
#[derive(Clone, Debug)]
pub struct Step<'r> {
    /// What runs.
    pub work: Work<'r>,
    /// Why it is in the plan.
    pub reason: Reason,
    /// Whether it begins or goes on.
    pub start: Start,
}

/// How a step starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Start {
    /// Its script has not begun.
    Afresh,
    /// Its script was interrupted in an earlier run, outside a transaction. The catalog
    /// shows what became of each statement, so that the run resumes the script.
    Resumed,
}

/// What a step runs.
#[derive(Clone, Debug)]
pub enum Work<'r> {
    /// The up script of a migration.
    Apply(&'r Migration),
    /// The down script of an applied migration.
    Revert(Box<Entry>, DownScript<'r>),
}

/// Which down script reverts an entry.
#[derive(Clone, Copy, Debug)]
pub enum DownScript<'r> {
    /// That of the registry, which knows the migration as it was applied.
    Embedded(&'r Migration),
    /// That which was recorded when the migration was applied.
    Stored,
}

/// Why a step is in a plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Reason {
    /// Its service was asked for.
    Requested,
    /// A service that was asked for depends on it.
    Dependency,
    /// It stands in the way of a revert that was asked for.
    Cascade,
}

impl Reason {
    /// The word for it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Reason::Requested => "requested",
            Reason::Dependency => "dependency",
            Reason::Cascade => "cascade",
        }
    }
}

impl Step<'_> {
    /// Whether it resumes a script that an earlier run began.
    #[must_use]
    pub fn is_resumed(&self) -> bool {
        self.start == Start::Resumed
    }

    /// Which migration.
    #[must_use]
    pub fn id(&self) -> MigrationId {
        match &self.work {
            Work::Apply(migration) => migration.id(),
            Work::Revert(entry, _) => entry.id.clone(),
        }
    }

    /// The service whose history the step changes.
    #[must_use]
    pub fn service(&self) -> &str {
        match &self.work {
            Work::Apply(migration) => &migration.service,
            Work::Revert(entry, _) => &entry.id.service,
        }
    }

    /// The migration's version.
    #[must_use]
    pub fn version(&self) -> Version {
        match &self.work {
            Work::Apply(migration) => migration.version,
            Work::Revert(entry, _) => entry.id.version,
        }
    }

    /// `<uid>_<name>`.
    #[must_use]
    pub fn name(&self) -> String {
        match &self.work {
            Work::Apply(migration) => migration.history_name(),
            Work::Revert(entry, _) => entry.id.history_name(),
        }
    }

    /// The script that is recorded with the one that runs, if there is one.
    #[must_use]
    pub fn recorded_with(&self) -> Option<&Script> {
        match &self.work {
            Work::Apply(migration) => Some(&migration.down),
            Work::Revert(..) => None,
        }
    }

    /// Why it cannot be reverted once it is applied, if it says that it cannot.
    #[must_use]
    pub fn irreversible(&self) -> Option<String> {
        match &self.work {
            Work::Apply(migration) => migration.down.irreversible(),
            Work::Revert(..) => None,
        }
    }

    /// Up or down.
    #[must_use]
    pub fn direction(&self) -> Direction {
        match self.work {
            Work::Apply(_) => Direction::Up,
            Work::Revert(..) => Direction::Down,
        }
    }
}

/// `tenant/20240101120000_a1b2c3d4_create_tenants_table`.
impl fmt::Display for Step<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.id().fmt(f)
    }
}
