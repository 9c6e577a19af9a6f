//! The tree of a program.

use migrator_model::MigrationId;
use migrator_runtime::Registry;
use serde::Serialize;

use super::members;

/// What `list` shows.
#[derive(Debug, Serialize)]
pub(crate) struct List {
    /// In plan order.
    pub(crate) services: Vec<ListedService>,
    /// Whether the user wants a list of the migrations instead of a table of the services.
    #[serde(skip)]
    pub(crate) lists_migrations: bool,
}

/// A service of the tree.
#[derive(Debug, Serialize)]
pub(crate) struct ListedService {
    pub(crate) service: String,
    pub(crate) tier: String,
    pub(crate) description: String,
    pub(crate) depends_on: Vec<String>,
    /// By version.
    pub(crate) migrations: Vec<ListedMigration>,
}

/// A migration of the tree.
#[derive(Debug, Serialize)]
pub(crate) struct ListedMigration {
    #[serde(flatten, serialize_with = "members::migration_of_service")]
    pub(crate) id: MigrationId,
    /// The migrations that it requires.
    pub(crate) requires: Vec<String>,
    /// Why it cannot be reverted, if it cannot.
    pub(crate) irreversible: Option<String>,
}

impl List {
    /// The services of a registry that `is_wanted` selects.
    pub(crate) fn new(
        registry: &Registry,
        is_wanted: impl Fn(&str) -> bool,
        lists_migrations: bool,
    ) -> List {
        let services = registry.services().filter(|one| is_wanted(one.name));
        let services = services.map(|service| ListedService {
            service: service.name.to_owned(),
            tier: registry
                .tiers()
                .nth(service.tier)
                .unwrap_or_default()
                .to_owned(),
            description: service.description.to_owned(),
            depends_on: service.depends_on().map(str::to_owned).collect(),
            migrations: registry
                .migrations_of(service.name)
                .map(|migration| ListedMigration {
                    id: migration.id(),
                    requires: migration
                        .requires()
                        .iter()
                        .map(ToString::to_string)
                        .collect(),
                    irreversible: migration.down().irreversible(),
                })
                .collect(),
        });
        List {
            services: services.collect(),
            lists_migrations,
        }
    }
}
