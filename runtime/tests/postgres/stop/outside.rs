//! A stop of a step outside a transaction.

use migrator_runtime::{
    Direction, Error, Left, Migrator, Options, Outcome, Registry, Remedy, Target,
};

use super::{asleep, cut, nothing_goes_on, one};
use crate::support::{AT_GATE, Database, Gate, core, done, registry, version, with_events, within};

#[tokio::test]
async fn a_step_outside_a_transaction_that_is_stopped_is_dirty() {
    let database = Database::new().await;
    let registry = core(&[
        "CREATE TABLE a ();",
        "-- migrator: no-transaction\nCREATE TABLE b ();\nSELECT pg_sleep(60);\nCREATE TABLE c ();",
        "CREATE TABLE d ();",
    ]);
    let mut migrator = Migrator::new(registry);
    let stop = migrator.stop();
    let mut client = database.client().await;
    let stopper = async {
        asleep(&database).await;
        stop.stop();
    };
    let (outcome, ()) = tokio::join!(migrator.up(&mut client, Target::all()), stopper);
    let error = outcome.expect_err("it was stopped");
    assert_eq!(cut(&error), one(2, Left::Dirty));
    assert_eq!(error.remedy(), Remedy::RecordInterrupted);
    assert_eq!(done(&error.report), ["core/1"]);
    nothing_goes_on(&database).await;
    assert_eq!(database.recorded().await, ["core/1", "core/2 dirty up"]);
    let tables = "SELECT to_regclass('b') IS NOT NULL, to_regclass('c') IS NULL";
    assert_eq!(database.value(tables).await, "t|t");
    let repaired = database.repair(registry, 2, Outcome::Applied).await;
    repaired.expect("it is dirty");
    assert_eq!(
        done(&database.up(registry).await.expect("it goes on")),
        ["core/3"]
    );
}

/// Stops a run while the last record of `core/1` waits for a lock.
async fn stopped_at_its_record(
    database: &Database,
    gate: Gate,
    registry: &'static Registry,
    direction: Direction,
) -> Error {
    let (mut migrator, mut events) = with_events(registry, Options::default());
    let stop = migrator.stop();
    let mut client = database.client().await;
    let session = database.session().await;
    let stopper = async {
        gate.reached().await;
        let lock = "SET application_name = 'dump'; BEGIN; \
                    LOCK TABLE migrator.core_history IN SHARE MODE";
        session.batch_execute(lock).await.expect("it is free");
        gate.open().await;
        events.next("held behind `dump`").await;
        stop.stop();
    };
    let run = async {
        match direction {
            Direction::Up => migrator.up(&mut client, Target::all()).await,
            Direction::Down => migrator.down(&mut client, Target::all()).await,
        }
    };
    let (outcome, ()) = within("the run", async { tokio::join!(run, stopper) }).await;
    session.batch_execute("ROLLBACK").await.expect("it ends");
    outcome.expect_err("it was stopped")
}

#[tokio::test]
async fn a_script_that_ran_completely_lacks_only_its_record() {
    let outside = format!("-- migrator: no-transaction\n{AT_GATE}");
    for (direction, record) in [
        (Direction::Up, "add it as applied with `Migrator::repair`"),
        (
            Direction::Down,
            "add it as reverted with `Migrator::repair`",
        ),
    ] {
        let database = Database::new().await;
        let registry = match direction {
            Direction::Up => registry(&[("core", 1, &outside, "SELECT 1;")]),
            Direction::Down => registry(&[("core", 1, "SELECT 1;", &outside)]),
        };
        if direction == Direction::Down {
            database.up(registry).await.expect("it runs");
        }
        let gate = Gate::closed(&database).await;
        let stopped = Box::pin(stopped_at_its_record(&database, gate, registry, direction));
        let error = stopped.await;
        let is_resumable = false;
        let left = Left::Unrecorded {
            direction,
            is_resumable,
        };
        assert_eq!(cut(&error), one(1, left));
        let message = error.to_string();
        assert!(
            message.contains("stopped before it had recorded `core/"),
            "{message}"
        );
        let help = error.help();
        assert!(
            help.starts_with("every statement of the script ran"),
            "{help}"
        );
        assert!(
            help.contains(record) && !help.contains("Migrator::up"),
            "{help}"
        );
        nothing_goes_on(&database).await;
        // The statements in the help work.
        let outcome = match direction {
            Direction::Up => Outcome::Applied,
            Direction::Down => Outcome::Reverted,
        };
        let mut client = database.client().await;
        let mut migrator = Migrator::new(registry);
        let repaired = migrator.repair(&mut client, "core", version(1), outcome);
        within("repair", repaired).await.expect("it is dirty");
        let recorded: &[&str] = match direction {
            Direction::Up => &["core/1"],
            Direction::Down => &[],
        };
        assert_eq!(database.recorded().await, recorded);
    }
}

#[tokio::test]
async fn the_next_run_records_a_resumable_script_that_lacks_only_its_record() {
    let database = Database::new().await;
    database.run("CREATE TABLE plans (id int)").await;
    let script = "-- migrator: no-transaction\nCREATE INDEX CONCURRENTLY i ON plans (id);";
    let registry = core(&[script]);
    // The index waits for this session, and its record for the other one.
    let writer = database.session().await;
    let write = "BEGIN; LOCK TABLE plans IN ROW EXCLUSIVE MODE";
    writer.batch_execute(write).await.expect("it is free");
    let (mut migrator, mut events) = with_events(registry, Options::default());
    let stop = migrator.stop();
    let mut client = database.client().await;
    let keeper = database.session().await;
    let stopper = async {
        let waiting = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() \
                       AND wait_event_type = 'Lock' AND query LIKE 'CREATE INDEX%'";
        database.until(waiting, "1").await;
        let lock = "SET application_name = 'dump'; SET deadlock_timeout = '1h'; BEGIN; \
                    LOCK TABLE migrator.core_history IN SHARE MODE";
        keeper.batch_execute(lock).await.expect("it is free");
        writer.batch_execute("COMMIT").await.expect("it ends");
        events.next("held behind `dump`").await;
        stop.stop();
    };
    let run = migrator.up(&mut client, Target::all());
    let (outcome, ()) = within("the run", async { tokio::join!(run, stopper) }).await;
    let error = outcome.expect_err("it was stopped");
    keeper.batch_execute("ROLLBACK").await.expect("it ends");
    let left = Left::Unrecorded {
        direction: Direction::Up,
        is_resumable: true,
    };
    assert_eq!(cut(&error), one(1, left));
    let help = error.help();
    assert!(
        help.contains("run `Migrator::up`, which adds the record"),
        "{help}"
    );
    let report = database.up(registry).await.expect("it is resumed");
    assert_eq!(done(&report), ["core/1"]);
    assert_eq!(database.recorded().await, ["core/1"]);
}
