//! The history: what was applied to a database, as data.

use std::collections::{BTreeMap, BTreeSet};

use migrator_model::file_name::Direction;
use migrator_model::registry::MigrationRef;
use migrator_model::{Migration, MigrationId, Registry, Version, sql};

/// The history of a database.
#[derive(Clone, Debug, Default)]
pub struct History {
    entries: BTreeMap<String, BTreeMap<Version, Entry>>,
    /// The services that have a history table, with or without entries. `None` if the tables
    /// that all services share do not exist.
    tables: Option<Vec<String>>,
    /// The format of those tables.
    format: Option<i32>,
}

/// One applied migration, as recorded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The migration.
    pub id: MigrationId,
    /// When it was applied, by the server's clock, in RFC 3339.
    pub applied_on: String,
    /// refinery's checksum, in decimal.
    pub checksum: String,
    /// The fingerprint of the up script, if it was recorded.
    pub fingerprint: Option<u64>,
    /// The direction in which the script was interrupted, if it was.
    pub dirty: Option<Direction>,
    /// The migrations that it required when it was applied.
    pub requires: Vec<MigrationRef>,
    /// The services that its service depended on, directly or not, when it was applied.
    pub depends_on: Vec<String>,
    /// Whether its down script was recorded.
    pub down_script: Stored,
    /// The origin of the entry.
    pub origin: Origin,
}

/// The origin of an entry.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Origin {
    /// A run applied the migration.
    #[default]
    Applied,
    /// What the migration makes was there before, and the migration was recorded without a run.
    Baseline,
    /// The entry was taken over from the history of another tool.
    Adopted,
}

impl Origin {
    /// The word in the history.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Origin::Applied => "applied",
            Origin::Baseline => "baseline",
            Origin::Adopted => "adopted",
        }
    }

    /// The origin with this word in the history.
    #[must_use]
    pub fn find(word: &str) -> Option<Origin> {
        let all = [Origin::Applied, Origin::Baseline, Origin::Adopted];
        all.into_iter().find(|origin| origin.as_str() == word)
    }
}

/// Whether a script was recorded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stored {
    /// The script was recorded.
    Yes,
    /// The script was recorded, and says only why the migration is irreversible.
    Irreversible(String),
    /// The script was not recorded.
    No,
}

/// A migration as the history records it, with its up script.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordedMigration {
    /// The migration.
    pub id: MigrationId,
    /// refinery's checksum, in decimal.
    pub checksum: String,
    /// The up script as it ran, if it was recorded.
    pub up_script: Option<String>,
    /// The role that applied it, if that was recorded.
    pub role: Option<String>,
    /// Whether its script was interrupted.
    pub dirty: Option<Direction>,
}

impl RecordedMigration {
    /// Whether the entry has the checksum of this migration.
    #[must_use]
    pub fn has_checksum_of(&self, migration: Migration<'_>) -> bool {
        is_checksum(&self.checksum, migration.checksum)
    }

    /// Whether the recorded up script is the one that the checksum was computed from. An
    /// entry without a script matches.
    ///
    /// Do not run a script of an entry that does not match: somebody altered the entry.
    #[must_use]
    pub fn matches_checksum(&self) -> bool {
        let script = self.up_script.as_deref();
        script.is_none_or(|sql| matches_checksum(&self.id, sql, &self.checksum))
    }
}

/// Whether the checksum of an entry is that of its recorded up script, by refinery's
/// algorithm over name, version and script.
#[must_use]
pub fn matches_checksum(id: &MigrationId, up_script: &str, checksum: &str) -> bool {
    let computed = sql::checksum(&id.history_name(), id.version.as_integer(), up_script);
    is_checksum(checksum, computed)
}

/// Whether a recorded checksum, in decimal, is this one.
fn is_checksum(recorded: &str, computed: u64) -> bool {
    recorded == computed.to_string()
}

/// How an entry relates to the migration of the same version in a registry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Likeness {
    /// Equal, byte for byte.
    Same,
    /// Equal except for comments and white space.
    Cosmetic,
    /// The name or the up script differs.
    Changed,
}

impl History {
    /// A history with these entries.
    #[must_use]
    pub fn new(entries: impl IntoIterator<Item = Entry>) -> History {
        let mut history = History::default();
        for entry in entries {
            let service = history
                .entries
                .entry(entry.id.service.to_string())
                .or_default();
            service.insert(entry.id.version, entry);
        }
        history
    }

    /// The same history, with a history table for each of these services.
    #[must_use]
    pub fn with_tables(self, services: Vec<String>) -> History {
        let tables = Some(services);
        History { tables, ..self }
    }

    /// The same history, in tables of this format.
    #[must_use]
    pub fn with_format(self, format: i32) -> History {
        let format = Some(format);
        History { format, ..self }
    }

    /// The format of the tables; `None` if the tables do not exist.
    #[must_use]
    pub fn format(&self) -> Option<i32> {
        self.format
    }

    /// The services that have a history table, with or without entries. `None` if the tables
    /// that all services share do not exist.
    #[must_use]
    pub fn tables(&self) -> Option<&[String]> {
        self.tables.as_deref()
    }

    /// Whether a service has a history table.
    #[must_use]
    pub fn has_table(&self, service: &str) -> bool {
        let tables = self.tables.iter().flatten();
        tables.into_iter().any(|table| table == service)
    }

    /// All entries, by service, then by version.
    pub fn entries(&self) -> impl Iterator<Item = &Entry> {
        self.entries.values().flat_map(BTreeMap::values)
    }

    /// The entries of a service, by version.
    pub fn entries_of(&self, service: &str) -> impl DoubleEndedIterator<Item = &Entry> {
        let entries = self.entries.get(service);
        entries.into_iter().flat_map(BTreeMap::values)
    }

    /// The entry of a migration, if it was applied.
    #[must_use]
    pub fn entry(&self, service: &str, version: Version) -> Option<&Entry> {
        self.entries.get(service)?.get(&version)
    }

    /// The same history without the entries of these migrations.
    #[must_use]
    pub fn without<'a>(&self, ids: impl IntoIterator<Item = &'a MigrationId>) -> History {
        let mut history = self.clone();
        for id in ids {
            if let Some(entries) = history.entries.get_mut(&*id.service) {
                entries.remove(&id.version);
            }
        }
        history
    }

    /// The newest version that was applied to a service.
    #[must_use]
    pub fn newest(&self, service: &str) -> Option<Version> {
        self.entries_of(service).next_back().map(|e| e.id.version)
    }

    /// Returns the history as it will be when other runs have ended their current migration of
    /// these services, outside a transaction. Also returns a note for each of those migrations.
    #[must_use]
    pub fn after_other_runs(mut self, at_work: &BTreeSet<String>) -> (History, Vec<String>) {
        let mut notes = Vec::new();
        let services = self.entries.iter_mut();
        for (_, entries) in services.filter(|(service, _)| at_work.contains(*service)) {
            entries.retain(|_, entry| {
                let Some(direction) = entry.dirty.take() else {
                    return true;
                };
                let doing = direction.verb().past;
                notes.push(format!("{} is being {doing} by another run", entry.id));
                direction == Direction::Up
            });
        }
        (self, notes)
    }

    /// The newest applied version that the registry has. A later version that only the history
    /// has is missing, and does not put the pending migrations out of order.
    #[must_use]
    pub fn newest_known(&self, registry: &Registry, service: &str) -> Option<Version> {
        let versions = self.entries_of(service).rev().map(|e| e.id.version);
        let mut known = versions.filter(|version| registry.migration(service, *version).is_some());
        known.next()
    }
}

impl Entry {
    /// Whether the entry has the checksum of this migration.
    #[must_use]
    pub fn has_checksum_of(&self, migration: Migration<'_>) -> bool {
        is_checksum(&self.checksum, migration.checksum)
    }

    /// Compares the entry with the migration of its version.
    #[must_use]
    pub fn likeness(&self, migration: Migration<'_>) -> Likeness {
        if (&*self.id.uid, &*self.id.name) != (migration.uid, migration.name) {
            Likeness::Changed
        } else if self.has_checksum_of(migration) {
            Likeness::Same
        } else if self.fingerprint == Some(migration.up().fingerprint) {
            Likeness::Cosmetic
        } else {
            Likeness::Changed
        }
    }

    /// How another migration refers to this one.
    #[must_use]
    pub fn reference(&self) -> MigrationRef {
        self.id.reference()
    }
}

/// Shows its [`MigrationId`].
impl std::fmt::Display for Entry {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.id.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use migrator_model::{MigrationId, Version, sql};

    use super::{RecordedMigration, matches_checksum};

    #[test]
    fn a_script_matches_the_checksum_of_its_own_name_version_and_text_alone() {
        let (version, name) = (Version::from_integer(20_240_101_000_000), "0a1b2c3d_one");
        let checksum = sql::checksum(name, version.as_integer(), "SELECT 1;").to_string();
        let id = |name: &str, version| MigrationId::recorded("core", version, name);
        assert!(matches_checksum(&id(name, version), "SELECT 1;", &checksum));
        let later = Version::from_integer(20_240_101_000_001);
        for (name, version, script, checksum) in [
            (name, version, "SELECT 2;", checksum.as_str()),
            ("0a1b2c3d_two", version, "SELECT 1;", &checksum),
            (name, later, "SELECT 1;", &checksum),
            (name, version, "SELECT 1;", ""),
            (name, version, "SELECT 1;", &format!("0{checksum}")),
        ] {
            assert!(
                !matches_checksum(&id(name, version), script, checksum),
                "{script}"
            );
        }
        let recorded = |up_script: Option<&str>| RecordedMigration {
            id: id(name, version),
            checksum: checksum.clone(),
            up_script: up_script.map(str::to_owned),
            role: None,
            dirty: None,
        };
        assert!(recorded(None).matches_checksum());
        assert!(recorded(Some("SELECT 1;")).matches_checksum());
        assert!(!recorded(Some("SELECT 1; ")).matches_checksum());
    }
}
