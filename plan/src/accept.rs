//! Plans to record scripts that were edited after they were applied.

use std::collections::BTreeMap;

use migrator_model::{Migration, Registry, Version};

use crate::conflict::Conflict;
use crate::history::{Entry, History, Likeness};
use crate::step::{Plan, Record, Step};

/// A migration whose scripts differ from the recorded ones.
#[derive(Clone, Debug)]
pub struct Edit<'r> {
    /// The entry of the history.
    pub entry: Entry,
    /// The migration of the registry.
    pub migration: Migration<'r>,
    /// The recorded up script, if the history has one.
    pub up_script: Option<String>,
    /// The recorded down script, if the history has one.
    pub down_script: Option<String>,
}

/// The recorded up and down scripts of a service, by version.
pub type RecordedScripts = BTreeMap<Version, (Option<String>, Option<String>)>;

/// Returns the applied migrations of a service whose scripts differ from the recorded ones:
/// the migration of one version, or all.
///
/// # Errors
///
/// - The named version is not applied, is dirty, or is missing from the registry.
/// - The registry has a different migration with the same version: that is no edit.
pub fn edits<'r>(
    registry: &'r Registry,
    history: &History,
    service: &str,
    version: Option<Version>,
    mut scripts: RecordedScripts,
) -> Result<Vec<Edit<'r>>, Vec<Conflict>> {
    if let Some(version) = version {
        is_settled(registry, history, service, version).map_err(|conflict| vec![*conflict])?;
    }
    let mut edits = Vec::new();
    let asked = |entry: &&Entry| version.is_none_or(|version| version == entry.id.version);
    for entry in history.entries_of(service).filter(asked) {
        let migration = registry.migration(service, entry.id.version);
        let Some(migration) = migration.filter(|_| entry.dirty.is_none()) else {
            continue;
        };
        let (up_script, down_script) = scripts.remove(&entry.id.version).unwrap_or_default();
        let edit = Edit {
            entry: entry.clone(),
            migration,
            up_script,
            down_script,
        };
        if edit.is_another() {
            return Err(vec![Conflict::changed(entry, migration)]);
        }
        if edit.is_up() || edit.is_down() {
            edits.push(edit);
        }
    }
    Ok(edits)
}

fn is_settled(
    registry: &Registry,
    history: &History,
    service: &str,
    version: Version,
) -> Result<(), Box<Conflict>> {
    let conflict = match history.entry(service, version) {
        None => Conflict::not_applied(service, version),
        Some(entry) => match (entry.dirty, registry.migration(service, version)) {
            (Some(direction), _) => Conflict::dirty(registry, entry, direction),
            (None, None) => Conflict::missing(entry),
            (None, Some(_)) => return Ok(()),
        },
    };
    Err(Box::new(conflict))
}

/// Plans to replace the recorded scripts by those of the registry. The plan has a step for
/// each migration, and runs no script.
///
/// # Errors
///
/// An entry has changed since the edits were read.
pub fn accept<'r>(history: &History, edits: &[Edit<'r>]) -> Result<Plan<'r>, Vec<Conflict>> {
    let is_as_read = |edit: &&Edit<'_>| {
        let id = &edit.entry.id;
        history.entry(&id.service, id.version) == Some(&edit.entry)
    };
    let (as_read, changed): (Vec<_>, Vec<_>) = edits.iter().partition(is_as_read);
    if !changed.is_empty() {
        let changed = changed.into_iter();
        return Err(changed
            .map(|edit| Conflict::entry_changed(&edit.entry))
            .collect());
    }
    Ok(Plan {
        steps: as_read.into_iter().map(Edit::step).collect(),
        notes: Vec::new(),
    })
}

impl<'r> Edit<'r> {
    /// Whether the up script differs, if only in its name or its comments.
    #[must_use]
    pub fn is_up(&self) -> bool {
        self.entry.likeness(self.migration) != Likeness::Same
    }

    /// Whether the down script differs.
    #[must_use]
    pub fn is_down(&self) -> bool {
        self.down_script.as_deref() != Some(&*self.migration.down().sql())
    }

    /// Whether the version belongs to a different migration: a name begins with the uid.
    fn is_another(&self) -> bool {
        self.entry.id.uid != self.migration.uid
    }

    fn step(&self) -> Step<'r> {
        let record = Record::Replace(Box::new(self.entry.clone()), self.migration);
        Step {
            id: self.migration.id(),
            ..Step::only_record(&self.entry, record)
        }
    }
}
