//! Chooses the script that repeats an entry of a history: the binary's own or the recorded one.
//!
//! Whoever can write the history can write a script into it. So a recorded script is compared
//! with its checksum. The binary's own script is used if both are the same, and a script that
//! only the database has is marked as such.

use migrator_model::file_name::Direction;
use migrator_model::{Migration, Registry, sql};
use migrator_runtime::Trial;
use migrator_runtime::history::RecordedMigration;

use crate::error::Error;

/// The script that repeats an entry.
#[derive(Debug)]
pub(crate) struct Script {
    pub(crate) trial: Trial,
    pub(crate) sql: String,
    pub(crate) origin: Origin,
}

/// Where a script comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Origin {
    /// This binary.
    Binary,
    /// The history alone.
    History,
}

/// The up script that repeats an entry.
///
/// # Errors
///
/// The recorded script does not match its checksum, its directives are not well
/// formed, or neither the history nor the binary has a script.
pub(crate) fn script(registry: &Registry, entry: &RecordedMigration) -> Result<Script, Error> {
    let step = entry.id.to_string();
    if !entry.matches_checksum() {
        return Err(Error::Altered(step));
    }
    let own = registry.migration(&entry.id.service, entry.id.version);
    let own = own.filter(|migration| migration.id() == entry.id);
    match (own, &entry.up_script) {
        (Some(own), recorded)
            if recorded
                .as_deref()
                .is_none_or(|sql| is_same(own, sql, entry)) =>
        {
            Ok(Script {
                trial: Trial::of(own, Direction::Up),
                sql: own.up.raw.to_string(),
                origin: Origin::Binary,
            })
        }
        (_, Some(sql)) => {
            let trial = Trial::of_recorded(&step, sql.clone(), Direction::Up);
            Ok(Script {
                trial: trial.map_err(Error::Repeat)?,
                sql: sql.clone(),
                origin: Origin::History,
            })
        }
        (_, None) => Err(Error::NoScript(step)),
    }
}

/// Whether the recorded script is that of the binary, but for comments and white space.
fn is_same(own: &Migration, recorded: &str, entry: &RecordedMigration) -> bool {
    entry.checksum == own.checksum.to_string() || sql::fingerprint(recorded) == own.up.fingerprint
}
