//! A plan: which changes a run makes to the history, and which script each of them runs.

use std::fmt;

use migrator_model::file_name::Direction;
use migrator_model::registry::MigrationRef;
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

/// One change of the history, with the script that runs before it.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Step<'r> {
    /// Which migration.
    pub id: MigrationId,
    /// What runs.
    pub body: Body<'r>,
    /// What is written to the history. A step in a transaction commits both together.
    pub record: Record<'r>,
    /// Why it is in the plan.
    pub reason: Reason,
    /// Whether its script starts or is resumed.
    pub start: Start,
}

/// What a step runs.
///
/// This enum and [`Record`] are exhaustive, so that whoever carries out a plan handles every
/// variant.
#[derive(Clone, Copy, Debug)]
pub enum Body<'r> {
    /// A script of the registry.
    Script(&'r Script),
    /// The down script that was recorded when the migration was applied.
    RecordedScript,
    /// Nothing: the step changes the history alone.
    Nothing,
}

/// What a step writes to the history.
#[derive(Clone, Debug)]
pub enum Record<'r> {
    /// It inserts the entry of a migration.
    Insert(&'r Migration),
    /// It replaces the scripts in an entry, and what follows from them, by those of a
    /// migration.
    Replace(Box<Entry>, &'r Migration),
    /// It deletes an entry.
    Delete(Box<Entry>),
    /// It takes the dirty mark off an entry.
    MarkClean(Box<Entry>),
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

impl<'r> Step<'r> {
    /// A step that applies a migration.
    #[must_use]
    pub fn apply(migration: &'r Migration) -> Step<'r> {
        Step {
            id: migration.id(),
            body: Body::Script(&migration.up),
            record: Record::Insert(migration),
            reason: Reason::Requested,
            start: Start::Afresh,
        }
    }

    /// A step that reverts a migration by a down script.
    #[must_use]
    pub fn revert(entry: &Entry, down_script: Body<'r>) -> Step<'r> {
        Step {
            body: down_script,
            ..Step::only_record(entry, Record::Delete(Box::new(entry.clone())))
        }
    }

    /// A step that changes an entry and runs nothing.
    pub(crate) fn only_record(entry: &Entry, record: Record<'r>) -> Step<'r> {
        Step {
            id: entry.id.clone(),
            body: Body::Nothing,
            record,
            reason: Reason::Requested,
            start: Start::Afresh,
        }
    }

    /// The same step for a reason.
    #[must_use]
    pub fn because(self, reason: Reason) -> Step<'r> {
        Step { reason, ..self }
    }

    /// The same step, which resumes its script.
    #[must_use]
    pub fn resumed(self) -> Step<'r> {
        Step {
            start: Start::Resumed,
            ..self
        }
    }

    /// The migration of the registry whose entry the step writes.
    #[must_use]
    pub fn migration(&self) -> Option<&'r Migration> {
        match &self.record {
            Record::Insert(migration) | Record::Replace(_, migration) => Some(migration),
            Record::Delete(_) | Record::MarkClean(_) => None,
        }
    }

    /// The migration that the step applies by its up script.
    #[must_use]
    pub fn applies(&self) -> Option<&'r Migration> {
        match &self.record {
            Record::Insert(migration) if self.has_script() => Some(migration),
            Record::Insert(_) | Record::Replace(..) | Record::Delete(_) | Record::MarkClean(_) => {
                None
            }
        }
    }
}

impl Step<'_> {
    /// Whether the step runs a script.
    #[must_use]
    pub fn has_script(&self) -> bool {
        !matches!(self.body, Body::Nothing)
    }

    /// Whether it resumes a script that an earlier run began.
    #[must_use]
    pub fn is_resumed(&self) -> bool {
        self.start == Start::Resumed
    }

    /// The service whose history the step changes.
    #[must_use]
    pub fn service(&self) -> &str {
        &self.id.service
    }

    /// The migration's version.
    #[must_use]
    pub fn version(&self) -> Version {
        self.id.version
    }

    /// `<uid>_<name>`.
    #[must_use]
    pub fn name(&self) -> String {
        self.id.history_name()
    }

    /// The entry that the step changes. A step that inserts one has none.
    #[must_use]
    pub fn entry(&self) -> Option<&Entry> {
        match &self.record {
            Record::Replace(entry, _) | Record::Delete(entry) | Record::MarkClean(entry) => {
                Some(entry)
            }
            Record::Insert(_) => None,
        }
    }

    /// refinery's checksum of the migration, in decimal, as it is recorded after the step or,
    /// where the step deletes the entry, before it.
    #[must_use]
    pub fn checksum(&self) -> String {
        match &self.record {
            Record::Insert(migration) | Record::Replace(_, migration) => {
                migration.checksum.to_string()
            }
            Record::Delete(entry) | Record::MarkClean(entry) => entry.checksum.clone(),
        }
    }

    /// What the migration requires.
    #[must_use]
    pub fn requires(&self) -> &[MigrationRef] {
        match &self.record {
            Record::Insert(migration) | Record::Replace(_, migration) => &migration.requires,
            Record::Delete(entry) | Record::MarkClean(entry) => &entry.requires,
        }
    }

    /// The scripts that are written to the history and that the step does not run.
    #[must_use]
    pub fn recorded_scripts(&self) -> Vec<&Script> {
        match &self.record {
            Record::Insert(migration) => vec![&migration.down],
            Record::Replace(_, migration) => vec![&migration.up, &migration.down],
            Record::Delete(_) | Record::MarkClean(_) => Vec::new(),
        }
    }

    /// Why the migration cannot be reverted once it is applied, if it says that it cannot.
    #[must_use]
    pub fn irreversible(&self) -> Option<String> {
        self.applies()?.down.irreversible()
    }

    /// Up where the migration has an entry after the step, down where it has none.
    #[must_use]
    pub fn direction(&self) -> Direction {
        match self.record {
            Record::Insert(_) | Record::Replace(..) | Record::MarkClean(_) => Direction::Up,
            Record::Delete(_) => Direction::Down,
        }
    }
}

/// `tenant/20240101120000_a1b2c3d4_create_tenants_table`.
impl fmt::Display for Step<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.id.fmt(f)
    }
}
