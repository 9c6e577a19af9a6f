//! A plan: the changes that a run makes to the history, and the script of each change.

use std::{fmt, mem};

use migrator_model::file_name::Direction;
use migrator_model::registry::MigrationRef;
use migrator_model::{Migration, MigrationId, Script, Version};

use crate::history::{Entry, Origin};

/// The steps of a run, in order.
#[derive(Clone, Debug, Default)]
pub struct Plan<'r> {
    /// The steps.
    pub steps: Vec<Step<'r>>,
    /// Notes for the user that require no action.
    pub notes: Vec<String>,
}

impl Plan<'_> {
    /// The first migration for which two plans differ, or `None` if they run the same scripts.
    ///
    /// The reason of a step and the notes do not count.
    #[must_use]
    pub fn first_difference<'p>(&'p self, other: &'p Plan<'_>) -> Option<&'p MigrationId> {
        let common = self.steps.len().min(other.steps.len());
        let mut pairs = self.steps.iter().zip(&other.steps);
        let changed = pairs.find(|(ours, theirs)| !ours.does_the_same_as(theirs));
        let further = self.steps.get(common).or(other.steps.get(common));
        changed
            .map(|(ours, _)| ours)
            .or(further)
            .map(|step| &step.id)
    }
}

/// One change of the history, and the script that runs before the change.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Step<'r> {
    /// The migration.
    pub id: MigrationId,
    /// What runs.
    pub body: Body<'r>,
    /// The change of the history. A step in a transaction commits script and change together.
    pub record: Record<'r>,
    /// Why the step is in the plan.
    pub reason: Reason,
    /// Whether the script starts or is resumed.
    pub start: Start,
}

/// The script that a step runs.
///
/// This enum and [`Record`] are exhaustive, so that code that runs a plan handles every variant.
#[derive(Clone, Copy, Debug)]
pub enum Body<'r> {
    /// A script of the registry.
    Script(Script<'r>),
    /// The down script that was recorded when the migration was applied.
    RecordedScript,
    /// No script: the step only changes the history.
    Nothing,
}

/// What a step writes to the history.
#[derive(Clone, Debug)]
pub enum Record<'r> {
    /// Inserts the entry of a migration.
    Insert(Migration<'r>),
    /// Replaces the scripts in an entry, with their checksum and fingerprint, by those of a
    /// migration.
    Replace(Box<Entry>, Migration<'r>),
    /// Deletes an entry.
    Delete(Box<Entry>),
    /// Removes the dirty mark from an entry.
    MarkClean(Box<Entry>),
    /// Inserts the entry of a migration that does not run.
    Claim(Claim<'r>),
}

/// A migration whose effects are in the database, although no run applied it.
#[derive(Clone, Debug)]
pub struct Claim<'r> {
    /// The migration.
    pub migration: Migration<'r>,
    /// The origin of its entry.
    pub origin: Origin,
    /// When it was applied, in RFC 3339. `None` stands for the time of the entry.
    pub applied_on: Option<String>,
}

/// How a step starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Start {
    /// The script has not begun.
    Afresh,
    /// The script was interrupted in an earlier run, outside a transaction. The run resumes it,
    /// because the catalog shows which statements took effect.
    Resumed,
}

/// Why a step is in a plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Reason {
    /// The user named its service.
    Requested,
    /// A service that the user named depends on it.
    Dependency,
    /// It must be reverted before a migration that the user wants to revert. A switch applies it
    /// again after that.
    Cascade,
}

impl Reason {
    /// The word that the output uses for the reason.
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
    /// Returns a step that applies a migration.
    #[must_use]
    pub fn apply(migration: Migration<'r>) -> Step<'r> {
        Step {
            id: migration.id(),
            body: Body::Script(migration.up()),
            record: Record::Insert(migration),
            reason: Reason::Requested,
            start: Start::Afresh,
        }
    }

    /// Returns a step that reverts a migration by a down script.
    #[must_use]
    pub fn revert(entry: &Entry, down_script: Body<'r>) -> Step<'r> {
        Step {
            body: down_script,
            ..Step::only_record(entry, Record::Delete(Box::new(entry.clone())))
        }
    }

    /// Returns a step that changes an entry and runs no script.
    pub(crate) fn only_record(entry: &Entry, record: Record<'r>) -> Step<'r> {
        Step {
            id: entry.id.clone(),
            body: Body::Nothing,
            record,
            reason: Reason::Requested,
            start: Start::Afresh,
        }
    }

    /// Returns a step that records a migration without running it.
    pub(crate) fn claim(claim: Claim<'r>) -> Step<'r> {
        Step {
            id: claim.migration.id(),
            body: Body::Nothing,
            record: Record::Claim(claim),
            reason: Reason::Requested,
            start: Start::Afresh,
        }
    }

    /// Returns the same step with this reason.
    #[must_use]
    pub fn because(self, reason: Reason) -> Step<'r> {
        Step { reason, ..self }
    }

    /// Returns the same step, which resumes its script.
    #[must_use]
    pub fn resumed(self) -> Step<'r> {
        Step {
            start: Start::Resumed,
            ..self
        }
    }

    /// The migration of the registry that the step records.
    #[must_use]
    pub fn migration(&self) -> Option<Migration<'r>> {
        match &self.record {
            Record::Insert(migration) | Record::Replace(_, migration) => Some(*migration),
            Record::Claim(claim) => Some(claim.migration),
            Record::Delete(_) | Record::MarkClean(_) => None,
        }
    }

    /// The migration that the step applies by its up script.
    #[must_use]
    pub fn applies(&self) -> Option<Migration<'r>> {
        match &self.record {
            Record::Insert(migration) if self.has_script() => Some(*migration),
            Record::Insert(_)
            | Record::Replace(..)
            | Record::Delete(_)
            | Record::MarkClean(_)
            | Record::Claim(_) => None,
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
            Record::Insert(_) | Record::Claim(_) => None,
        }
    }

    /// refinery's checksum of the migration, in decimal: the checksum in the entry after the step.
    /// For a step that deletes the entry, the checksum before the step.
    #[must_use]
    pub fn checksum(&self) -> String {
        match &self.record {
            Record::Insert(migration) | Record::Replace(_, migration) => {
                migration.checksum.to_string()
            }
            Record::Claim(claim) => claim.migration.checksum.to_string(),
            Record::Delete(entry) | Record::MarkClean(entry) => entry.checksum.clone(),
        }
    }

    /// The migrations that the migration requires.
    #[must_use]
    pub fn requires(&self) -> Vec<MigrationRef> {
        match &self.record {
            Record::Insert(migration) | Record::Replace(_, migration) => migration.requires(),
            Record::Claim(claim) => claim.migration.requires(),
            Record::Delete(entry) | Record::MarkClean(entry) => entry.requires.clone(),
        }
    }

    /// Scripts that the step writes to the history and does not run.
    #[must_use]
    pub fn recorded_scripts(&self) -> Vec<Script<'_>> {
        match &self.record {
            Record::Insert(migration) => vec![migration.down()],
            Record::Replace(_, migration) => vec![migration.up(), migration.down()],
            Record::Claim(claim) => vec![claim.migration.up(), claim.migration.down()],
            Record::Delete(_) | Record::MarkClean(_) => Vec::new(),
        }
    }

    /// Whether two steps run the same script of the same migration, in the same way.
    fn does_the_same_as(&self, other: &Step<'_>) -> bool {
        mem::discriminant(&self.body) == mem::discriminant(&other.body)
            && (&self.id, self.direction(), self.start, self.checksum())
                == (&other.id, other.direction(), other.start, other.checksum())
    }

    /// Why the migration cannot be reverted once it is applied, if it says that it cannot.
    #[must_use]
    pub fn irreversible(&self) -> Option<String> {
        self.applies()?.down().irreversible()
    }

    /// Down if the step deletes the entry, otherwise up.
    #[must_use]
    pub fn direction(&self) -> Direction {
        match self.record {
            Record::Insert(_) | Record::Replace(..) | Record::MarkClean(_) | Record::Claim(_) => {
                Direction::Up
            }
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
