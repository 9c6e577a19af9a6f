//! Chooses the script that replays an entry of a history: that of the binary or the recorded one.
//!
//! Anybody who can write the history can write a script into it. So a recorded script must match its
//! checksum. If the binary has the same script, the binary's script is used. A script that only the
//! history has is marked as such.

use migrator_model::file_name::Direction;
use migrator_model::{Migration, Registry, sql};
use migrator_runtime::Trial;
use migrator_runtime::history::RecordedMigration;

use crate::error::Error;

/// The script that replays an entry.
#[derive(Debug)]
pub(crate) struct Script {
    pub(crate) trial: Trial,
    pub(crate) sql: String,
    pub(crate) origin: Origin,
}

impl Script {
    /// The up script of a migration of the binary.
    pub(crate) fn of(migration: Migration<'_>) -> Script {
        Script {
            trial: Trial::of(migration, Direction::Up),
            sql: migration.up().raw.to_string(),
            origin: Origin::Binary,
        }
    }
}

/// Where a script comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Origin {
    /// This binary has the script.
    Binary,
    /// Only the history has the script.
    History,
}

/// The up script that replays an entry.
///
/// # Errors
///
/// The recorded script does not match its checksum, its directives are malformed, or neither the
/// history nor the binary has a script.
pub(crate) fn script(registry: &Registry, entry: &RecordedMigration) -> Result<Script, Error> {
    let own = registry.migration(&entry.id.service, entry.id.version);
    if !entry.matches_checksum() {
        return Err(Error::Altered {
            id: entry.id.clone(),
            is_in_registry: own.is_some_and(|migration| migration.uid == entry.id.uid),
        });
    }
    let own = own.filter(|migration| migration.id() == entry.id);
    match (own, &entry.up_script) {
        (Some(own), recorded)
            if recorded
                .as_deref()
                .is_none_or(|sql| is_same(own, sql, entry)) =>
        {
            Ok(Script::of(own))
        }
        (_, Some(sql)) => {
            let trial = Trial::of_recorded(&entry.id, sql.clone(), Direction::Up);
            Ok(Script {
                trial: trial.map_err(Error::Replay)?,
                sql: sql.clone(),
                origin: Origin::History,
            })
        }
        (_, None) => Err(Error::NoScript(entry.id.clone())),
    }
}

/// Whether the recorded script is that of the binary, apart from comments and white space.
fn is_same(own: Migration<'_>, recorded: &str, entry: &RecordedMigration) -> bool {
    entry.has_checksum_of(own) || sql::fingerprint(recorded) == own.up().fingerprint
}
