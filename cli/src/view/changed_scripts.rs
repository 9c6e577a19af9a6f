//! Scripts that were edited after they were applied.

use migrator_model::{MigrationId, Script};
use migrator_runtime::Edit;
use serde::Serialize;
use similar::TextDiff;

use super::members;

/// What `repair --accept-change` found and recorded.
#[derive(Debug, Serialize)]
pub(crate) struct ChangedScripts {
    pub(crate) edits: Vec<ScriptEdit>,
    /// `changed`, if the new scripts were recorded.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) recorded: Option<&'static str>,
    /// The service that the user named.
    #[serde(skip)]
    pub(crate) service: String,
}

/// A migration whose scripts differ from those that were applied.
#[derive(Debug, Serialize)]
pub(crate) struct ScriptEdit {
    #[serde(flatten, serialize_with = "members::migration")]
    pub(crate) id: MigrationId,
    pub(crate) recorded_checksum: String,
    pub(crate) checksum: String,
    /// Whether the new scripts are recorded now.
    pub(crate) recorded: bool,
    /// The difference of each changed script, in the form of `diff -u`.
    pub(crate) differences: Vec<String>,
    /// The migration as the binary has it.
    #[serde(skip)]
    pub(crate) migration: MigrationId,
}

impl ChangedScripts {
    /// What was found, before anything is recorded.
    pub(crate) fn found(edits: &[Edit], service: &str) -> ChangedScripts {
        let edits = edits.iter().map(|edit| ScriptEdit {
            id: edit.entry.id.clone(),
            recorded_checksum: edit.entry.checksum.clone(),
            checksum: edit.migration.checksum.to_string(),
            recorded: false,
            differences: differences(edit),
            migration: edit.migration.id(),
        });
        ChangedScripts {
            edits: edits.collect(),
            recorded: None,
            service: service.to_owned(),
        }
    }

    /// Notes which edits were recorded.
    pub(crate) fn record(&mut self, is_recorded: impl Fn(&ScriptEdit) -> bool) {
        for edit in &mut self.edits {
            edit.recorded = is_recorded(edit);
        }
    }
}

/// The recorded script compared with the binary's, for each script that differs.
fn differences(edit: &Edit) -> Vec<String> {
    let mut differences = Vec::new();
    if edit.is_up() {
        differences.push(difference(edit.migration.up(), edit.up_script.as_deref()));
    }
    if edit.is_down() {
        differences.push(difference(
            edit.migration.down(),
            edit.down_script.as_deref(),
        ));
    }
    differences
}

fn difference(script: Script<'_>, recorded: Option<&str>) -> String {
    match recorded {
        Some(recorded) => unified(&script.path(), recorded, &script.sql()),
        None => format!("+++ {} (the history has no such script)\n", script.path()),
    }
}

/// How two texts differ, in the form of `diff -u`; empty if they are equal.
fn unified(path: &str, recorded: &str, now: &str) -> String {
    let (old, new) = (
        format!("{path} (as it was applied)"),
        format!("{path} (as it is now)"),
    );
    let difference = TextDiff::from_lines(recorded, now);
    difference.unified_diff().header(&old, &new).to_string()
}
