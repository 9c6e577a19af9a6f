//! Plans that resume interrupted steps.

use migrator_model::file_name::Direction;
use migrator_model::{Mode, Registry};
use migrator_plan::history::{Entry, History};
use migrator_plan::{Policy, Target};
use migrator_plan::{Remedy, Start, plan};

use super::support::{applied, find, planned, platform, steps, version};

/// The platform, with scripts that can all be resumed.
fn resumable() -> Registry {
    platform().changed(|data| {
        for migration in &mut data.migrations {
            for script in [&mut migration.up, &mut migration.down] {
                script.mode = Mode::NoTransaction;
                script.raw = "CREATE INDEX CONCURRENTLY i ON a (b);".into();
            }
        }
    })
}

/// These entries; the one at `index` was interrupted in this direction.
fn dirty(registry: &Registry, texts: &str, index: usize, direction: Direction) -> Vec<Entry> {
    let mut history = applied(registry, texts);
    history[index].dirty = Some(direction);
    history
}

fn run(
    registry: &Registry,
    history: Vec<Entry>,
    direction: Direction,
    target: &Target,
) -> Vec<String> {
    planned(registry, history, direction, target, Policy::default())
}

#[test]
fn an_interrupted_migration_is_resumed_in_its_place_before_pending_ones() {
    let registry = resumable();
    let history = dirty(&registry, "core/1 core/4", 1, Direction::Up);
    assert_eq!(
        run(
            &registry,
            history.clone(),
            Direction::Up,
            &Target::service("tenant")
        ),
        [
            "core/4 dependency",
            "tenant/2",
            "auth/3 dependency",
            "auth/5 dependency",
            "tenant/6"
        ]
    );
    let target = Target::service("tenant");
    let history = History::new(history);
    let plan = plan(
        &registry,
        &history,
        Direction::Up,
        &target,
        Policy::default(),
    );
    let plan = plan.expect("it is no refusal");
    let starts: Vec<Start> = plan.steps.iter().map(|step| step.start).collect();
    assert_eq!(starts[0], Start::Resumed);
    assert!(starts[1..].iter().all(|start| *start == Start::Afresh));
    assert_eq!(plan.notes.len(), 1, "{:?}", plan.notes);
}

#[test]
fn an_interrupted_migration_is_not_out_of_order() {
    let registry = resumable();
    let history = dirty(&registry, "core/1 core/4", 0, Direction::Up);
    assert_eq!(
        run(&registry, history, Direction::Up, &Target::service("core")),
        ["core/1"]
    );
}

#[test]
fn an_interrupted_migration_beyond_the_target_is_refused() {
    let registry = resumable();
    let history = dirty(&registry, "core/1 core/4", 1, Direction::Up);
    let target = Target::service("core").to(version(1));
    assert_eq!(
        run(&registry, history, Direction::Up, &target),
        ["M0404 core/4"]
    );
}

#[test]
fn an_interrupted_migration_counts_as_a_step() {
    let registry = resumable();
    let history = dirty(&registry, "core/1", 0, Direction::Up);
    let target = Target::service("core").steps(steps(1));
    assert_eq!(run(&registry, history, Direction::Up, &target), ["core/1"]);
}

#[test]
fn an_interrupted_up_is_finished_before_the_revert() {
    let registry = resumable();
    let core = Target::service("core");
    let history = dirty(&registry, "core/1", 0, Direction::Up);
    assert_eq!(
        run(&registry, history.clone(), Direction::Down, &core),
        ["M0404 core/1"]
    );
    let history = History::new(history);
    let refused = plan(
        &registry,
        &history,
        Direction::Down,
        &core,
        Policy::default(),
    );
    let conflicts = refused.expect_err("it is dirty");
    let remedy = Remedy::RepairDirty {
        id: find(&registry, "core/1").id(),
        direction: Direction::Up,
        resumable: true,
    };
    assert_eq!(conflicts[0].remedy, remedy);
}

#[test]
fn an_interrupted_down_is_finished_and_then_applied_again() {
    let registry = resumable();
    let core = Target::service("core");
    let history = dirty(&registry, "core/1 core/4", 1, Direction::Down);
    assert_eq!(
        run(&registry, history.clone(), Direction::Up, &core),
        ["core/4", "core/4"]
    );
    let history = History::new(history);
    let plan = plan(&registry, &history, Direction::Up, &core, Policy::default());
    let plan = plan.expect("it is no refusal");
    let steps = plan.steps.iter();
    let steps: Vec<_> = steps.map(|step| (step.direction(), step.start)).collect();
    assert_eq!(
        steps,
        [
            (Direction::Down, Start::Resumed),
            (Direction::Up, Start::Afresh)
        ]
    );
    assert_eq!(plan.notes.len(), 1, "{:?}", plan.notes);
}

#[test]
fn a_changed_or_transactional_script_is_not_resumed() {
    let core = Target::service("core");
    for direction in [Direction::Up, Direction::Down] {
        let registry = resumable();
        let mut history = dirty(&registry, "core/1", 0, direction);
        history[0].checksum = "1".to_owned();
        history[0].fingerprint = None;
        assert_eq!(run(&registry, history, direction, &core), ["M0404 core/1"]);

        let registry = resumable().changed(|data| {
            for migration in &mut data.migrations {
                migration.up.mode = Mode::Transaction;
                migration.down.mode = Mode::Transaction;
            }
        });
        let history = dirty(&registry, "core/1", 0, direction);
        assert_eq!(run(&registry, history, direction, &core), ["M0404 core/1"]);
    }
}
