//! Plans that revert the newest migration and apply it again.

use migrator_model::file_name::Direction;
use migrator_model::{MigrationId, Mode, Registry};
use migrator_plan::history::{Entry, History, Stored};
use migrator_plan::{Body, Leave, Policy, Step, Target, plan, redo};

use super::support::{
    applied, everything, foreign, irreversible, outcome_in_short, platform, registry, service, spec,
};

/// The plan of a redo, with the direction of each step.
fn planned(registry: &Registry, entries: &[Entry], service: &str) -> Vec<String> {
    with_policy(registry, entries, service, Policy::default())
}

fn with_policy(
    registry: &Registry,
    entries: &[Entry],
    service: &str,
    policy: Policy,
) -> Vec<String> {
    let history = History::new(entries.to_vec());
    let outcome = redo(registry, &history, service, policy);
    let directions: Vec<&str> = match &outcome {
        Ok(plan) => {
            let steps = plan.steps.iter();
            steps.map(|step| step.direction().as_str()).collect()
        }
        Err(conflicts) => vec!["refused"; conflicts.len()],
    };
    let texts = outcome_in_short(outcome).into_iter().zip(directions);
    texts.map(|(text, how)| format!("{how} {text}")).collect()
}

#[test]
fn the_newest_is_reverted_and_applied_again() {
    let registry = platform();
    let entries = everything(&registry);
    assert_eq!(
        planned(&registry, &entries, "user"),
        ["down user/7", "up user/7"]
    );
}

#[test]
fn with_nothing_applied_there_is_nothing_to_do() {
    let registry = platform();
    let entries = applied(&registry, "core/1 core/4");
    assert!(planned(&registry, &entries, "tenant").is_empty());
}

#[test]
fn a_redo_is_refused_if_others_may_need_the_migration() {
    let registry = platform();
    let entries = everything(&registry);
    assert_eq!(
        planned(&registry, &entries, "tenant"),
        ["refused M0405 tenant/6"]
    );
    let policy = Policy {
        cascade: Leave::Allowed,
        ..Policy::default()
    };
    assert_eq!(
        with_policy(&registry, &entries, "tenant", policy),
        ["refused M0405 tenant/6"]
    );
}

#[test]
fn a_redo_of_a_missing_migration_is_refused_before_the_revert() {
    let registry = platform();
    let mut entries = applied(&registry, "core/1 core/4");
    entries.push(foreign("core", 8, &[]));
    let policy = Policy {
        missing: Leave::Allowed,
        ..Policy::default()
    };
    for policy in [Policy::default(), policy] {
        assert_eq!(
            with_policy(&registry, &entries, "core", policy),
            ["refused M0402 core/8"]
        );
    }
}

#[test]
fn a_redo_is_refused_if_the_version_belongs_to_another_migration() {
    let registry = platform();
    let mut entries = applied(&registry, "core/1 core/4");
    let id = &entries[1].id;
    entries[1].id = MigrationId::recorded("core", id.version, "0badcafe_other");
    assert_eq!(
        planned(&registry, &entries, "core"),
        ["refused M0401 core/4"]
    );
}

#[test]
fn a_redo_of_an_irreversible_migration_is_refused() {
    let registry = irreversible(&platform(), "core/4");
    let entries = applied(&registry, "core/1 core/4");
    assert_eq!(
        planned(&registry, &entries, "core"),
        ["refused M0408 core/4"]
    );
}

#[test]
fn an_edited_migration_is_reverted_by_the_script_that_was_recorded() {
    let registry = platform();
    let mut entries = applied(&registry, "core/1 core/4");
    "7".clone_into(&mut entries[1].checksum);
    entries[1].fingerprint = None;
    assert_eq!(
        planned(&registry, &entries, "core"),
        ["down core/4 stored", "up core/4"]
    );
    entries[1].down_script = Stored::No;
    assert_eq!(
        planned(&registry, &entries, "core"),
        ["refused M0407 core/4"]
    );
}

#[test]
fn a_revert_whose_apply_would_be_refused_is_refused() {
    let registry = platform();
    let mut entries = applied(&registry, "core/1 core/4");
    "7".clone_into(&mut entries[0].checksum);
    entries[0].fingerprint = None;
    assert_eq!(
        planned(&registry, &entries, "core"),
        ["refused M0401 core/1"]
    );
}

#[test]
fn an_older_pending_migration_is_out_of_order_as_for_a_run_up() {
    let registry = platform();
    let entries = applied(&registry, "core/4");
    let run_up = plan(
        &registry,
        &History::new(entries.clone()),
        Direction::Up,
        &Target::service("core"),
        Policy::default(),
    );
    assert_eq!(outcome_in_short(run_up), ["M0403 core/1"]);
    assert_eq!(
        planned(&registry, &entries, "core"),
        ["refused M0403 core/1"]
    );
    let policy = Policy {
        out_of_order: Leave::Allowed,
        ..Policy::default()
    };
    assert_eq!(
        with_policy(&registry, &entries, "core", policy),
        ["down core/4", "up core/1", "up core/4"]
    );
}

#[test]
fn new_requirements_of_a_migration_are_applied_before_it() {
    let registry = registry(
        &[service("auth", &[]), service("core", &[])],
        &[spec("auth", 1, &[]), spec("core", 2, &[("auth", 1)])],
    );
    let mut entries = applied(&registry, "core/2");
    entries[0].requires.clear();
    assert_eq!(
        planned(&registry, &entries, "core"),
        ["down core/2", "up auth/1 dependency", "up core/2"]
    );
}

#[test]
fn a_down_script_that_was_interrupted_is_resumed() {
    let registry = platform().changed(|data| {
        for migration in &mut data.migrations {
            migration.down.mode = Mode::NoTransaction;
            migration.down.raw = "DROP INDEX CONCURRENTLY i;".into();
        }
    });
    let mut entries = applied(&registry, "core/1 core/4");
    entries[1].dirty = Some(Direction::Down);
    let history = History::new(entries.clone());
    let plan = redo(&registry, &history, "core", Policy::default()).expect("it is resumable");
    let resumed: Vec<bool> = plan.steps.iter().map(Step::is_resumed).collect();
    assert_eq!(resumed, [true, false]);
    assert!(matches!(plan.steps[0].body, Body::Script(_)));
    entries[1].dirty = Some(Direction::Up);
    assert_eq!(
        planned(&registry, &entries, "core"),
        ["refused M0404 core/4"]
    );
}
