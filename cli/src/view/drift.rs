//! How a database's schema differs from what its history implies.

use std::collections::BTreeSet;

use migrator_model::{Code, MigrationId};
use migrator_verify::{Change, Difference};
use serde::Serialize;

use super::difference::DifferenceMembers;
use super::members;

/// What `drift` found.
#[derive(Debug, Serialize)]
pub(crate) struct Drift {
    /// How many migrations were replayed.
    pub(crate) migrations: usize,
    pub(crate) differences: Vec<DriftDifference>,
    /// Differences that are no drift.
    pub(crate) notes: Vec<DriftDifference>,
    /// The migrations whose scripts only the history has.
    #[serde(serialize_with = "members::identities")]
    pub(crate) from_history: Vec<MigrationId>,
    /// Those of them that caught an error.
    #[serde(serialize_with = "members::identities")]
    pub(crate) caught: Vec<MigrationId>,
    /// The differences that the patterns of the manifest leave out.
    pub(crate) left_out: Vec<DriftDifference>,
    /// The schema of the history.
    #[serde(skip)]
    pub(crate) schema: String,
    /// The storage options that were not compared.
    #[serde(skip)]
    pub(crate) unknown_options: BTreeSet<String>,
}

/// A difference with its code.
#[derive(Debug, Serialize)]
pub(crate) struct DriftDifference {
    #[serde(serialize_with = "members::code")]
    pub(crate) code: Code,
    #[serde(flatten)]
    pub(crate) difference: DifferenceMembers,
}

impl DriftDifference {
    fn new(difference: Difference) -> DriftDifference {
        let code = match &difference.change {
            Change::Appeared => Code::M0601,
            Change::Disappeared => Code::M0602,
            Change::Altered { .. } => Code::M0603,
        };
        DriftDifference {
            code,
            difference: DifferenceMembers(difference),
        }
    }
}

impl Drift {
    pub(crate) fn new(found: migrator_verify::Drift, schema: String) -> Drift {
        let list = |differences: Vec<Difference>| {
            let differences = differences.into_iter();
            differences.map(DriftDifference::new).collect()
        };
        Drift {
            migrations: found.migrations,
            differences: list(found.differences),
            notes: list(found.notes),
            from_history: found.from_history,
            caught: found.caught,
            left_out: list(found.left_out),
            schema,
            unknown_options: found.unknown_options,
        }
    }
}
