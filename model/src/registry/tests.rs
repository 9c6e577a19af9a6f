//! Counts what a look-up reads.

use super::table::READS;
use super::{MigrationData, Registry, RegistryData, ScriptData, ServiceData};
use crate::version::Version;

const SERVICES: usize = 16;

fn registry(migrations: usize) -> Registry {
    let service = |number: usize| format!("s{:02}", number % SERVICES);
    Registry::from(RegistryData {
        services: (0..SERVICES)
            .map(|number| ServiceData {
                name: service(number),
                ..ServiceData::default()
            })
            .collect(),
        migrations: (0..migrations)
            .map(|number| MigrationData {
                service: service(number),
                version: version(number),
                uid: format!("{number:08x}"),
                name: "m".to_owned(),
                checksum: 0,
                requires: Vec::new(),
                up: ScriptData::default(),
                down: ScriptData::default(),
            })
            .collect(),
        ..RegistryData::default()
    })
}

fn version(number: usize) -> Version {
    Version::from_integer(20_240_101_000_000 + i64::try_from(number).unwrap())
}

/// The largest number of reads of a look-up, among those of all migrations.
fn reads(registry: &Registry, look_up: impl Fn(&str, Version) -> bool) -> usize {
    let ids = registry.migrations().map(|one| (one.service, one.version));
    let counts = ids.map(|(service, version)| {
        READS.set(0);
        assert!(look_up(service, version));
        READS.get()
    });
    counts.max().unwrap()
}

#[test]
fn a_look_up_in_sixteen_times_as_many_migrations_takes_four_more_steps() {
    let by_id = |registry: &Registry| {
        reads(registry, |service, version| {
            registry.migration(service, version).is_some()
        })
    };
    let by_name = |registry: &Registry| {
        reads(registry, |service, _| {
            registry.find_service(service).is_some()
        })
    };
    let (small, large) = (registry(512), registry(16 * 512));
    // A step of the search reads the place and the number of a record, and its version.
    assert!(by_id(&large) > by_id(&small));
    assert!(by_id(&large) <= by_id(&small) + 4 * 4, "{}", by_id(&large));
    assert_eq!(by_name(&large), by_name(&small));
}

#[test]
fn a_digest_changes_with_what_a_run_would_do() {
    let base = registry(20);
    let digest = base.digest();
    assert_eq!(digest.len(), 16);
    assert_eq!(registry(20).digest(), digest);
    let changes: [fn(&mut RegistryData); 6] = [
        |data| data.migrations[3].up.raw.push_str("SELECT 1;"),
        |data| data.migrations[3].down.raw.push_str("SELECT 1;"),
        |data| data.migrations[3].name.push('x'),
        |data| data.migrations.swap(3, 4),
        |data| data.services[1].depends_on.push("s00".to_owned()),
        |data| data.tiers.push("Other".to_owned()),
    ];
    for change in changes {
        assert_ne!(base.changed(change).digest(), digest);
    }
}

#[test]
fn a_digest_does_not_depend_on_line_ends_and_levels() {
    let with =
        |script: &str| registry(20).changed(|data| data.migrations[3].up.raw = script.to_owned());
    let unix = with("SELECT 1;\nSELECT 2;\n");
    assert_eq!(
        with("\u{feff}SELECT 1;\r\nSELECT 2;\r\n").digest(),
        unix.digest()
    );
    let elsewhere = unix.changed(|data| data.root = "elsewhere".to_owned());
    assert_eq!(elsewhere.digest(), unix.digest());
}
