//! Registries, histories and plans in short form: `tenant/6` is the migration
//! of `tenant` whose version is the sixth second of 2024.

use std::num::NonZeroUsize;

use migrator_model::file_name::Direction;
use migrator_model::registry::{MigrationData, MigrationRef};
use migrator_model::{Migration, MigrationId, Node, Registry, Tree, Version, resolve};
use migrator_plan::history::{Entry, History, Origin, Stored};
use migrator_plan::{Body, Conflict, Plan, Reason, plan};
use migrator_plan::{Policy, Target};

const EPOCH: i64 = 20_240_101_000_000;

pub(crate) fn version(number: i64) -> Version {
    Version::from_integer(EPOCH + number)
}

fn number(version: Version) -> i64 {
    version.as_integer() - EPOCH
}

/// A service with the services that it depends on.
pub(crate) struct Service {
    pub(crate) name: String,
    pub(crate) depends_on: Vec<String>,
}

/// A migration with those that it requires.
pub(crate) struct Spec {
    pub(crate) service: String,
    pub(crate) number: i64,
    pub(crate) requires: Vec<(String, i64)>,
}

pub(crate) fn registry(services: &[Service], migrations: &[Spec]) -> Registry {
    let sections = services.iter().map(|Service { name, depends_on }| {
        format!(
            "[services.{name}]\ntier = \"T\"\ndirectory = \"{name}\"\ndepends_on = {depends_on:?}\n"
        )
    });
    let sections: Vec<String> = sections.collect();
    let manifest = format!("tiers = [\"T\"]\n{}", sections.concat());
    let mut tree = Tree::new("database").with_file("services.toml", manifest);
    for Service { name, .. } in services {
        tree.nodes.insert("migrations".to_owned(), Node::Folder);
        tree.nodes
            .insert(format!("migrations/{name}"), Node::Folder);
    }
    for (index, spec) in migrations.iter().enumerate() {
        let Spec {
            service, number, ..
        } = spec;
        let stem = format!("{}_{index:07x}a_m{number}", version(*number));
        let requires = spec.requires.iter();
        let requires: Vec<String> = requires
            .map(|(service, number)| {
                format!("-- migrator: requires {service}/{}\n", version(*number))
            })
            .collect();
        let mut up = requires.concat();
        up += "SELECT 'up';\n";
        tree = tree
            .with_file(&format!("migrations/{service}/{stem}.up.sql"), up)
            .with_file(
                &format!("migrations/{service}/{stem}.down.sql"),
                "SELECT 'down';",
            );
    }
    let resolved = resolve(&tree);
    assert_eq!(resolved.problems, []);
    resolved.registry
}

pub(crate) fn service(name: &str, depends_on: &[&str]) -> Service {
    Service {
        name: name.to_owned(),
        depends_on: depends_on.iter().map(|&name| name.to_owned()).collect(),
    }
}

pub(crate) fn spec(service: &str, number: i64, requires: &[(&str, i64)]) -> Spec {
    let requires = requires.iter();
    Spec {
        service: service.to_owned(),
        number,
        requires: requires
            .map(|&(service, number)| (service.to_owned(), number))
            .collect(),
    }
}

/// Four services. `tenant` waits for one migration of `auth`, although `auth` depends on
/// `tenant`.
pub(crate) fn platform() -> Registry {
    registry(
        &[
            service("core", &[]),
            service("tenant", &["core"]),
            service("auth", &["tenant"]),
            service("user", &["auth"]),
        ],
        &[
            spec("core", 1, &[]),
            spec("core", 4, &[]),
            spec("tenant", 2, &[]),
            spec("tenant", 6, &[("auth", 5)]),
            spec("auth", 3, &[]),
            spec("auth", 5, &[]),
            spec("auth", 9, &[]),
            spec("user", 7, &[]),
        ],
    )
}

/// The same registry; the down script of one migration says that it is irreversible.
pub(crate) fn irreversible(registry: &Registry, text: &str) -> Registry {
    let reference = find(registry, text).reference();
    registry.changed(|data| {
        let is_it = |m: &&mut MigrationData| {
            *m.service == reference.service && m.version == reference.version
        };
        for migration in data.migrations.iter_mut().filter(is_it) {
            migration.down.raw = "-- migrator: irreversible because the rows are gone\n".into();
        }
    })
}

pub(crate) fn find<'r>(registry: &'r Registry, text: &str) -> Migration<'r> {
    let (service, number) = text.split_once('/').expect("service/number");
    let version = version(number.parse().expect("a number"));
    registry.migration(service, version).expect("it is there")
}

/// The entry of a migration after it was applied.
pub(crate) fn entry_of(registry: &Registry, migration: Migration<'_>) -> Entry {
    let depends_on = registry.dependencies_of(migration.service);
    Entry {
        id: migration.id(),
        applied_on: "2024-01-01T00:00:00Z".to_owned(),
        checksum: migration.checksum.to_string(),
        fingerprint: Some(migration.up().fingerprint),
        dirty: None,
        requires: migration.requires(),
        depends_on: depends_on.into_iter().map(str::to_owned).collect(),
        down_script: Stored::Yes,
        origin: Origin::Applied,
    }
}

/// An entry that no registry has.
pub(crate) fn foreign(service: &str, number: i64, depends_on: &[&str]) -> Entry {
    Entry {
        id: MigrationId::recorded(service.to_owned(), version(number), "0a1b2c3d_foreign"),
        applied_on: "2024-01-01T00:00:00Z".to_owned(),
        checksum: "1".to_owned(),
        fingerprint: Some(1),
        dirty: None,
        requires: Vec::new(),
        depends_on: depends_on.iter().map(|&name| name.to_owned()).collect(),
        down_script: Stored::Yes,
        origin: Origin::Applied,
    }
}

pub(crate) fn reference(service: &str, number: i64) -> MigrationRef {
    MigrationRef {
        service: service.to_owned().into(),
        version: version(number),
    }
}

/// The entries of these migrations, `core/1 tenant/2`.
pub(crate) fn applied(registry: &Registry, texts: &str) -> Vec<Entry> {
    let migrations = texts.split_whitespace().map(|text| find(registry, text));
    migrations
        .map(|migration| entry_of(registry, migration))
        .collect()
}

pub(crate) fn everything(registry: &Registry) -> Vec<Entry> {
    let migrations = registry.migrations();
    migrations
        .map(|migration| entry_of(registry, migration))
        .collect()
}

pub(crate) fn steps(number: usize) -> NonZeroUsize {
    NonZeroUsize::new(number).expect("more than none")
}

/// A plan as its steps, or a refusal as its conflicts; one or two words for each.
pub(crate) fn planned(
    registry: &Registry,
    entries: Vec<Entry>,
    direction: Direction,
    target: &Target,
    policy: Policy,
) -> Vec<String> {
    outcome_in_short(plan(
        registry,
        &History::new(entries),
        direction,
        target,
        policy,
    ))
}

/// A plan as its steps, or a refusal as its conflicts; one or two words for each.
pub(crate) fn outcome_in_short(outcome: Result<Plan<'_>, Vec<Conflict>>) -> Vec<String> {
    match outcome {
        Ok(plan) => plan_in_short(&plan),
        Err(conflicts) => conflicts.iter().map(conflict_in_short).collect(),
    }
}

/// Shows a conflict as `M0401 tenant/6`.
pub(crate) fn conflict_in_short(conflict: &Conflict) -> String {
    assert!(!conflict.remedy.to_string().is_empty() && !conflict.message.is_empty());
    let subject = conflict.subject.to_string();
    format!("{} {}", conflict.code, in_short(&subject))
}

fn plan_in_short(plan: &Plan<'_>) -> Vec<String> {
    let steps = plan.steps.iter();
    steps
        .map(|step| {
            let reason = match step.reason == Reason::Requested {
                true => String::new(),
                false => format!(" {}", step.reason.as_str()),
            };
            let script = match step.body {
                Body::RecordedScript => " stored",
                Body::Script(_) | Body::Nothing => "",
            };
            format!(
                "{}/{}{reason}{script}",
                step.service(),
                number(step.version())
            )
        })
        .collect()
}

/// Shows `tenant/20240101000006_0000000a_m6` as `tenant/6`.
fn in_short(subject: &str) -> String {
    let (service, rest) = subject.split_once('/').unwrap_or(("", subject));
    let digits = rest.split('_').next().unwrap_or_default();
    let number = digits.parse::<i64>().expect("a version") - EPOCH;
    format!("{service}/{number}")
}
