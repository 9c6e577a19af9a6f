//! The migrations that were taken over from another tool.

use serde::Serialize;

use super::evidence::{Claimed, Detected};

/// What `adopt` converted and recorded.
#[derive(Debug, Serialize)]
pub(crate) struct Adopt {
    /// The other tool.
    pub(crate) tool: &'static str,
    /// The folder of the other tool.
    pub(crate) path: String,
    /// The service that has the migrations now.
    pub(crate) service: String,
    /// The migrations, in the order in which the other tool applies them.
    pub(crate) converted: Vec<Conversion>,
    /// The files that were not converted.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) left_out: Vec<NotConverted>,
    /// The paths of the new files.
    pub(crate) created: Vec<String>,
    /// The tier of a service that is new in the manifest.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) new_in_tier: Option<String>,
    /// The patterns of the old history's objects that are new in the manifest's `[drift]`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) new_in_drift: Vec<String>,
    /// The lints that become warnings for the adopted migrations, new in the manifest.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) new_levels: Vec<String>,
    /// The path of the manifest.
    #[serde(skip)]
    pub(crate) manifest: String,
    /// How many warnings the new files have.
    pub(crate) warnings: usize,
    /// Whether the files were written.
    pub(crate) written: bool,
    /// The history, if a database was named.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) history: Option<AdoptedHistory>,
}

/// A migration of the other tool.
#[derive(Debug, Serialize)]
pub(crate) struct Conversion {
    /// The migration that it became.
    pub(crate) migration: String,
    /// The file or folder of the other tool.
    pub(crate) from: String,
    /// `converted`, `drafted` or `irreversible`.
    pub(crate) down: &'static str,
    /// Why it is irreversible.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) reason: Option<String>,
    /// How many statements a draft leaves to its author.
    pub(crate) gaps: usize,
    /// Whether an earlier run has converted it.
    pub(crate) earlier: bool,
}

/// A file that was not converted.
#[derive(Debug, Serialize)]
pub(crate) struct NotConverted {
    pub(crate) path: String,
    pub(crate) why: String,
}

/// What was recorded in the database.
#[derive(Debug, Serialize)]
pub(crate) struct AdoptedHistory {
    /// The history table of the other tool.
    pub(crate) table: String,
    /// The migrations to record.
    pub(crate) migrations: Vec<Claimed>,
    /// The entries of programs, which are not recorded.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) programs: Vec<String>,
    /// How many of the other tool's migrations the history has already.
    pub(crate) earlier: usize,
    /// How many migrations of the service remain pending.
    pub(crate) pending: usize,
    /// The pending ones, and what the catalog shows of them.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) detected: Vec<Detected>,
    /// How many of those are older than a recorded one.
    pub(crate) out_of_order: usize,
    /// Whether the user wants a list of all migrations.
    #[serde(skip)]
    pub(crate) lists_all: bool,
    /// Whether they were recorded.
    pub(crate) recorded: bool,
}

impl Adopt {
    /// The migrations that this run converts.
    pub(crate) fn converts(&self) -> impl Iterator<Item = &Conversion> {
        self.converted.iter().filter(|one| !one.earlier)
    }

    /// Whether there is nothing to write and nothing to record.
    pub(crate) fn is_done(&self) -> bool {
        let recorded = self.history.iter();
        let mut left = recorded.filter(|history| !history.migrations.is_empty());
        let is_same = self.new_in_tier.is_none() && self.new_in_drift.is_empty();
        self.created.is_empty() && is_same && left.next().is_none()
    }
}
