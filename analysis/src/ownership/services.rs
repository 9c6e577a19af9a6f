//! Which services' objects a migration may refer to.

use std::collections::{BTreeMap, BTreeSet};

use migrator_model::{Migration, Registry, Service, Version};

use super::messages::Remedy;
use crate::site::Site;

/// What services depend on and, so far in the plan, wait for.
pub(super) struct Services<'r> {
    by_name: BTreeMap<&'r str, &'r Service>,
    dependencies: BTreeMap<&'r str, BTreeSet<&'r str>>,
    /// Up to which version each service waits for another by `requires`.
    waits: BTreeMap<(String, String), Version>,
}

impl<'r> Services<'r> {
    pub(super) fn of(registry: &'r Registry) -> Services<'r> {
        let by_name = registry.services.iter().map(|s| (s.name.as_ref(), s));
        let by_name: BTreeMap<&str, &Service> = by_name.collect();
        let names = by_name.keys();
        Services {
            dependencies: names
                .map(|&name| (name, registry.dependencies_of(name)))
                .collect(),
            waits: BTreeMap::new(),
            by_name,
        }
    }

    /// From here on, the migration's service waits for what the migration requires.
    pub(super) fn add_requires(&mut self, migration: &Migration) {
        for reference in migration.requires.iter() {
            let key = (migration.service.to_string(), reference.service.to_string());
            let version = self.waits.entry(key).or_insert(reference.version);
            *version = reference.version.max(*version);
        }
    }

    /// Whether the tree says that a migration runs after what was made there.
    pub(super) fn runs_after(&self, migration: &Migration, made: Site<'_>) -> bool {
        let (service, owner) = (migration.service.as_ref(), made.service());
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
