//! What became of the databases of a fleet.

use std::time::Duration;

use migrator_model::MigrationId;
use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};

use super::members;
use super::problem::Located;

/// What became of a fleet.
#[derive(Debug, Serialize)]
pub(crate) struct Fleet {
    pub(crate) totals: Totals,
    #[serde(rename = "milliseconds", serialize_with = "members::milliseconds")]
    pub(crate) elapsed: Duration,
    /// The part of the list that the process worked on, such as `3/16`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) shard: Option<String>,
    /// The JSON text of each [`Database`], in the order of the list; empty unless the format is
    /// JSON. The renderer adds this list to the document as text.
    #[serde(skip)]
    pub(crate) databases: Vec<Box<str>>,
    /// In the order of the list.
    #[serde(skip)]
    pub(crate) failures: Vec<FailureGroup>,
    #[serde(skip)]
    pub(crate) is_dry_run: bool,
}

/// The number of databases in each state.
#[derive(Debug, Serialize)]
pub(crate) struct Totals {
    pub(crate) applied: usize,
    pub(crate) pending: usize,
    pub(crate) current: usize,
    pub(crate) failed: usize,
    pub(crate) skipped: usize,
    /// The number of migrations, in all databases.
    pub(crate) migrations: usize,
}

/// Databases that failed with the same errors.
#[derive(Debug)]
pub(crate) struct FailureGroup {
    pub(crate) errors: Vec<Located>,
    /// The databases. A database with invalid settings has no name and is left out.
    pub(crate) databases: Vec<String>,
}

/// A database that has ended.
#[derive(Debug)]
pub(crate) struct Database {
    /// Its URL without the password; none if its settings are invalid.
    pub(crate) url: Option<String>,
    /// What messages call it: its URL, or its place in the list.
    pub(crate) name: String,
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
    Current,
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
        self.applied + self.pending + self.current + self.failed + self.skipped
    }
}

impl DatabaseState {
    fn word(&self) -> &'static str {
        match self {
            DatabaseState::Applied(_) => "applied",
            DatabaseState::Pending(_) => "pending",
            DatabaseState::Current => "current",
            DatabaseState::Failed { .. } => "failed",
            DatabaseState::Skipped => "skipped",
        }
    }

    /// How many migrations were applied.
    fn done(&self) -> usize {
        match self {
            DatabaseState::Applied(done) | DatabaseState::Failed { done, .. } => *done,
            DatabaseState::Pending(_) | DatabaseState::Current | DatabaseState::Skipped => 0,
        }
    }
}

impl Serialize for Database {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut members = to.serialize_map(None)?;
        members.serialize_entry("database", &self.url)?;
        members.serialize_entry("state", self.state.word())?;
        members.serialize_entry("done", &self.state.done())?;
        members.serialize_entry("milliseconds", &members::in_milliseconds(self.took))?;
        match &self.state {
            DatabaseState::Pending(plan) => {
                let plan: Vec<String> = plan.iter().map(ToString::to_string).collect();
                members.serialize_entry("plan", &plan)?;
            }
            DatabaseState::Failed { errors, .. } => members.serialize_entry("errors", errors)?,
            DatabaseState::Applied(_) | DatabaseState::Current | DatabaseState::Skipped => {}
        }
        members.end()
    }
}
