//! The contents of a registry as plain data, to build a registry from or to change one.

use std::time::Duration;

use super::bytes::Registry;
use super::view::{Migration, Script, Service};
use crate::id::MigrationRef;
use crate::levels::LintLevel;
use crate::mode::Mode;
use crate::version::Version;

/// The contents of a [`Registry`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RegistryData {
    /// The name of the tree's folder; the path of each script starts with it.
    pub root: String,
    /// The names of the tiers; a tier's number is its index.
    pub tiers: Vec<String>,
    /// The services, by tier, then by dependency, then by name.
    pub services: Vec<ServiceData>,
    /// The migrations, in plan order. A migration of an unknown service is left out.
    pub migrations: Vec<MigrationData>,
    /// The manifest's patterns of the objects that `drift` leaves out.
    pub left_out: Vec<String>,
    /// The roles that the migrations need and others create.
    pub roles: Vec<String>,
    /// The levels of lints that the manifest sets.
    pub levels: Vec<LintLevel>,
}

/// The contents of a [`Service`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ServiceData {
    /// Its name.
    pub name: String,
    /// The number of its tier.
    pub tier: usize,
    /// Its folder below `migrations/`.
    pub directory: String,
    /// The services in its `depends_on`.
    pub depends_on: Vec<String>,
    /// Its description; empty if the manifest has none.
    pub description: String,
}

/// The contents of a [`Migration`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MigrationData {
    /// The service that owns it.
    pub service: String,
    /// Its 14 digits.
    pub version: Version,
    /// Its 8 hex digits.
    pub uid: String,
    /// Its slug.
    pub name: String,
    /// refinery's checksum of `<uid>_<name>`, version and up script.
    pub checksum: u64,
    /// The migrations in its `requires` directives.
    pub requires: Vec<MigrationRef>,
    /// The script that applies it.
    pub up: ScriptData,
    /// The script that reverts it.
    pub down: ScriptData,
}

/// The contents of a [`Script`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ScriptData {
    /// The text of the file on disk, unchanged.
    pub raw: String,
    /// A hash of the script's tokens, without comments and white space.
    pub fingerprint: u64,
    /// How it runs.
    pub mode: Mode,
    /// `lock_timeout` for this script instead of the run's.
    pub lock_timeout: Option<Duration>,
    /// `statement_timeout` for this script instead of the run's.
    pub statement_timeout: Option<Duration>,
}

impl Registry {
    /// A registry with other contents.
    #[must_use]
    pub fn changed(&self, change: impl FnOnce(&mut RegistryData)) -> Registry {
        let mut data = self.data();
        change(&mut data);
        Registry::from(data)
    }

    /// The contents, as a copy.
    #[must_use]
    pub fn data(&self) -> RegistryData {
        RegistryData {
            root: self.root().to_owned(),
            tiers: self.tiers().map(str::to_owned).collect(),
            services: self.services().map(ServiceData::from).collect(),
            migrations: self.migrations().map(MigrationData::from).collect(),
            left_out: self.left_out().map(str::to_owned).collect(),
            roles: self.roles().map(str::to_owned).collect(),
            levels: self.levels().collect(),
        }
    }
}

impl From<Service<'_>> for ServiceData {
    fn from(service: Service<'_>) -> ServiceData {
        ServiceData {
            name: service.name.to_owned(),
            tier: service.tier,
            directory: service.directory.to_owned(),
            depends_on: service.depends_on().map(str::to_owned).collect(),
            description: service.description.to_owned(),
        }
    }
}

impl From<Migration<'_>> for MigrationData {
    fn from(migration: Migration<'_>) -> MigrationData {
        MigrationData {
            service: migration.service.to_owned(),
            version: migration.version,
            uid: migration.uid.to_owned(),
            name: migration.name.to_owned(),
            checksum: migration.checksum,
            requires: migration.requires(),
            up: migration.up().into(),
            down: migration.down().into(),
        }
    }
}

impl From<Script<'_>> for ScriptData {
    fn from(script: Script<'_>) -> ScriptData {
        ScriptData {
            raw: script.raw.to_owned(),
            fingerprint: script.fingerprint,
            mode: script.mode,
            lock_timeout: script.lock_timeout,
            statement_timeout: script.statement_timeout,
        }
    }
}
