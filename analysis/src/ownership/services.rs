//! Which services a migration may refer to.

use std::collections::{BTreeMap, BTreeSet};

use migrator_model::{Migration, Registry, Service, Version, small};

use super::messages::Remedy;
use crate::site::Site;

/// The dependencies of services, and the `requires` directives so far in the plan.
pub(super) struct Services<'r> {
    by_name: BTreeMap<&'r str, Service<'r>>,
    dependencies: BTreeMap<&'r str, BTreeSet<&'r str>>,
    /// The latest version of another service that each service requires.
    waits: BTreeMap<(String, String), Version>,
}

impl<'r> Services<'r> {
    pub(super) fn of(registry: &'r Registry) -> Services<'r> {
        let by_name = registry.services().map(|service| (service.name, service));
        let by_name: BTreeMap<&str, Service<'_>> = small::collect(by_name);
        let names = by_name.keys();
        Services {
            dependencies: names
                .map(|&name| (name, registry.dependencies_of(name)))
                .collect(),
            waits: BTreeMap::new(),
            by_name,
        }
    }

    /// Adds the `requires` directives of a migration.
    pub(super) fn add_requires(&mut self, migration: Migration<'_>) {
        for (service, required) in migration.required() {
            let key = (migration.service.to_owned(), service.to_owned());
            let version = self.waits.entry(key).or_insert(required);
            *version = required.max(*version);
        }
    }

    /// Whether the tree makes a migration run after the migration that creates an object.
    pub(super) fn runs_after(&self, migration: Migration<'_>, made: Site<'_>) -> bool {
        let (service, owner) = (migration.service, made.service());
        let key = (service.to_owned(), owner.to_owned());
        let waits = self.waits.get(&key);
        self.depends(service, owner)
            || waits.is_some_and(|&version| made.script.migration.version <= version)
    }

    pub(super) fn remedy(&self, service: &str, made: Site<'_>) -> Remedy {
        let owner = made.service();
        let tier = |name: &str| self.by_name.get(name).map(|service| service.tier);
        match tier(owner) <= tier(service) && !self.depends(owner, service) {
            true => Remedy::Dependency,
            false => Remedy::Requires,
        }
    }

    fn depends(&self, service: &str, on: &str) -> bool {
        let dependencies = self.dependencies.get(service);
        dependencies.is_some_and(|dependencies| dependencies.contains(on))
    }
}
