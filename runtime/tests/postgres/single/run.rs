//! What a run over one connection does, and what it leaves.

use std::num::NonZeroUsize;
use std::time::Duration;

use migrator_runtime::{Direction, Migrator, Options, Stop, Target};

use super::{LOCKS, nothing_is_locked, single};
use crate::support::{
    AT_GATE, Database, Gate, Pooled, Proxy, SESSIONS, TRANSACTIONS, core, done, fault, registry,
    with_events, within,
};

#[tokio::test]
async fn a_run_opens_no_second_connection() {
    let database = Database::new().await;
    let proxy = Proxy::before(&database).await;
    let registry = registry(&[
        ("core", 1, "CREATE TABLE a ();", "DROP TABLE a;"),
        ("tenant", 2, "CREATE TABLE b ();", "DROP TABLE b;"),
        ("auth", 3, "CREATE TABLE c ();", "DROP TABLE c;"),
        (
            "lonely",
            4,
            "-- migrator: no-transaction\nCREATE TABLE d ();",
            "DROP TABLE d;",
        ),
    ]);
    let jobs = NonZeroUsize::new(4).expect("not zero");
    let options = Options::default().jobs(jobs).single_connection();
    let mut migrator = Migrator::with_options(registry, options);
    let mut client = proxy.client().await;
    for _ in 0..2 {
        let up = migrator.up(&mut client, Target::all());
        let report = within("up", up).await.expect("it runs");
        assert_eq!(report.done.len(), 4);
        nothing_is_locked(&database).await;
        let redo = migrator.redo(&mut client, "core");
        within("redo", redo)
            .await
            .expect_err("`tenant` depends on it");
        let redo = migrator.redo(&mut client, "lonely");
        within("redo", redo).await.expect("it runs");
        let down = migrator.down(&mut client, Target::all());
        let report = within("down", down).await.expect("it runs");
        assert_eq!(report.done.len(), 4);
        nothing_is_locked(&database).await;
    }
    assert_eq!(proxy.connections(), 1);
    assert_eq!(database.recorded().await, Vec::<String>::new());
}

#[tokio::test]
async fn steps_of_a_prepared_leg_are_recorded() {
    let database = Database::new().await;
    let ups: Vec<String> = (0..12).map(|n| format!("CREATE TABLE t{n} ();")).collect();
    let ups: Vec<&str> = ups.iter().map(String::as_str).collect();
    let report = database.up_with(single(core(&ups)), Target::all()).await;
    assert_eq!(report.expect("it runs").done.len(), 12);
    assert_eq!(database.events().await.len(), 12);
    nothing_is_locked(&database).await;
}

#[tokio::test]
async fn a_failed_run_releases_its_locks_and_the_next_one_continues() {
    let database = Database::new().await;
    let mut client = database.client().await;
    for broken in [
        "SELECT 1/0;",
        "-- migrator: no-transaction\nBEGIN;\nSELECT 1/0;\nCOMMIT;",
    ] {
        let mut migrator = single(core(&["CREATE TABLE IF NOT EXISTS a ();", broken]));
        let outcome = within("up", migrator.up(&mut client, Target::all())).await;
        let fault = fault(outcome);
        assert_eq!(fault.sqlstate.as_deref(), Some("22012"), "{fault}");
        nothing_is_locked(&database).await;
        let mut migrator = single(core(&["CREATE TABLE IF NOT EXISTS a ();"]));
        if database.recorded().await.len() == 1 {
            let down = migrator.down(&mut client, Target::all());
            within("down", down).await.expect("it is reverted");
        }
    }
}

#[tokio::test]
async fn a_step_that_waits_for_a_table_is_tried_again() {
    let database = Database::new().await;
    database.run("CREATE TABLE a ()").await;
    let blocker = database.session().await;
    let begin = "BEGIN; LOCK TABLE a";
    blocker.batch_execute(begin).await.expect("it is locked");
    let options = Options::default()
        .lock_timeout(Duration::from_millis(50))
        .tries(1_000)
        .single_connection();
    let registry = core(&["CREATE TABLE b ();", "ALTER TABLE a ADD x int;"]);
    let (migrator, mut events) = with_events(registry, options);
    let run = tokio::spawn({
        let database = database.clone();
        async move { database.up_with(migrator, Target::all()).await }
    });
    events.next("retrying").await;
    blocker.batch_execute("COMMIT").await.expect("it is free");
    let report = within("the run", run).await.expect("no panic");
    assert_eq!(done(&report.expect("it runs")), ["core/1", "core/2"]);
    nothing_is_locked(&database).await;
}

#[tokio::test]
async fn a_dropped_run_releases_its_locks() {
    let database = Database::new().await;
    let gate = Gate::closed(&database).await;
    let mut client = database.client().await;
    let mut migrator = single(core(&["CREATE TABLE a ();", AT_GATE]));
    tokio::select! {
        _ = migrator.up(&mut client, Target::all()) => panic!("it waits"),
        _ = gate.reached() => {}
    }
    // The gate itself is one.
    database.until(LOCKS, "1").await;
    gate.open().await;
    client.reconnect().await.expect("the server is there");
    let up = migrator.up(&mut client, Target::all());
    within("up", up).await.expect("it runs");
}

#[tokio::test]
async fn a_stopped_run_releases_its_locks_and_keeps_its_session() {
    let database = Database::new().await;
    let gate = Gate::closed(&database).await;
    let stop = Stop::new();
    let mut migrator = single(core(&["CREATE TABLE a ();", AT_GATE])).stopped_by(&stop);
    let mut client = database.client().await;
    let run = migrator.up(&mut client, Target::all());
    let error = gate.stopped(&stop, run).await;
    assert_eq!(done(&error.report), ["core/1"]);
    database.until(LOCKS, "1").await;
    let answer = client.postgres().simple_query("SELECT 1").await;
    answer.expect("the session lives");
}

#[tokio::test]
async fn the_next_run_continues_after_a_client_that_died() {
    let database = Database::new().await;
    let gate = Gate::closed(&database).await;
    let registry = core(&["CREATE TABLE a ();", AT_GATE]);
    database.dying(single(registry), gate.reached()).await;
    gate.open().await;
    let report = database.up_with(single(registry), Target::all()).await;
    report.expect("it runs");
    assert_eq!(database.recorded().await, ["core/1", "core/2"]);
    nothing_is_locked(&database).await;
}

#[tokio::test]
async fn a_run_whose_session_ends_applies_nothing_more() {
    let database = Database::new().await;
    let gate = Gate::closed(&database).await;
    let registry = core(&["CREATE TABLE a ();", AT_GATE, "CREATE TABLE b ();"]);
    let run = tokio::spawn({
        let database = database.clone();
        async move { database.up_with(single(registry), Target::all()).await }
    });
    let pid = gate.reached().await;
    database
        .value(&format!("SELECT pg_terminate_backend({pid})"))
        .await;
    let outcome = within("the run", run).await.expect("no panic");
    let error = outcome.expect_err("its session has ended");
    assert_eq!(done(&error.report), ["core/1"]);
    gate.open().await;
    assert_eq!(database.recorded().await, ["core/1"]);
    nothing_is_locked(&database).await;
}

#[tokio::test]
async fn a_run_that_slept_while_its_session_ended_is_refused() {
    let database = Database::new().await;
    let gate = Gate::closed(&database).await;
    let registry = core(&[AT_GATE, "CREATE TABLE b ();"]);
    let reached = async { drop(gate.reached().await) };
    let asleep = database
        .asleep(single(registry), Direction::Up, reached)
        .await;
    let pid = gate.reached().await;
    database
        .value(&format!("SELECT pg_terminate_backend({pid})"))
        .await;
    let error = asleep.wake().await.expect_err("its session has ended");
    assert_eq!(done(&error.report), Vec::<String>::new());
    gate.open().await;
    let report = database.up_with(single(registry), Target::all()).await;
    assert_eq!(done(&report.expect("it runs")), ["core/1", "core/2"]);
}

#[tokio::test]
async fn a_pool_of_one_connection_is_enough() {
    for settings in [SESSIONS, TRANSACTIONS] {
        let Some(pooled) = Pooled::new(settings).await else {
            return;
        };
        let registry = core(&[
            "CREATE TABLE a ();",
            "-- migrator: no-transaction\nCREATE INDEX CONCURRENTLY i ON a ((1));",
            "CREATE TABLE b ();",
        ]);
        let report = pooled
            .through
            .up_with(single(registry), Target::all())
            .await;
        assert_eq!(report.expect("it runs").done.len(), 3, "{settings}");
        let report = pooled
            .through
            .down_with(single(registry), Target::all())
            .await;
        assert_eq!(report.expect("it runs").done.len(), 3, "{settings}");
        nothing_is_locked(&pooled.direct).await;
    }
}

#[tokio::test]
async fn a_pooler_that_replaces_the_session_ends_the_run() {
    let settings = "pool_mode = transaction\ndefault_pool_size = 2\nadmin_users = postgres";
    let Some(pooled) = Pooled::new(settings).await else {
        return;
    };
    let gate = Gate::closed(&pooled.direct).await;
    let script = format!("-- migrator: no-transaction\n{AT_GATE}\nCREATE TABLE a ();");
    let registry = core(&[&script]);
    let through = pooled.through.clone();
    let run = tokio::spawn(async move { through.up_with(single(registry), Target::all()).await });
    gate.reached().await;
    let second = pooled.through.session().await;
    second.batch_execute("BEGIN").await.expect("it is free");
    // When the statement at the gate ends, this client gets the session of the run.
    let third = pooled.through.session().await;
    let waiting = tokio::spawn(async move {
        third.batch_execute("BEGIN").await.expect("it is free");
        third
    });
    pooled.until_a_client_waits().await;
    gate.open().await;
    let third = within("the session of the run", waiting)
        .await
        .expect("no panic");
    second.batch_execute("COMMIT").await.expect("it ends");
    let fault = fault(within("the run", run).await.expect("no panic"));
    assert_eq!(fault.code.to_string(), "M0528");
    assert!(fault.message.contains("a pooler has replaced"), "{fault}");
    third
        .batch_execute("COMMIT")
        .await
        .expect("nobody has ended its session");
    assert_eq!(pooled.direct.value("SELECT to_regclass('a')").await, "NULL");
}
