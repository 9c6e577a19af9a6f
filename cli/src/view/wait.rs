//! What `wait` found.

use std::time::Duration;

use migrator_model::MigrationId;
use migrator_runtime::DatabaseState;
use serde::Serialize;

use super::members;

/// A database that is ready.
#[derive(Debug, Serialize)]
pub(crate) struct Wait {
    /// Applied migrations of the binary's services that the binary does not have.
    #[serde(serialize_with = "members::identities")]
    pub(crate) missing: Vec<MigrationId>,
    /// How long the command waited.
    #[serde(rename = "milliseconds", serialize_with = "members::milliseconds")]
    pub(crate) waited: Duration,
}

impl Wait {
    pub(crate) fn new(state: DatabaseState, waited: Duration) -> Wait {
        let missing = match state {
            DatabaseState::Ahead(entries) => entries.into_iter().map(|entry| entry.id).collect(),
            DatabaseState::Current | DatabaseState::Behind(_) | DatabaseState::Conflict(_) => {
                Vec::new()
            }
        };
        Wait { missing, waited }
    }
}
