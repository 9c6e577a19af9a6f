//! Plans of a run up.

use migrator_model::Registry;
use migrator_model::file_name::Direction;
use migrator_plan::history::{Entry, History};
use migrator_plan::plan;
use migrator_plan::{Leave, Policy, Target};

use super::support::{applied, everything, foreign, planned, platform, steps, version};

const IN_ORDER: [&str; 8] = [
    "core/1", "core/4", "tenant/2", "auth/3", "auth/5", "tenant/6", "auth/9", "user/7",
];

fn up(registry: &Registry, entries: Vec<Entry>, target: &Target) -> Vec<String> {
    planned(registry, entries, Direction::Up, target, Policy::default())
}

/// A target of these services, such as `core tenant`.
fn of(services: &str) -> Target {
    Target::services(services.split_whitespace().map(str::to_owned))
}

#[test]
fn with_nothing_applied_all_is_applied_in_order_and_a_service_in_two_legs() {
    assert_eq!(up(&platform(), Vec::new(), &Target::all()), IN_ORDER);
}

#[test]
fn with_all_applied_nothing_is_left_to_do() {
    let registry = platform();
    let plan = up(&registry, everything(&registry), &Target::all());
    assert!(plan.is_empty(), "{plan:?}");
}

#[test]
fn dependencies_come_first_and_are_marked() {
    let registry = platform();
    assert_eq!(
        up(&registry, applied(&registry, "core/1"), &of("user")),
        [
            "core/4 dependency",
            "tenant/2 dependency",
            "auth/3 dependency",
            "auth/5 dependency",
            "tenant/6 dependency",
            "auth/9 dependency",
            "user/7",
        ]
    );
}

#[test]
fn a_required_migration_is_applied_without_later_ones_of_its_service() {
    let registry = platform();
    assert_eq!(
        up(
            &registry,
            applied(&registry, "core/1 core/4"),
            &of("tenant")
        ),
        [
            "tenant/2",
            "auth/3 dependency",
            "auth/5 dependency",
            "tenant/6"
        ]
    );
}

#[test]
fn a_requirement_of_a_later_step_is_not_applied() {
    let registry = platform();
    let history = applied(&registry, "core/1 core/4");
    assert_eq!(
        up(&registry, history.clone(), &of("tenant").steps(steps(1))),
        ["tenant/2"]
    );
    assert_eq!(
        up(&registry, history, &of("tenant").to(version(2))),
        ["tenant/2"]
    );
}

#[test]
fn steps_count_the_migrations_of_the_services_named_alone() {
    let registry = platform();
    let history = applied(&registry, "core/1");
    assert_eq!(
        up(&registry, history.clone(), &of("auth").steps(steps(2))),
        [
            "core/4 dependency",
            "tenant/2 dependency",
            "auth/3",
            "auth/5"
        ]
    );
    assert_eq!(
        up(&registry, history.clone(), &Target::all().steps(steps(3))),
        ["core/4", "tenant/2", "auth/3"]
    );
    assert_eq!(
        up(&registry, history, &of("tenant user").steps(steps(2))),
        [
            "core/4 dependency",
            "tenant/2",
            "auth/3 dependency",
            "auth/5 dependency",
            "tenant/6"
        ]
    );
}

#[test]
fn more_steps_than_there_are_go_to_the_end() {
    let target = Target::all().steps(steps(usize::MAX));
    assert_eq!(up(&platform(), Vec::new(), &target), IN_ORDER);
}

#[test]
fn dependencies_are_applied_even_if_the_service_is_current() {
    let registry = platform();
    let history = applied(
        &registry,
        "core/1 tenant/2 auth/3 auth/5 tenant/6 auth/9 user/7",
    );
    let policy = Policy::default();
    assert_eq!(
        planned(
            &registry,
            history,
            Direction::Up,
            &of("user").steps(steps(1)),
            policy
        ),
        ["core/4 dependency"]
    );
}

#[test]
fn a_version_bounds_the_named_services_and_not_their_dependencies() {
    let registry = platform();
    assert_eq!(
        up(
            &registry,
            applied(&registry, "core/1"),
            &of("auth").to(version(3))
        ),
        ["core/4 dependency", "tenant/2 dependency", "auth/3"]
    );
    assert_eq!(
        up(&registry, Vec::new(), &Target::all().to(version(3))),
        ["core/1", "tenant/2", "auth/3"]
    );
}

#[test]
fn a_bound_gives_way_to_what_a_named_service_requires() {
    // tenant/6 is within the bound, and waits for auth/5, which is within it too.
    let plan = up(&platform(), Vec::new(), &of("tenant auth").to(version(6)));
    assert_eq!(plan.last().map(String::as_str), Some("tenant/6"));
    assert!(plan.contains(&"auth/5".to_owned()), "{plan:?}");
}

#[test]
fn a_version_that_no_named_service_has_is_refused_with_the_nearest() {
    let registry = platform();
    let target = of("tenant").to(version(8));
    assert_eq!(up(&registry, Vec::new(), &target), ["M0406 /8"]);
    let conflicts = plan(
        &registry,
        &History::default(),
        Direction::Up,
        &target,
        Policy::default(),
    )
    .expect_err("it is refused");
    assert_eq!(
        conflicts[0].remedy.to_string(),
        "did you mean 20240101000006?"
    );
    let every = Target::all().to(version(8));
    assert_eq!(
        up(&registry, Vec::new(), &every).len(),
        7,
        "of all services, any time will do"
    );
}

#[test]
fn a_changed_migration_is_refused() {
    let registry = platform();
    let mut history = applied(&registry, "core/1 core/4");
    history[0].checksum = "1".to_owned();
    history[0].fingerprint = Some(1);
    assert_eq!(up(&registry, history, &of("core")), ["M0401 core/1"]);
}

#[test]
fn without_a_recorded_fingerprint_another_checksum_is_a_change() {
    let registry = platform();
    let mut history = applied(&registry, "core/1");
    history[0].checksum = "1".to_owned();
    history[0].fingerprint = None;
    assert_eq!(up(&registry, history, &of("core")), ["M0401 core/1"]);
}

#[test]
fn a_cosmetic_change_is_noted_and_stops_nothing() {
    let registry = platform();
    let mut entries = everything(&registry);
    entries[0].checksum = "1".to_owned();
    let history = History::new(entries);
    let plan = plan(
        &registry,
        &history,
        Direction::Up,
        &Target::all(),
        Policy::default(),
    )
    .expect("it is no conflict");
    assert_eq!(
        plan.notes,
        [
            "core/20240101000001_0000000a_m1 differs from the applied script only in \
          comments or white space"
        ]
    );
}

#[test]
fn a_renamed_migration_is_refused_even_if_its_script_is_the_same() {
    let registry = platform();
    let mut history = applied(&registry, "core/1");
    history[0].id.name = "other".into();
    assert_eq!(
        up(&registry, history.clone(), &of("core")),
        ["M0401 core/1"]
    );
    let history = History::new(history);
    let conflicts = plan(
        &registry,
        &history,
        Direction::Up,
        &of("core"),
        Policy::default(),
    )
    .expect_err("it is refused");
    assert_eq!(
        conflicts[0].to_string(),
        "core/20240101000001_0000000a_other: the registry has another migration \
         with this version: `core/20240101000001_0000000a_m1`"
    );
}

#[test]
fn a_missing_migration_is_refused_unless_that_is_allowed() {
    let registry = platform();
    let mut history = applied(&registry, "core/1");
    history.push(foreign("core", 3, &[]));
    assert_eq!(
        up(&registry, history.clone(), &of("core")),
        ["M0402 core/3"]
    );
    let policy = Policy {
        missing: Leave::Allowed,
        ..Policy::default()
    };
    assert_eq!(
        planned(&registry, history, Direction::Up, &of("core"), policy),
        ["core/4"]
    );
}

#[test]
fn a_missing_migration_puts_nothing_out_of_order() {
    let registry = platform();
    let mut history = applied(&registry, "core/1");
    history.push(foreign("core", 30, &[]));
    assert_eq!(up(&registry, history, &of("core")), ["M0402 core/30"]);
}

#[test]
fn a_migration_out_of_order_is_refused_unless_that_is_allowed() {
    let registry = platform();
    let history = applied(&registry, "core/4");
    assert_eq!(
        up(&registry, history.clone(), &of("core")),
        ["M0403 core/1"]
    );
    let policy = Policy {
        out_of_order: Leave::Allowed,
        ..Policy::default()
    };
    assert_eq!(
        planned(&registry, history, Direction::Up, &of("core"), policy),
        ["core/1"]
    );
}

#[test]
fn a_dirty_migration_is_refused_in_both_directions() {
    let registry = platform();
    for direction in [Direction::Up, Direction::Down] {
        let mut history = applied(&registry, "core/1");
        history[0].dirty = Some(direction);
        // If it was changed as well, one problem is enough.
        history[0].checksum = "1".to_owned();
        history[0].fingerprint = None;
        for run in [Direction::Up, Direction::Down] {
            let plan = planned(
                &registry,
                history.clone(),
                run,
                &of("core"),
                Policy::default(),
            );
            assert_eq!(plan, ["M0404 core/1"]);
        }
    }
}

#[test]
fn every_conflict_is_reported() {
    let registry = platform();
    let mut history = applied(&registry, "core/4 tenant/2 tenant/6");
    history[1].checksum = "1".to_owned();
    history[1].fingerprint = None;
    history[2].dirty = Some(Direction::Up);
    history.push(foreign("core", 30, &[]));
    assert_eq!(
        up(&registry, history, &of("tenant").to(version(7))),
        [
            "M0406 /7",
            "M0402 core/30",
            "M0401 tenant/2",
            "M0404 tenant/6",
            "M0403 core/1"
        ]
    );
}

#[test]
fn a_problem_of_a_service_that_takes_no_part_is_ignored() {
    let registry = platform();
    for service in ["auth/9", "user/7"] {
        let mut wrong = applied(&registry, service);
        wrong[0].dirty = Some(Direction::Up);
        wrong.push(foreign("user", 8, &[]));
        wrong.push(foreign("ghost", 8, &["core"]));
        assert_eq!(up(&registry, wrong, &of("core")), ["core/1", "core/4"]);
    }
}

#[test]
fn up_ignores_services_that_only_the_history_has() {
    let registry = platform();
    let mut history = everything(&registry);
    history.push(foreign("ghost", 8, &["core"]));
    assert!(up(&registry, history, &Target::all()).is_empty());
}
