//! The registry: the resolved tree that `embed_migrations!` puts into the binary.
//!
//! Every field can be a constant, so a static registry needs no time at the start of the
//! program. A registry that was resolved at run time owns its texts.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::fmt;
use std::time::Duration;

use crate::code::{Code, Level};
use crate::directive;
use crate::file_name::Direction;
pub use crate::id::{MigrationId, MigrationRef, Text};
pub use crate::mode::Mode;
use crate::sql;
use crate::unknown::UnknownService;
use crate::version::Version;

/// The services and migrations of a tree, in the order in which they run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Registry {
    /// The names of the tiers; a tier's number is its index.
    pub tiers: Cow<'static, [Text]>,
    /// The services, by tier, then by dependency, then by name.
    pub services: Cow<'static, [Service]>,
    /// The migrations, in plan order.
    pub migrations: Cow<'static, [Migration]>,
    /// The manifest's patterns of the objects that `drift` leaves out.
    pub left_out: Cow<'static, [Text]>,
    /// The roles that the migrations need and others create. `verify` creates them on its own server.
    pub roles: Cow<'static, [Text]>,
    /// The levels of lints that the manifest sets, by code.
    pub levels: Cow<'static, [(Code, Level)]>,
}

/// A service: the owner of a part of the schema and of one folder of migrations.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Service {
    /// Its name, as on the command line.
    pub name: Text,
    /// The number of its tier.
    pub tier: usize,
    /// Its folder below `migrations/`.
    pub directory: Text,
    /// The services in its `depends_on`.
    pub depends_on: Cow<'static, [Text]>,
    /// Its description; empty if the manifest has none.
    pub description: Text,
}

/// One versioned change, up and down.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Migration {
    /// The service that owns it.
    pub service: Text,
    /// Its 14 digits.
    pub version: Version,
    /// Its 8 hex digits.
    pub uid: Text,
    /// Its slug.
    pub name: Text,
    /// refinery's checksum of `<uid>_<name>`, version and up script.
    pub checksum: u64,
    /// The migrations in its `requires` directives.
    pub requires: Cow<'static, [MigrationRef]>,
    /// The script that applies it.
    pub up: Script,
    /// The script that reverts it.
    pub down: Script,
}

/// The SQL of one direction, with its directives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Script {
    /// The path of the file. It starts with the name that the caller gave the tree.
    pub path: Text,
    /// The text of the file on disk, unchanged.
    pub raw: Text,
    /// A hash of the script's tokens, without comments and white space.
    pub fingerprint: u64,
    /// How it runs.
    pub mode: Mode,
    /// `lock_timeout` for this script instead of the run's. Zero means no limit.
    pub lock_timeout: Option<Duration>,
    /// `statement_timeout` for this script instead of the run's. Zero means no limit.
    pub statement_timeout: Option<Duration>,
}

impl Registry {
    /// The level of a lint: the one in the manifest, or else the default.
    #[must_use]
    pub fn level(&self, code: Code) -> Option<Level> {
        let set = self.levels.iter().find(|(of, _)| *of == code);
        set.map(|(_, level)| *level).or(code.level())
    }

    /// Finds the service with a name that the user wrote.
    ///
    /// # Errors
    ///
    /// The registry has no such service.
    pub fn service(&self, name: &str) -> Result<&Service, UnknownService> {
        let service = self.find_service(name);
        service.ok_or_else(|| {
            let known = self.services.iter().map(|service| service.name.to_string());
            UnknownService::new(name, known.collect())
        })
    }

    /// The service with this name; `None` if there is none.
    #[must_use]
    pub fn find_service(&self, name: &str) -> Option<&Service> {
        self.services.iter().find(|service| service.name == name)
    }

    /// The service's migrations in the order of their versions.
    pub fn migrations_of<'a, 's>(
        &'a self,
        service: &'s str,
    ) -> impl Iterator<Item = &'a Migration> + use<'a, 's> {
        self.migrations
            .iter()
            .filter(move |migration| migration.service == service)
    }

    /// Finds a migration by service and version.
    #[must_use]
    pub fn migration(&self, service: &str, version: Version) -> Option<&Migration> {
        // Compare the version first: it is cheaper to compare, and nearly unique.
        self.migrations
            .iter()
            .find(|migration| migration.version == version && migration.service == service)
    }

    /// All services that this one depends on, directly or indirectly. The service itself is not in the set.
    #[must_use]
    pub fn dependencies_of(&self, service: &str) -> BTreeSet<&str> {
        let mut found: BTreeSet<&str> = BTreeSet::new();
        let mut open: Vec<&str> = self.direct_dependencies(service).collect();
        while let Some(name) = open.pop() {
            if found.insert(name) {
                open.extend(self.direct_dependencies(name));
            }
        }
        found
    }

    /// Returns a registry with only these services and all services that they need. A service
    /// needs its dependencies, and the services of the migrations that its own require.
    #[must_use]
    pub fn narrow(&self, services: &[String]) -> Registry {
        let mut kept: BTreeSet<&str> = BTreeSet::new();
        let mut open: Vec<&str> = services.iter().map(String::as_str).collect();
        while let Some(name) = open.pop() {
            if kept.insert(name) {
                open.extend(self.direct_dependencies(name));
                let requires = self.migrations_of(name).flat_map(|m| m.requires.iter());
                open.extend(requires.map(|reference| reference.service.as_ref()));
            }
        }
        let services = self
            .services
            .iter()
            .filter(|s| kept.contains(s.name.as_ref()));
        let migrations = self.migrations.iter();
        let migrations = migrations.filter(|m| kept.contains(m.service.as_ref()));
        Registry {
            tiers: self.tiers.clone(),
            services: services.cloned().collect(),
            migrations: migrations.cloned().collect(),
            left_out: self.left_out.clone(),
            roles: self.roles.clone(),
            levels: self.levels.clone(),
        }
    }

    fn direct_dependencies(&self, service: &str) -> impl Iterator<Item = &str> + use<'_> {
        let direct = self
            .find_service(service)
            .map_or(&[][..], |s| &s.depends_on);
        direct.iter().map(AsRef::as_ref)
    }
}

impl Migration {
    /// The reason why one of the scripts allows a lint; `None` if no script does.
    #[must_use]
    pub fn allows(&self, code: Code) -> Option<String> {
        [(&self.up, Direction::Up), (&self.down, Direction::Down)]
            .into_iter()
            .find_map(|(script, direction)| directive::allows(&script.raw, direction, code))
    }

    /// Its identity.
    #[must_use]
    pub fn id(&self) -> MigrationId {
        MigrationId {
            service: self.service.clone(),
            version: self.version,
            uid: self.uid.clone(),
            name: self.name.clone(),
        }
    }

    /// `<uid>_<name>`, the name in the history.
    #[must_use]
    pub fn history_name(&self) -> String {
        self.id().history_name()
    }

    /// The reference to this migration.
    #[must_use]
    pub fn reference(&self) -> MigrationRef {
        self.id().reference()
    }

    /// The script of one direction.
    #[must_use]
    pub fn script(&self, direction: Direction) -> &Script {
        match direction {
            Direction::Up => &self.up,
            Direction::Down => &self.down,
        }
    }
}

impl Script {
    /// The reason in `irreversible because …`, if this is an irreversible down script.
    #[must_use]
    pub fn irreversible(&self) -> Option<String> {
        directive::irreversible(&self.raw)
    }

    /// The SQL for the server: without a byte-order mark, and with `\n` at the end of each line.
    #[must_use]
    pub fn sql(&self) -> Cow<'_, str> {
        sql::normalise(&self.raw)
    }
}

/// `tenant/20240101120000_a1b2c3d4_create_tenants_table`.
impl fmt::Display for Migration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.id().fmt(f)
    }
}
