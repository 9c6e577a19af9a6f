//! What a proof is about, and what it finds.

use std::collections::BTreeSet;
use std::time::Duration;

use migrator_model::{Migration, Version};
use migrator_runtime::{Fault, Selection};
use tokio_postgres::error::SqlState;

use super::locks::Lock;
use crate::compare::difference::Difference;
use crate::error::Error;

/// Which migrations are proved.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Subject {
    /// The services whose migrations are proved. What these migrations depend on is applied first.
    pub services: Selection,
    /// The first version that is proved. Older migrations are applied without a proof.
    pub since: Option<Version>,
}

impl Subject {
    /// All migrations of these services.
    #[must_use]
    pub const fn of(services: Selection) -> Subject {
        Subject {
            services,
            since: None,
        }
    }

    /// Only the migrations from this version on.
    #[must_use]
    pub fn since(mut self, version: Option<Version>) -> Subject {
        self.since = version;
        self
    }

    /// Whether the migration is proved. The others of the plan are only applied.
    #[must_use]
    pub fn contains(&self, migration: Migration<'_>) -> bool {
        self.services.names(migration.service)
            && self.since.is_none_or(|since| since <= migration.version)
    }
}

/// What a proof does with the database at the end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Afterwards {
    /// Restores the database to its state before the proof.
    Empty,
    /// Leaves the database as it is, because nobody uses it again.
    Abandon,
}

/// What was found about one migration.
#[derive(Debug)]
#[non_exhaustive]
pub struct Proved<'a> {
    /// The migration.
    pub migration: Migration<'a>,
    /// How long the first run of its up script took, if the script succeeded.
    pub up: Option<Duration>,
    /// How long its down script took, if the script succeeded.
    pub down: Option<Duration>,
    /// How long the second run of its up script took, if the script succeeded.
    pub again: Option<Duration>,
    /// The strongest lock on each table that existed before the migration, by the tables' names;
    /// `None` if it is not known, for a script outside a transaction.
    pub locks: Option<Vec<Lock>>,
    /// What the down script left that no script can take back: columns at other positions, and
    /// more values of enums. These differences are no fault.
    pub notes: Vec<Difference>,
    /// The verdict.
    pub verdict: Verdict,
}

/// The result for one migration.
#[derive(Debug)]
pub enum Verdict {
    /// The down script undoes the up script, and the up script does the same a second time.
    Sound,
    /// The up script succeeds, and the down script says why the migration cannot be reverted.
    Irreversible(String),
    /// After the down script, the catalog differs from the catalog before the up script.
    NotUndone(Vec<Difference>),
    /// After the second run of the up script, the catalog differs from the catalog after the first.
    NotRepeated(Vec<Difference>),
    /// A script failed.
    Failed(Pass, Box<Fault>),
    /// The migration was not proved, because an earlier migration failed that it may need.
    Skipped {
        /// The earlier migration.
        behind: String,
    },
}

/// One of the three runs of a migration's scripts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pass {
    /// The first run of the up script.
    Up,
    /// The run of the down script.
    Down,
    /// The second run of the up script.
    Again,
}

impl Verdict {
    /// Whether the migration has no fault.
    #[must_use]
    pub fn is_sound(&self) -> bool {
        matches!(self, Verdict::Sound | Verdict::Irreversible(_))
    }
}

/// What happens during a proof.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum ProofEvent<'e, 'a> {
    /// The scripts of a migration run from now on. Several ranges of a plan mix their events.
    Started(Migration<'a>),
    /// The scripts of a migration have run. Follows each `Started`, unless the proof ends there.
    Ended(Migration<'a>),
    /// The result for a migration, in the order of the plan.
    Proved(&'e Proved<'a>),
}

/// The result of a proof, also of one that stopped early.
#[derive(Debug)]
#[non_exhaustive]
pub struct Proof<'a> {
    /// The results, in plan order.
    pub proved: Vec<Proved<'a>>,
    /// Whether all migrations were tried. An error if the database was in use, if the connection
    /// was lost, or if the database could not be restored.
    pub ended: Result<(), Error>,
    /// The storage options that were not compared because their names are unknown.
    pub unknown_options: BTreeSet<String>,
    /// What whole snapshots showed, but not the snapshots that read only what scripts changed. That
    /// is a fault of this crate, or somebody else changed the database. The migrations since the
    /// last whole snapshot were proved again, so their results were reported twice.
    pub missed: Vec<Difference>,
    /// How often something that takes long was done.
    pub counts: Counts,
}

/// How often a proof did what takes long in a large schema.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Counts {
    /// Snapshots that read only what scripts changed.
    pub following: usize,
    /// Snapshots that read the whole catalog.
    pub whole: usize,
    /// How often all applied migrations were applied again, on the empty database.
    pub rebuilt: usize,
}

impl<'a> Proof<'a> {
    /// The result of no proof.
    pub(super) fn none() -> Proof<'a> {
        Proof {
            proved: Vec::new(),
            ended: Ok(()),
            unknown_options: BTreeSet::new(),
            missed: Vec::new(),
            counts: Counts::default(),
        }
    }

    /// Adds the result for the next range of the plan.
    pub(super) fn and(&mut self, next: Proof<'a>) {
        self.proved.extend(next.proved);
        self.unknown_options.extend(next.unknown_options);
        self.missed.extend(next.missed);
        self.counts.following += next.counts.following;
        self.counts.whole += next.counts.whole;
        self.counts.rebuilt += next.counts.rebuilt;
        self.ended = next.ended;
    }
}

impl<'a> Proved<'a> {
    pub(super) fn new(migration: Migration<'a>, verdict: Verdict) -> Proved<'a> {
        Proved {
            migration,
            up: None,
            down: None,
            again: None,
            locks: None,
            notes: Vec::new(),
            verdict,
        }
    }

    /// Whether the up script failed because it adds an enum value that the down script left.
    pub(super) fn fails_on_a_left_value(&self, fault: &Fault) -> bool {
        let is_duplicate = fault.sqlstate.as_deref() == Some(SqlState::DUPLICATE_OBJECT.code());
        let added = self.notes.iter().filter_map(Difference::added_values);
        let mut added = added.flatten();
        is_duplicate
            && self.verdict.is_sound()
            && added.any(|value| fault.message.contains(value.trim_matches('\'')))
    }
}
