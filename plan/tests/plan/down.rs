//! Plans of a run down.

use migrator_model::Registry;
use migrator_model::file_name::Direction;
use migrator_plan::history::{Entry, History, Origin, Stored};
use migrator_plan::plan;
use migrator_plan::{Leave, Policy, Target};

use super::support::{
    Service, Spec, applied, everything, foreign, irreversible, planned, platform, reference,
    registry, steps, version,
};

const CASCADE: Policy = Policy {
    out_of_order: Leave::Refused,
    missing: Leave::Refused,
    cascade: Leave::Allowed,
};

fn down(registry: &Registry, entries: Vec<Entry>, target: &Target) -> Vec<String> {
    planned(
        registry,
        entries,
        Direction::Down,
        target,
        Policy::default(),
    )
}

fn cascade(registry: &Registry, entries: Vec<Entry>, target: &Target) -> Vec<String> {
    planned(registry, entries, Direction::Down, target, CASCADE)
}

fn one(service: &str) -> Target {
    Target::service(service).steps(steps(1))
}

#[test]
fn everything_is_reverted_in_the_opposite_order() {
    let registry = platform();
    assert_eq!(
        down(&registry, everything(&registry), &Target::all()),
        [
            "user/7", "auth/9", "tenant/6", "auth/5", "auth/3", "tenant/2", "core/4", "core/1"
        ]
    );
}

#[test]
fn with_nothing_applied_nothing_is_reverted() {
    assert!(down(&platform(), Vec::new(), &Target::all()).is_empty());
}

#[test]
fn steps_are_the_last_ones_of_the_services_named() {
    let registry = platform();
    assert_eq!(
        down(&registry, everything(&registry), &one("user")),
        ["user/7"]
    );
    assert_eq!(
        down(
            &registry,
            everything(&registry),
            &Target::all().steps(steps(3))
        ),
        ["user/7", "auth/9", "tenant/6"]
    );
}

#[test]
fn down_to_a_version_leaves_that_version() {
    let registry = platform();
    let target = Target::service("auth").to(version(3));
    assert_eq!(
        down(
            &registry,
            applied(&registry, "core/1 tenant/2 auth/3 auth/5 auth/9"),
            &target
        ),
        ["auth/9", "auth/5"]
    );
    let before_all = Target::service("core").to(migrator_model::Version::from_integer(0));
    assert_eq!(
        down(&registry, applied(&registry, "core/1"), &before_all),
        ["core/1"]
    );
    let unknown = Target::service("core").to(version(2));
    assert_eq!(
        down(&registry, applied(&registry, "core/1"), &unknown),
        ["M0406 /2"]
    );
}

#[test]
fn newer_migrations_of_dependents_block_a_revert() {
    let registry = platform();
    // tenant/6, auth/9 and user/7 are newer than core/4; tenant/2 and auth/3 are not.
    let history = everything(&registry);
    assert_eq!(
        down(&registry, history.clone(), &one("core")),
        ["M0405 core/4"]
    );
    assert_eq!(
        cascade(&registry, history, &one("core")),
        [
            "user/7 cascade",
            "auth/9 cascade",
            "tenant/6 cascade",
            "auth/5 cascade",
            "core/4"
        ]
    );
}

#[test]
fn older_migrations_of_dependents_do_not_block_a_revert() {
    let registry = platform();
    let history = applied(&registry, "core/1 core/4 tenant/2 auth/3");
    assert_eq!(down(&registry, history, &one("core")), ["core/4"]);
}

#[test]
fn a_migration_that_requires_it_blocks_a_revert_without_a_dependency() {
    let registry = platform();
    let history = applied(&registry, "core/1 core/4 tenant/2 auth/3 auth/5 tenant/6");
    assert_eq!(
        down(&registry, history.clone(), &one("auth")),
        ["M0405 auth/5"]
    );
    assert_eq!(
        cascade(&registry, history, &one("auth")),
        ["tenant/6 cascade", "auth/5"]
    );
}

#[test]
fn requirements_at_the_time_of_applying_count_as_well() {
    let registry = platform();
    let mut history = applied(&registry, "core/1");
    let mut entry = foreign("ghost", 0, &[]);
    entry.requires = vec![reference("core", 1)];
    history.push(entry);
    assert_eq!(
        down(&registry, history.clone(), &one("core")),
        ["M0405 core/1"]
    );
    assert_eq!(
        cascade(&registry, history, &one("core")),
        ["ghost/0 cascade stored", "core/1"]
    );
}

#[test]
fn a_migration_that_cannot_need_a_newer_one_does_not_block_its_revert() {
    // auth/8 has the higher version, but tenant/6 waits for auth/9, which follows it.
    let service = |name: &str, depends_on: &[&str]| Service {
        name: name.to_owned(),
        depends_on: depends_on.iter().map(|&name| name.to_owned()).collect(),
    };
    let spec = |service: &str, number, requires: &[(String, i64)]| Spec {
        service: service.to_owned(),
        number,
        requires: requires.to_vec(),
    };
    let registry = registry(
        &[service("tenant", &[]), service("auth", &["tenant"])],
        &[
            spec("tenant", 2, &[]),
            spec("tenant", 6, &[("auth".to_owned(), 9)]),
            spec("auth", 8, &[]),
            spec("auth", 9, &[]),
        ],
    );
    let history = everything(&registry);
    assert_eq!(
        down(&registry, history.clone(), &one("tenant")),
        ["tenant/6"]
    );
    assert_eq!(
        cascade(&registry, history, &Target::service("tenant")),
        ["tenant/6", "auth/9 cascade", "auth/8 cascade", "tenant/2"]
    );
}

#[test]
fn dependencies_at_the_time_of_applying_affect_the_order_as_well() {
    // `core` has no dependencies now; when it was applied, it depended on `ghost`.
    let registry = platform();
    let mut history = applied(&registry, "core/4");
    history[0].depends_on = vec!["ghost".to_owned()];
    history.push(foreign("ghost", 2, &[]));
    assert_eq!(
        cascade(&registry, history, &Target::service("ghost")),
        ["core/4 cascade", "ghost/2 stored"]
    );
}

#[test]
fn recorded_scripts_revert_missing_or_changed_migrations_with_a_note() {
    let registry = platform();
    let mut entries = applied(&registry, "core/1");
    entries.push(foreign("core", 3, &[]));
    entries[0].checksum = "1".to_owned();
    entries[0].fingerprint = None;
    let target = Target::service("core");
    assert_eq!(
        down(&registry, entries.clone(), &target),
        ["core/3 stored", "core/1 stored"]
    );
    let history = History::new(entries);
    let plan = plan(
        &registry,
        &history,
        Direction::Down,
        &target,
        Policy::default(),
    )
    .expect("both can be reverted");
    assert_eq!(
        plan.notes,
        [
            "core/20240101000003_0a1b2c3d_foreign is missing from this binary: the down script \
             recorded with it reverts it",
            "core/20240101000001_0000000a_m1 was changed since it was applied: the down script \
             recorded with it reverts it",
        ]
    );
}

#[test]
fn a_cosmetic_change_is_reverted_by_the_script_of_the_registry() {
    let registry = platform();
    let mut history = applied(&registry, "core/1");
    history[0].checksum = "1".to_owned();
    assert_eq!(
        down(&registry, history, &Target::service("core")),
        ["core/1"]
    );
}

#[test]
fn without_any_down_script_nothing_is_reverted() {
    let registry = platform();
    let mut history = applied(&registry, "core/1 core/4");
    history.push(foreign("core", 3, &[]));
    for entry in &mut history {
        entry.down_script = Stored::No;
    }
    assert_eq!(down(&registry, history.clone(), &one("core")), ["core/4"]);
    assert_eq!(
        down(&registry, history, &Target::service("core")),
        ["M0407 core/3"]
    );
}

#[test]
fn an_irreversible_migration_is_refused_before_anything_is_reverted() {
    let registry = irreversible(&platform(), "tenant/6");
    let all = || everything(&registry);
    let refused = ["M0408 tenant/6"];
    assert_eq!(down(&registry, all(), &Target::all()), refused);
    let tenant = |extent: Target| cascade(&registry, all(), &extent);
    assert_eq!(tenant(Target::service("tenant").to(version(2))), refused);
    assert_eq!(tenant(one("tenant")), refused);
    assert_eq!(cascade(&registry, all(), &Target::service("auth")), refused);
    // Later migrations can be reverted.
    assert_eq!(down(&registry, all(), &one("user")), ["user/7"]);
    assert_eq!(tenant(Target::service("tenant").to(version(6))).len(), 0);
}

#[test]
fn an_irreversible_migration_of_another_binary_is_known_by_its_recorded_script() {
    let registry = platform();
    let recorded = || Stored::Irreversible("the rows are gone".to_owned());
    let mut history = applied(&registry, "core/1");
    history.push(Entry {
        down_script: recorded(),
        origin: Origin::Applied,
        ..foreign("core", 3, &[])
    });
    assert_eq!(
        down(&registry, history.clone(), &one("core")),
        ["M0408 core/3"]
    );
    assert_eq!(
        down(&registry, history.clone(), &Target::service("core")),
        ["M0408 core/3"]
    );
    // If this binary has the migration as it was applied, its own script counts.
    history.pop();
    history[0].down_script = recorded();
    assert_eq!(down(&registry, history.clone(), &one("core")), ["core/1"]);
    history[0].checksum = "1".to_owned();
    history[0].fingerprint = Some(1);
    assert_eq!(down(&registry, history, &one("core")), ["M0408 core/1"]);
}

#[test]
fn a_service_that_only_the_history_has_is_reverted_by_its_name() {
    let registry = platform();
    let mut history = applied(&registry, "core/1");
    history.push(foreign("ghost", 2, &["core"]));
    history.push(foreign("ghost", 3, &["core"]));
    assert_eq!(
        down(&registry, history, &Target::service("ghost")),
        ["ghost/3 stored", "ghost/2 stored"]
    );
}

#[test]
fn a_revert_of_all_leaves_out_a_service_that_only_the_history_has() {
    let registry = platform();
    let mut history = applied(&registry, "core/1");
    history.push(foreign("ghost", 3, &[]));
    assert_eq!(down(&registry, history.clone(), &Target::all()), ["core/1"]);
    history.push(foreign("needy", 3, &["core"]));
    assert_eq!(
        down(&registry, history.clone(), &Target::all()),
        ["M0405 core/1"]
    );
    assert_eq!(
        cascade(&registry, history, &Target::all()),
        ["needy/3 cascade stored", "core/1"]
    );
}

#[test]
fn a_dirty_migration_stops_only_a_run_that_reaches_it() {
    let registry = platform();
    let mut history = applied(&registry, "core/1 core/4");
    history[0].dirty = Some(Direction::Down);
    assert_eq!(down(&registry, history.clone(), &one("core")), ["core/4"]);
    assert_eq!(
        down(&registry, history, &Target::service("core")),
        ["M0404 core/1"]
    );
}

#[test]
fn thousands_of_migrations_are_planned_at_once() {
    let services = ["a", "b", "c"].map(|name| Service {
        name: name.to_owned(),
        depends_on: match name {
            "a" => Vec::new(),
            _ => vec!["a".to_owned()],
        },
    });
    let migrations: Vec<Spec> = (0..3000)
        .map(|index| Spec {
            service: services[index % 3].name.clone(),
            number: i64::try_from(index / 60 * 100 + index % 60).expect("small"),
            requires: Vec::new(),
        })
        .collect();
    let registry = registry(&services, &migrations);
    let started = std::time::Instant::now();
    assert_eq!(
        cascade(&registry, everything(&registry), &Target::service("a")).len(),
        3000
    );
    assert!(started.elapsed().as_secs() < 20, "{:?}", started.elapsed());
}
