//! Runs that are stopped.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use migrator_runtime::model::MigrationId;
use migrator_runtime::{
    Direction, Error, ErrorKind, Event, InterruptedStep, Left, Migrator, Options, Outcome,
    Registry, Remedy, Stop, Stopped, Target,
};

use super::support::{
    AT_GATE, Database, Gate, core, done, registry, rows, stem, telling, version, within,
};

/// The part that the stop interrupted, as far as the error says.
fn cut(error: &Error) -> Vec<InterruptedStep> {
    let ErrorKind::Stopped(Stopped { interrupted }) = &*error.kind else {
        panic!("{error:?}")
    };
    assert_eq!(error.code().to_string(), "M0518");
    interrupted.clone()
}

fn one(number: i64, left: Left) -> Vec<InterruptedStep> {
    let file = stem("core", number);
    let (_, name) = file.split_once('_').expect("a version and a name");
    let step = MigrationId::recorded("core", version(number), name);
    vec![InterruptedStep { step, left }]
}

/// Asserts that at the server only the sessions of observers remain.
async fn nothing_goes_on(database: &Database) {
    let locks = "SELECT count(*) FROM pg_locks l JOIN pg_database d ON d.oid = l.database \
                 WHERE l.locktype = 'advisory' AND d.datname = current_database()";
    database.until(locks, "0").await;
    let active = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() \
                  AND pid <> pg_backend_pid() AND backend_type = 'client backend' \
                  AND state <> 'idle'";
    database.until(active, "0").await;
}

/// Waits until a statement sleeps.
async fn asleep(database: &Database) {
    let sleeping = "SELECT 1 FROM pg_stat_activity \
                    WHERE datname = current_database() AND wait_event = 'PgSleep' LIMIT 1";
    database.until(sleeping, "1").await;
}

#[tokio::test]
async fn a_stop_cancels_the_statement_and_rolls_its_step_back() {
    let database = Database::new().await;
    let scripts = |second| {
        core(&[
            "CREATE TABLE a ();",
            second,
            "CREATE TABLE c ();",
            "CREATE TABLE d ();",
        ])
    };
    let registry = scripts("CREATE TABLE b (); SELECT pg_sleep(60);");
    let mut migrator = Migrator::new(registry);
    let stop = migrator.stop();
    let mut client = database.client().await;
    let stopper = async {
        asleep(&database).await;
        stop.stop();
    };
    let (outcome, ()) = tokio::join!(migrator.up(&mut client, Target::all()), stopper);
    let error = outcome.expect_err("it was stopped");
    assert_eq!(cut(&error), one(2, Left::Nothing));
    assert_eq!(
        error.to_string(),
        format!(
            "the run was stopped in the middle of `core/{}`",
            stem("core", 2)
        )
    );
    assert_eq!(done(&error.report), ["core/1"]);
    assert_eq!(rows(client.postgres(), "SELECT 7").await, ["7"]);
    nothing_goes_on(&database).await;
    assert_eq!(database.recorded().await, ["core/1"]);
    let tables = "SELECT string_agg(relname, '' ORDER BY relname) FROM pg_class \
                  WHERE relnamespace = 'public'::regnamespace";
    assert_eq!(database.value(tables).await, "a");
    assert_eq!(database.events().await, ["apply core/1", "failure core/2"]);
    // The stop is permanent for this migrator; another migrator finishes the work.
    let again = within("up", migrator.up(&mut client, Target::all())).await;
    assert_eq!(cut(&again.expect_err("it is stopped")), []);
    let mut migrator = Migrator::new(scripts("CREATE TABLE b ();"));
    let report = within("up", migrator.up(&mut client, Target::all())).await;
    assert_eq!(
        done(&report.expect("it runs")),
        ["core/2", "core/3", "core/4"]
    );
    assert_eq!(database.value(tables).await, "abcd");
}

#[tokio::test]
async fn a_run_that_waits_for_the_lock_stops_at_once() {
    let database = Database::new().await;
    let gate = Gate::closed(&database).await;
    let registry = core(&[AT_GATE]);
    let first = tokio::spawn({
        let database = database.clone();
        async move { database.up(registry).await }
    });
    gate.reached().await;
    let (migrator, mut told) = telling(registry, Options::default());
    let stop = migrator.stop();
    let second = tokio::spawn({
        let database = database.clone();
        async move { database.up_with(migrator, Target::all()).await }
    });
    told.next("waiting").await;
    stop.stop();
    let second = within("the second", second).await.expect("no panic");
    let error = second.expect_err("it was stopped");
    assert_eq!((cut(&error), done(&error.report)), (vec![], vec![]));
    assert_eq!(error.to_string(), "the run was stopped");
    gate.open().await;
    within("the first", first)
        .await
        .expect("no panic")
        .expect("it runs");
    nothing_goes_on(&database).await;
}

#[tokio::test]
async fn a_run_between_two_tries_of_a_step_stops_at_once() {
    let database = Database::new().await;
    let registry = core(&["CREATE TABLE a ();", "LOCK TABLE a;", "CREATE TABLE c ();"]);
    let first = Migrator::new(registry);
    let target = Target::all().steps(std::num::NonZeroUsize::MIN);
    database.up_with(first, target).await.expect("it runs");
    let other = database.session().await;
    let held = other.batch_execute("BEGIN; LOCK TABLE a IN ROW EXCLUSIVE MODE");
    held.await.expect("nobody else has it");
    let options = Options::default()
        .lock_timeout(Duration::from_millis(50))
        .tries(u32::MAX);
    let (migrator, mut told) = telling(registry, options);
    let stop = migrator.stop();
    let run = tokio::spawn({
        let database = database.clone();
        async move { database.up_with(migrator, Target::all()).await }
    });
    // The pauses double: the third is long enough to be hit.
    for _ in 0..3 {
        told.next("retrying").await;
    }
    stop.stop();
    let run = within("the run", run).await.expect("no panic");
    let error = run.expect_err("it was stopped");
    assert_eq!(cut(&error), one(2, Left::Nothing));
    assert_eq!(database.recorded().await, ["core/1"]);
    drop(other);
    nothing_goes_on(&database).await;
    database.up(registry).await.expect("it goes on");
}

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

#[tokio::test]
async fn a_service_that_waits_to_be_current_stops_at_once() {
    let database = Database::new().await;
    let migrator = Migrator::new(core(&["CREATE TABLE a ();"]));
    let stop = migrator.stop();
    let (target, timeout) = (Target::all(), Duration::from_secs(3600));
    let mut client = database.client().await;
    let waiting = migrator.wait_until_current(&mut client, &target, timeout);
    let stopper = async {
        let looked = "SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%history%' \
                      AND datname = current_database() AND pid <> pg_backend_pid()";
        database.until(looked, "1").await;
        stop.stop();
    };
    let (outcome, ()) = within("the wait", async { tokio::join!(waiting, stopper) }).await;
    assert_eq!(cut(&outcome.expect_err("it was stopped")), []);
    assert_eq!(rows(client.postgres(), "SELECT 7").await, ["7"]);
}

#[tokio::test]
async fn a_run_that_waits_for_a_locked_history_stops_at_once() {
    let database = Database::new().await;
    let registry = core(&["CREATE TABLE a ();"]);
    database.up(registry).await.expect("it runs");
    let other = database.session().await;
    let lock = "BEGIN; LOCK TABLE migrator.history";
    other.batch_execute(lock).await.expect("nobody has it");
    let mut migrator = Migrator::new(registry);
    let stop = migrator.stop();
    let mut client = database.client().await;
    let stopper = async {
        let waiting = "SELECT count(*) FROM pg_locks l JOIN pg_database d ON d.oid = l.database \
                       WHERE NOT l.granted AND d.datname = current_database()";
        database.until(waiting, "1").await;
        stop.stop();
    };
    let run = async { tokio::join!(migrator.up(&mut client, Target::all()), stopper) };
    let (outcome, ()) = within("the run", run).await;
    assert_eq!(cut(&outcome.expect_err("it was stopped")), []);
    assert_eq!(rows(client.postgres(), "SELECT 7").await, ["7"]);
}

/// 40 migrations that each create a table.
fn forty() -> &'static Registry {
    let scripts: Vec<String> = (1..=40).map(|n| format!("CREATE TABLE t{n} ();")).collect();
    let scripts: Vec<&str> = scripts.iter().map(String::as_str).collect();
    core(&scripts)
}

#[tokio::test]
async fn after_a_stop_at_any_moment_report_history_and_schema_agree() {
    let database = Database::new().await;
    let registry = forty();
    let mut client = database.client().await;
    let mut before = 0;
    // Each event in turn stops the run, so that each test stops it at another moment.
    for at in 1.. {
        assert!(at < 500, "a run comes to its end");
        let stop = Stop::new();
        let told = Arc::new(AtomicUsize::new(0));
        let by = stop.clone();
        let listener = move |_: &Event<'_>| {
            if told.fetch_add(1, Ordering::Relaxed) == at % 7 {
                by.stop();
            }
        };
        let mut migrator = Migrator::new(registry).stopped_by(&stop).on_event(listener);
        let outcome = within("up", migrator.up(&mut client, Target::all())).await;
        // No request to cancel may hit the caller's next statement.
        for _ in 0..3 {
            assert_eq!(rows(client.postgres(), "SELECT 7").await, ["7"]);
        }
        let (report, is_done) = match outcome {
            Ok(report) => (report, true),
            Err(error) => {
                drop(cut(&error));
                (error.report, false)
            }
        };
        let after = before + report.done.len();
        let (recorded, tables) = (
            "SELECT count(*), coalesce(max(version) % 1000, 0) FROM migrator.core_history",
            "SELECT count(*) FROM pg_class WHERE relnamespace = 'public'::regnamespace",
        );
        assert_eq!(database.value(recorded).await, format!("{after}|{after}"));
        assert_eq!(database.value(tables).await, after.to_string());
        before = after;
        if is_done && after == 40 {
            break;
        }
    }
    nothing_goes_on(&database).await;
}

/// Two independent services, each with a script that sleeps.
fn two_sleepers() -> &'static Registry {
    registry(&[
        ("core", 1, "SELECT pg_sleep(60);", "SELECT 1;"),
        ("core", 2, "CREATE TABLE a ();", "SELECT 1;"),
        ("lonely", 3, "SELECT pg_sleep(60);", "SELECT 1;"),
        ("lonely", 4, "CREATE TABLE b ();", "SELECT 1;"),
    ])
}

const SLEEPERS: &str = "SELECT count(*) FROM pg_stat_activity \
                        WHERE datname = current_database() AND wait_event = 'PgSleep'";

#[tokio::test]
async fn services_side_by_side_are_all_stopped() {
    let database = Database::new().await;
    let options = Options::default().jobs(std::num::NonZeroUsize::new(4).expect("not zero"));
    let mut migrator = Migrator::with_options(two_sleepers(), options);
    let stop = migrator.stop();
    let mut client = database.client().await;
    let stopper = async {
        database.until(SLEEPERS, "2").await;
        stop.stop();
    };
    let run = async { tokio::join!(migrator.up(&mut client, Target::all()), stopper) };
    let (outcome, ()) = within("the run", run).await;
    let cut = cut(&outcome.expect_err("it was stopped"));
    let steps: Vec<String> = cut.iter().map(|cut| cut.step.to_string()).collect();
    let expected = [("core", 1), ("lonely", 3)];
    let expected = expected.map(|(service, number)| format!("{service}/{}", stem(service, number)));
    assert_eq!(steps, expected);
    nothing_goes_on(&database).await;
    assert_eq!(database.recorded().await, [""; 0]);
}

#[tokio::test]
async fn a_run_that_is_dropped_leaves_nothing_running_and_no_lock() {
    for jobs in [1, 4] {
        let database = Database::new().await;
        let options = Options::default().jobs(std::num::NonZeroUsize::new(jobs).expect("not zero"));
        let mut migrator = Migrator::with_options(two_sleepers(), options);
        let mut client = database.client().await;
        tokio::select! {
            _ = migrator.up(&mut client, Target::all()) => panic!("it sleeps"),
            () = asleep(&database) => {}
        }
        // The client's session ends with the run, and can be opened again.
        nothing_goes_on(&database).await;
        let closed = async { while client.postgres().batch_execute("").await.is_ok() {} };
        within("the end of the session", closed).await;
        assert_eq!(database.recorded().await, [""; 0]);
        client.reconnect().await.expect("the server is there");
        assert_eq!(rows(client.postgres(), "SELECT 7").await, ["7"]);
    }
}

#[tokio::test]
async fn a_script_that_ignores_a_cancel_has_an_unknown_outcome() {
    let database = Database::new().await;
    let deaf = "DO $$ BEGIN LOOP BEGIN PERFORM pg_sleep(60); \
                EXCEPTION WHEN query_canceled THEN NULL; END; END LOOP; END $$;";
    let mut migrator = Migrator::new(core(&["CREATE TABLE a ();", deaf]));
    let stop = migrator.stop();
    let mut client = database.client().await;
    let stopper = async {
        asleep(&database).await;
        stop.stop();
    };
    let run = async { tokio::join!(migrator.up(&mut client, Target::all()), stopper) };
    let (outcome, ()) = within("the run", run).await;
    let error = outcome.expect_err("it was stopped");
    assert_eq!(cut(&error), one(2, Left::Unknown));
    assert_eq!(error.remedy(), Remedy::ReadUncancelled);
    assert_eq!(done(&error.report), ["core/1"]);
    let end = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
               WHERE datname = current_database() AND wait_event = 'PgSleep'";
    assert_eq!(database.value(end).await, "t");
    nothing_goes_on(&database).await;
    client.reconnect().await.expect("the server is there");
    assert_eq!(database.recorded().await, ["core/1"]);
}

/// Stops a run while the last record of `core/1` waits for a lock.
async fn stopped_at_its_record(
    database: &Database,
    gate: Gate,
    registry: &'static Registry,
    direction: Direction,
) -> Error {
    let (mut migrator, mut told) = telling(registry, Options::default());
    let stop = migrator.stop();
    let mut client = database.client().await;
    let session = database.session().await;
    let stopper = async {
        gate.reached().await;
        let lock = "SET application_name = 'dump'; BEGIN; \
                    LOCK TABLE migrator.core_history IN SHARE MODE";
        session.batch_execute(lock).await.expect("it is free");
        gate.open().await;
        told.next("held behind `dump`").await;
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
        let said = error.to_string();
        assert!(
            said.contains("stopped before it had recorded `core/"),
            "{said}"
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
    let (mut migrator, mut told) = telling(registry, Options::default());
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
        told.next("held behind `dump`").await;
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
