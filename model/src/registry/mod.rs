//! The registry: the resolved tree that `embed_migrations!` puts into the binary.
//!
//! A registry is one text and one table of records over it, in the layout of `table`. A static
//! registry borrows both from the program, so that it needs no time at the start. `bytes` holds the
//! two, and `view` decodes a record when it is read. `data` has the same contents as plain structs,
//! and `encode` turns them into a registry. `digest` names a state of the tree.

mod bytes;
mod data;
mod digest;
mod encode;
mod table;
#[cfg(test)]
mod tests;
mod view;

use std::cmp::Ordering;
use std::collections::BTreeSet;
use std::fmt;

use crate::code::{Code, Level};
pub use crate::id::{MigrationId, MigrationRef, Text};
use crate::levels::{self, LintLevel};
pub use crate::mode::Mode;
use crate::unknown::UnknownService;
use crate::version::Version;

pub use bytes::Registry;
pub use data::{MigrationData, RegistryData, ScriptData, ServiceData};
use table::Section;
pub(crate) use table::{LAYOUT, MAGIC};
pub use view::{Migration, Script, Service};

impl Registry {
    /// The names of the tiers; a tier's number is its index.
    #[must_use]
    pub fn tiers(&self) -> impl ExactSizeIterator<Item = &str> {
        self.texts(Section::Tiers)
    }

    /// The manifest's patterns of the objects that `drift` leaves out.
    #[must_use]
    pub fn left_out(&self) -> impl ExactSizeIterator<Item = &str> {
        self.texts(Section::LeftOut)
    }

    /// The roles that the migrations need and others create. `verify` creates them on its own server.
    #[must_use]
    pub fn roles(&self) -> impl ExactSizeIterator<Item = &str> {
        self.texts(Section::Roles)
    }

    /// The levels of lints that the manifest sets. A lint that this version of the crate does not
    /// know is left out.
    pub fn levels(&self) -> impl Iterator<Item = LintLevel> {
        let table = self.table();
        (0..table.count(Section::Levels)).filter_map(move |index| {
            let at = table.at(Section::Levels, index);
            let level = match table.u32(at + 8) {
                0 => Level::Allow,
                1 => Level::Warn,
                _ => Level::Deny,
            };
            let bits = table.u32(at + 12);
            Some(LintLevel {
                code: Code::find(self.slice(at))?,
                level,
                service: (bits & 1 != 0).then(|| self.slice(at + 16).to_owned()),
                before: (bits & 2 != 0).then(|| Version::from_integer(table.i64(at + 24))),
            })
        })
    }

    /// The level of a lint in a migration: the one in the manifest, or else the default.
    #[must_use]
    pub fn level(&self, code: Code, migration: Migration<'_>) -> Option<Level> {
        levels::level_of(self.levels(), code, migration.service, migration.version)
    }

    /// The services, by tier, then by dependency, then by name.
    #[must_use]
    pub fn services(&self) -> impl ExactSizeIterator<Item = Service<'_>> + Clone {
        (0..self.table().count(Section::Services)).map(|index| Service::read(self, index))
    }

    /// The migrations, in plan order.
    #[must_use]
    pub fn migrations(
        &self,
    ) -> impl ExactSizeIterator<Item = Migration<'_>> + DoubleEndedIterator + Clone {
        (0..self.len()).map(|index| Migration::read(self, index))
    }

    /// The number of migrations.
    #[must_use]
    pub fn len(&self) -> usize {
        self.table().count(Section::Migrations)
    }

    /// Whether there is no migration.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The migration with an index in plan order.
    #[must_use]
    pub fn get(&self, index: usize) -> Option<Migration<'_>> {
        (index < self.len()).then(|| Migration::read(self, index))
    }

    /// Finds the service with a name that the user wrote.
    ///
    /// # Errors
    ///
    /// The registry has no such service.
    pub fn service(&self, name: &str) -> Result<Service<'_>, UnknownService> {
        let service = self.find_service(name);
        service.ok_or_else(|| {
            let known = self.services().map(|service| service.name.to_owned());
            UnknownService::new(name, known.collect())
        })
    }

    /// The service with this name; `None` if there is none. It takes logarithmic time.
    #[must_use]
    pub fn find_service(&self, name: &str) -> Option<Service<'_>> {
        let table = self.table();
        let (mut low, mut high) = (0, table.count(Section::ByName));
        while low < high {
            let middle = low + (high - low) / 2;
            let number = table.number(table.at(Section::ByName, middle));
            let found = self.slice(table.at(Section::Services, number));
            match found.cmp(name) {
                Ordering::Less => low = middle + 1,
                Ordering::Greater => high = middle,
                Ordering::Equal => return Some(Service::read(self, number)),
            }
        }
        None
    }

    /// The service's migrations in the order of their versions.
    pub fn migrations_of(&self, service: &str) -> impl Iterator<Item = Migration<'_>> + use<'_> {
        let service = self.find_service(service);
        service.into_iter().flat_map(Service::migrations)
    }

    /// Finds a migration by service and version. It takes logarithmic time.
    #[must_use]
    pub fn migration(&self, service: &str, version: Version) -> Option<Migration<'_>> {
        self.find_service(service)?.migration(version)
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
        let mut kept: BTreeSet<String> = BTreeSet::new();
        let mut open: Vec<String> = services.to_vec();
        while let Some(name) = open.pop() {
            if kept.insert(name.clone()) {
                open.extend(self.direct_dependencies(&name).map(str::to_owned));
                let requires = self.migrations_of(&name).flat_map(Migration::requires);
                open.extend(requires.map(|reference| reference.service.into_owned()));
            }
        }
        let mut data = self.data();
        data.services.retain(|service| kept.contains(&service.name));
        data.migrations.retain(|one| kept.contains(&one.service));
        let is_kept = |service: &String| kept.contains(service);
        data.levels
            .retain(|level| level.service.as_ref().is_none_or(is_kept));
        Registry::from(data)
    }

    fn direct_dependencies(&self, service: &str) -> impl Iterator<Item = &str> + use<'_> {
        let service = self.find_service(service);
        service.into_iter().flat_map(Service::depends_on)
    }
}

impl Default for Registry {
    fn default() -> Registry {
        Registry::from(RegistryData::default())
    }
}

/// The decoded contents.
impl fmt::Debug for Registry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Registry")
            .field("tiers", &self.tiers().collect::<Vec<_>>())
            .field("services", &self.services().collect::<Vec<_>>())
            .field("migrations", &self.migrations().collect::<Vec<_>>())
            .field("left_out", &self.left_out().collect::<Vec<_>>())
            .field("roles", &self.roles().collect::<Vec<_>>())
            .field("levels", &self.levels().collect::<Vec<_>>())
            .finish_non_exhaustive()
    }
}
