//! An interrupted down script, and `down` after an interrupted up script.

use migrator_runtime::plan::Remedy;
use migrator_runtime::{Direction, Left, Migrator, Options, Target};

use super::{BUILD, VALID, WAITING, half_way, resumed, table, terminated, writer};
use crate::support::{Script, core, done, registry, version, with_events, within};

/// A migration that creates the index and drops it.
fn both_ways(up: &str, down: &str) -> &'static migrator_runtime::Registry {
    let scripts: [Script<'_>; 1] = [("core", 1, up, down)];
    registry(&scripts)
}

#[tokio::test]
async fn an_index_left_half_dropped_is_dropped_by_the_next_down() {
    let database = table().await;
    let registry = both_ways(
        BUILD,
        "-- migrator: no-transaction\nDROP INDEX CONCURRENTLY public.i;",
    );
    database.up(registry).await.expect("it runs");
    let writer = writer(&database).await;
    let running = half_way(&database, Migrator::new(registry), Direction::Down).await;
    assert_eq!(terminated(&database, running).await, Left::Resumable);
    assert_eq!(database.recorded().await, ["core/1 dirty down"]);
    assert_eq!(database.value(VALID).await, "false");
    writer.batch_execute("COMMIT").await.expect("it commits");
    let report = database.down(registry).await.expect("it is taken up");
    assert_eq!(done(&report), ["core/1"]);
    assert_eq!(database.value(VALID).await, "NULL");
    assert!(database.recorded().await.is_empty());
}

#[tokio::test]
async fn an_interrupted_revert_is_finished_by_up_and_applied_again() {
    let database = table().await;
    let down = "-- migrator: no-transaction\nDROP INDEX CONCURRENTLY public.i;";
    let registry = both_ways(BUILD, down);
    database.up(registry).await.expect("it runs");
    let blocking = writer(&database).await;
    let running = half_way(&database, Migrator::new(registry), Direction::Down).await;
    assert_eq!(terminated(&database, running).await, Left::Resumable);
    blocking.batch_execute("COMMIT").await.expect("it commits");
    let report = database.up(registry).await.expect("it is taken up");
    let steps: Vec<_> = report.done.iter().map(|done| done.direction).collect();
    assert_eq!(steps, [Direction::Down, Direction::Up]);
    assert_eq!(database.recorded().await, ["core/1"]);
    assert_eq!(database.value(VALID).await, "true");
    let events = ["apply", "revert", "apply"];
    assert_eq!(
        database.events().await,
        events.map(|kind| format!("{kind} core/1"))
    );
    // The same while the server still executes the statement of the dead run.
    let blocking = writer(&database).await;
    let waits = database.until(WAITING, "1");
    let asleep = database.asleep(Migrator::new(registry), Direction::Down, waits);
    let asleep = asleep.await;
    database.end_locks().await;
    let (migrator, mut events) = with_events(registry, Options::default());
    let up = tokio::spawn({
        let database = database.clone();
        async move { database.up_with(migrator, Target::all()).await }
    });
    events.next("still").await;
    blocking.batch_execute("COMMIT").await.expect("it commits");
    let report = within("the run", up).await.expect("no panic");
    assert_eq!(done(&report.expect("it is taken up")), ["core/1", "core/1"]);
    assert_eq!(database.recorded().await, ["core/1"]);
    assert_eq!(database.value(VALID).await, "true");
    assert!(asleep.wake().await.is_err());
    assert_eq!(database.recorded().await, ["core/1"]);
}

#[tokio::test]
async fn down_names_the_command_that_resumes_an_interrupted_up() {
    let database = table().await;
    let down = "-- migrator: no-transaction\nDROP INDEX CONCURRENTLY i;";
    let registry = registry(&[
        ("core", 1, BUILD, down),
        ("core", 2, "SELECT 1;", "SELECT 1;"),
    ]);
    let blocking = writer(&database).await;
    let running = half_way(&database, Migrator::new(registry), Direction::Up).await;
    assert_eq!(terminated(&database, running).await, Left::Resumable);
    blocking.batch_execute("COMMIT").await.expect("it commits");
    let error = database.down(registry).await.expect_err("it is dirty");
    assert_eq!(error.code().to_string(), "M0404");
    let remedy = Remedy::RepairDirty {
        id: registry.get(0).expect("it has one").id(),
        direction: Direction::Up,
        resumable: true,
    };
    assert_eq!(error.conflicts()[0].remedy, remedy);
    let target = Target::service("core").to(version(1));
    let report = database.up_with(Migrator::new(registry), target).await;
    assert_eq!(done(&report.expect("it is taken up")), ["core/1"]);
    let report = database.down(registry).await.expect("it runs");
    assert_eq!(done(&report), ["core/1"]);
    assert_eq!(database.value(VALID).await, "NULL");
}

#[tokio::test]
async fn a_dropped_index_is_not_dropped_again() {
    let database = table().await;
    let registry = both_ways(
        BUILD,
        "-- migrator: no-transaction\nDROP INDEX CONCURRENTLY i;",
    );
    database.up(registry).await.expect("it runs");
    database
        .run("UPDATE migrator.core_history SET dirty = 'down'; DROP INDEX i")
        .await;
    let (migrator, events) = with_events(registry, Options::default());
    let report = database.down_with(migrator, Target::all()).await;
    assert_eq!(done(&report.expect("it is taken up")), ["core/1"]);
    assert_eq!(
        resumed(&events),
        ["the index `i` is gone: it is not dropped again"]
    );
    assert!(database.recorded().await.is_empty());
}

#[tokio::test]
async fn an_index_that_never_existed_does_not_count_as_dropped() {
    let database = table().await;
    let registry = core(&["-- migrator: no-transaction\nDROP INDEX CONCURRENTLY typo;"]);
    for _ in 0..3 {
        let fault = database.fault(registry).await;
        assert_eq!(fault.sqlstate.as_deref(), Some("42704"), "{fault}");
    }
    assert_eq!(database.recorded().await, ["core/1 dirty up"]);
}
