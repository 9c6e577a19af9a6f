//! The order in which a proof takes the migrations.
//!
//! Migrations that are only applied come first, as they do on a database that gets new migrations.
//! This prefix changes seldom, so a database with it can be kept.

use std::collections::BTreeSet;

use migrator_model::{Migration, MigrationRef, Registry};
use migrator_runtime::Selection;

use super::verdict::Subject;

/// The migrations of a proof, each part in plan order.
pub(super) struct Plan<'a> {
    /// What is only applied, and needs nothing that is proved.
    pub(super) prefix: Vec<Migration<'a>>,
    /// What is proved, and what is applied between.
    pub(super) rest: Vec<Migration<'a>>,
}

/// The migrations of the subject's services and those that these depend on.
pub(super) fn plan<'a>(registry: &'a Registry, subject: &Subject) -> Plan<'a> {
    let mut plan = Plan {
        prefix: Vec::new(),
        rest: Vec::new(),
    };
    let mut later: BTreeSet<MigrationRef> = BTreeSet::new();
    let mut behind: BTreeSet<&str> = BTreeSet::new();
    for migration in needed(registry, subject) {
        let is_later = subject.contains(migration)
            || behind.contains(migration.service)
            || migration.requires().iter().any(|one| later.contains(one));
        if is_later {
            later.insert(migration.reference());
            behind.insert(migration.service);
            plan.rest.push(migration);
        } else {
            plan.prefix.push(migration);
        }
    }
    plan
}

fn needed<'a>(registry: &'a Registry, subject: &Subject) -> impl Iterator<Item = Migration<'a>> {
    let services: Option<BTreeSet<String>> = match &subject.services {
        Selection::All => None,
        Selection::Named(names) => {
            let narrow = registry.narrow(names);
            let services = narrow.services();
            Some(services.map(|service| service.name.to_owned()).collect())
        }
    };
    let is_needed = move |migration: &Migration<'_>| match &services {
        None => true,
        Some(services) => services.contains(migration.service),
    };
    registry.migrations().filter(is_needed)
}
