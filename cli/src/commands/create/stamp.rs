//! The version and the uid of a new migration.

use std::collections::BTreeSet;

use migrator_adopt::{next_second, version_of};
use migrator_model::{Registry, Version};
use time::OffsetDateTime;
use uuid::Uuid;

/// The current time as a version. If the service already has a later version, a second after that.
pub(crate) fn version(registry: &Registry, service: &str) -> Version {
    let newest = registry.migrations_of(service).map(|m| m.version).max();
    let now = version_of(OffsetDateTime::now_utc());
    newest
        .and_then(next_second)
        .map_or(now, |next| now.max(next))
}

/// The first 8 hex digits of a random UUID. No migration of the tree has the same.
pub(crate) fn uid(registry: &Registry) -> String {
    let taken: BTreeSet<&str> = registry.migrations().map(|m| m.uid).collect();
    loop {
        let mut uid = Uuid::new_v4().simple().to_string();
        uid.truncate(8);
        if !taken.contains(uid.as_str()) {
            return uid;
        }
    }
}
