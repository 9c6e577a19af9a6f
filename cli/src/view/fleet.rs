//! What became of the databases of a fleet.

use std::time::Duration;

use migrator_model::MigrationId;
use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};

use super::drift::Drift;
use super::members;
use super::problem::Located;
use super::status::{Condition, ServiceState, Status};
use crate::slowest::Slowest;

/// What became of a fleet.
#[derive(Debug, Serialize)]
pub(crate) struct Fleet {
    pub(crate) totals: Totals,
    #[serde(rename = "milliseconds", serialize_with = "members::milliseconds")]
    pub(crate) elapsed: Duration,
    /// The part of the list that the process worked on, such as `3/16`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) shard: Option<String>,
    /// The wave that the process worked on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) wave: Option<u32>,
    /// The JSON text of each [`Database`], in the order of starts; empty unless the format is
    /// JSON. The renderer adds this list to the document as text.
    #[serde(skip)]
    pub(crate) databases: Vec<Box<str>>,
    /// In the order of the list.
    #[serde(skip)]
    pub(crate) failures: Vec<FailureGroup>,
    /// The slowest databases.
    #[serde(skip)]
    pub(crate) slowest: Slowest,
}

/// The number of databases in each state.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Totals {
    pub(crate) applied: usize,
    pub(crate) current: usize,
    pub(crate) drifted: usize,
    pub(crate) failed: usize,
    pub(crate) matches: usize,
    pub(crate) pending: usize,
    pub(crate) planned: usize,
    pub(crate) problem: usize,
    pub(crate) reverted: usize,
    pub(crate) skipped: usize,
    pub(crate) unchanged: usize,
    /// The number of migrations, in all databases.
    pub(crate) migrations: usize,
}

/// Databases that failed with the same errors.
#[derive(Debug)]
pub(crate) struct FailureGroup {
    pub(crate) errors: Vec<Located>,
    /// The databases that the errors do not name. A database with invalid settings has no name and is
    /// left out.
    pub(crate) unnamed: Vec<String>,
}

/// A database that has ended.
#[derive(Debug)]
pub(crate) struct Database {
    /// Its URL without the password; none if its settings are invalid.
    pub(crate) url: Option<String>,
    /// What messages call it: its URL, or its place in the list.
    pub(crate) name: String,
    /// Its wave, if the list has waves.
    pub(crate) wave: Option<u32>,
    pub(crate) state: DatabaseState,
    pub(crate) took: Duration,
}

/// What became of a database.
#[derive(Debug)]
pub(crate) enum DatabaseState {
    /// This many migrations were applied.
    Applied(usize),
    /// These migrations would be applied.
    Pending(Vec<MigrationId>),
    /// There was nothing to apply.
    Current,
    /// This many migrations were reverted.
    Reverted(usize),
    /// These migrations would be reverted.
    Planned(Vec<MigrationId>),
    /// There was nothing to revert.
    Unchanged,
    /// The database was compared with the tree.
    Compared(Status),
    /// Its schema is the one that its history implies.
    Matches(Drift),
    /// Its schema differs from the one that its history implies.
    Drifted(Drift),
    /// It failed after this many migrations.
    Failed {
        done: usize,
        errors: Vec<Located>,
    },
    Skipped,
}

impl Totals {
    /// The number of databases.
    pub(crate) fn databases(&self) -> usize {
        let changed = self.applied + self.reverted + self.pending + self.planned;
        let of_drift = self.matches + self.drifted;
        changed
            + of_drift
            + self.current
            + self.unchanged
            + self.problem
            + self.failed
            + self.skipped
    }

    /// The number of databases in each state.
    pub(crate) fn by_state(&self) -> [(&'static str, usize); 11] {
        [
            ("applied", self.applied),
            ("current", self.current),
            ("drifted", self.drifted),
            ("failed", self.failed),
            ("matches", self.matches),
            ("pending", self.pending),
            ("planned", self.planned),
            ("problem", self.problem),
            ("reverted", self.reverted),
            ("skipped", self.skipped),
            ("unchanged", self.unchanged),
        ]
    }

    /// Counts a database.
    pub(crate) fn add(&mut self, state: &DatabaseState) {
        let number = match state {
            DatabaseState::Applied(_) => &mut self.applied,
            DatabaseState::Pending(_) => &mut self.pending,
            DatabaseState::Current => &mut self.current,
            DatabaseState::Reverted(_) => &mut self.reverted,
            DatabaseState::Planned(_) => &mut self.planned,
            DatabaseState::Unchanged => &mut self.unchanged,
            DatabaseState::Compared(status) => match status.condition() {
                Condition::Current => &mut self.current,
                Condition::Pending => &mut self.pending,
                Condition::Problem => &mut self.problem,
            },
            DatabaseState::Matches(_) => &mut self.matches,
            DatabaseState::Drifted(_) => &mut self.drifted,
            DatabaseState::Failed { .. } => &mut self.failed,
            DatabaseState::Skipped => &mut self.skipped,
        };
        *number += 1;
        self.migrations += state.migrations();
    }
}

impl DatabaseState {
    /// The word that the output uses for the state.
    pub(crate) fn word(&self) -> &'static str {
        match self {
            DatabaseState::Applied(_) => "applied",
            DatabaseState::Pending(_) => "pending",
            DatabaseState::Current => "current",
            DatabaseState::Reverted(_) => "reverted",
            DatabaseState::Planned(_) => "planned",
            DatabaseState::Unchanged => "unchanged",
            DatabaseState::Compared(status) => status.condition().word(),
            DatabaseState::Matches(_) => "matches",
            DatabaseState::Drifted(_) => "drifted",
            DatabaseState::Failed { .. } => "failed",
            DatabaseState::Skipped => "skipped",
        }
    }

    /// How many migrations were done or replayed, or would be done.
    fn migrations(&self) -> usize {
        match self {
            DatabaseState::Pending(steps) | DatabaseState::Planned(steps) => steps.len(),
            DatabaseState::Compared(status) => match status.condition() {
                Condition::Pending => status.services.iter().map(|one| one.pending).sum(),
                Condition::Current | Condition::Problem => 0,
            },
            DatabaseState::Matches(drift) | DatabaseState::Drifted(drift) => drift.migrations,
            DatabaseState::Applied(_)
            | DatabaseState::Current
            | DatabaseState::Reverted(_)
            | DatabaseState::Unchanged
            | DatabaseState::Failed { .. }
            | DatabaseState::Skipped => self.done(),
        }
    }

    /// How many migrations were applied or reverted.
    fn done(&self) -> usize {
        match self {
            DatabaseState::Applied(done)
            | DatabaseState::Reverted(done)
            | DatabaseState::Failed { done, .. } => *done,
            DatabaseState::Pending(_)
            | DatabaseState::Current
            | DatabaseState::Planned(_)
            | DatabaseState::Unchanged
            | DatabaseState::Compared(_)
            | DatabaseState::Matches(_)
            | DatabaseState::Drifted(_)
            | DatabaseState::Skipped => 0,
        }
    }
}

impl Serialize for Database {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut members = to.serialize_map(None)?;
        members.serialize_entry("database", &self.url)?;
        members.serialize_entry("state", self.state.word())?;
        if let Some(wave) = self.wave {
            members.serialize_entry("wave", &wave)?;
        }
        members.serialize_entry("done", &self.state.done())?;
        members.serialize_entry("milliseconds", &members::in_milliseconds(self.took))?;
        match &self.state {
            DatabaseState::Pending(plan) | DatabaseState::Planned(plan) => {
                let plan: Vec<String> = plan.iter().map(ToString::to_string).collect();
                members.serialize_entry("plan", &plan)?;
            }
            DatabaseState::Compared(status) => {
                let services: Vec<&ServiceState> = status.others().collect();
                members.serialize_entry("services", &services)?;
                members.serialize_entry("server", status.server.as_str())?;
                if !status.runs.is_empty() {
                    let runs: Vec<_> = status.runs.iter().map(members::active_run).collect();
                    members.serialize_entry("runs", &runs)?;
                }
            }
            DatabaseState::Matches(drift) | DatabaseState::Drifted(drift) => {
                members.serialize_entry("drift", drift)?;
            }
            DatabaseState::Failed { errors, .. } => members.serialize_entry("errors", errors)?,
            DatabaseState::Applied(_)
            | DatabaseState::Current
            | DatabaseState::Reverted(_)
            | DatabaseState::Unchanged
            | DatabaseState::Skipped => {}
        }
        members.end()
    }
}
