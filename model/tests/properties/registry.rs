//! Tests that a registry contains what it was made of, whatever the texts are.

use std::collections::BTreeSet;
use std::time::Duration;

use migrator_model::registry::{
    MigrationData, MigrationRef, RegistryData, ScriptData, ServiceData,
};
use migrator_model::{Code, Level, LintLevel, Mode, Registry, Service, Version};
use proptest::collection::vec;
use proptest::prelude::*;

/// Any text: multi-byte characters, quotes, line ends, a NUL byte, a byte-order mark.
fn text() -> impl Strategy<Value = String> {
    "[a-z\u{e9}\u{1f418}\u{feff}\"\\\\\r\n\u{0}$' ]{0,12}"
}

fn timeout() -> impl Strategy<Value = Option<Duration>> {
    proptest::option::of((0u64..u64::MAX).prop_map(Duration::from_millis))
}

fn script() -> impl Strategy<Value = ScriptData> {
    let mode = prop_oneof![Just(Mode::Transaction), Just(Mode::NoTransaction)];
    let whole = (text(), any::<u64>(), mode, timeout(), timeout());
    whole.prop_map(
        |(raw, fingerprint, mode, lock_timeout, statement_timeout)| ScriptData {
            raw,
            fingerprint,
            mode,
            lock_timeout,
            statement_timeout,
        },
    )
}

fn version() -> impl Strategy<Value = Version> {
    (-3i64..60).prop_map(Version::from_integer)
}

fn requires() -> impl Strategy<Value = Vec<MigrationRef>> {
    let one = (text(), version()).prop_map(|(service, version)| MigrationRef {
        service: service.into(),
        version,
    });
    vec(one, 0..3)
}

fn migrations(services: Vec<ServiceData>) -> impl Strategy<Value = RegistryData> {
    let owners = proptest::sample::select(services.clone());
    let one = (
        (owners, version(), "[0-9a-f]{8}", text()),
        (any::<u64>(), requires(), script(), script()),
    );
    let one = one.prop_map(
        |((owner, version, uid, name), (checksum, requires, up, down))| MigrationData {
            service: owner.name,
            version,
            uid,
            name,
            checksum,
            requires,
            up,
            down,
        },
    );
    let level = prop_oneof![Just(Level::Allow), Just(Level::Warn), Just(Level::Deny)];
    let level = (
        proptest::sample::select(Code::ALL),
        level,
        proptest::option::of(text()),
        proptest::option::of(version()),
    );
    let level = level.prop_map(|(code, level, service, before)| LintLevel {
        code,
        level,
        service,
        before,
    });
    let levels = vec(level, 0..3);
    let texts = (
        text(),
        vec(text(), 0..3),
        vec(text(), 0..3),
        vec(text(), 0..3),
    );
    (vec(one, 0..12), levels, texts).prop_map(
        move |(mut migrations, levels, (root, tiers, left_out, roles))| {
            let mut seen = BTreeSet::new();
            migrations.retain(|one| seen.insert((one.service.clone(), one.version)));
            RegistryData {
                root,
                tiers,
                services: services.clone(),
                migrations,
                left_out,
                roles,
                levels,
            }
        },
    )
}

fn data() -> impl Strategy<Value = RegistryData> {
    let service = (text(), 0usize..9, text(), vec(text(), 0..3), text());
    let service =
        service.prop_map(
            |(name, tier, directory, depends_on, description)| ServiceData {
                name,
                tier,
                directory,
                depends_on,
                description,
            },
        );
    vec(service, 1..6).prop_flat_map(|mut services| {
        let mut seen = BTreeSet::new();
        services.retain(|service| seen.insert(service.name.clone()));
        migrations(services)
    })
}

proptest! {
    #[test]
    fn a_registry_contains_what_it_was_made_of(data in data()) {
        let registry = Registry::from(data.clone());
        prop_assert_eq!(registry.data(), data.clone());
        prop_assert_eq!(registry.len(), data.migrations.len());
        prop_assert_eq!(Registry::from(registry.data()), registry);
    }

    #[test]
    fn every_service_and_migration_is_found_and_no_other(
        data in data(), other in text(), version in version(),
    ) {
        let registry = Registry::from(data.clone());
        for service in &data.services {
            let found = registry.service(&service.name).map(ServiceData::from);
            prop_assert_eq!(found.as_ref(), Ok(service));
            let mut expected: Vec<&MigrationData> =
                data.migrations.iter().filter(|m| m.service == service.name).collect();
            expected.sort_by_key(|migration| migration.version);
            let found: Vec<MigrationData> =
                registry.migrations_of(&service.name).map(MigrationData::from).collect();
            prop_assert_eq!(found.iter().collect::<Vec<_>>(), expected.clone());
            let fingerprints = registry.find_service(&service.name).map(Service::fingerprints);
            let fingerprints: Vec<_> = fingerprints.into_iter().flatten().collect();
            let expected: Vec<_> =
                expected.iter().map(|m| (m.version, m.checksum, m.up.fingerprint)).collect();
            prop_assert_eq!(fingerprints, expected);
        }
        for migration in &data.migrations {
            let found = registry.migration(&migration.service, migration.version);
            prop_assert_eq!(found.map(MigrationData::from), Some(migration.clone()));
        }
        let exists = data.services.iter().any(|service| service.name == other);
        prop_assert_eq!(registry.service(&other).is_ok(), exists);
        let exists = data.migrations.iter().any(|m| m.service == other && m.version == version);
        prop_assert_eq!(registry.migration(&other, version).is_some(), exists);
    }
}
