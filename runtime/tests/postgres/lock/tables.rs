//! Locks of tables that a script needs.

use std::time::Duration;

use migrator_runtime::{Left, Options, Target};

use crate::support::{AT_GATE, Database, Gate, core, done, fault, with_events, within};

#[tokio::test]
async fn a_script_that_fails_at_a_lock_is_tried_again_until_it_succeeds() {
    let database = Database::new().await;
    database.run("CREATE TABLE a ()").await;
    let blocker = database.session().await;
    let lock = "BEGIN; LOCK TABLE a IN ACCESS EXCLUSIVE MODE";
    blocker
        .batch_execute(lock)
        .await
        .expect("nobody else has it");
    let options = Options::default().lock_timeout(Duration::from_millis(20));
    let (migrator, mut events) = with_events(core(&["ALTER TABLE a ADD x int;"]), options);
    let run = tokio::spawn({
        let database = database.clone();
        async move { database.up_with(migrator, Target::all()).await }
    });
    let retrying = events.next("retrying").await;
    let why = "retrying canceling statement due to lock timeout";
    assert!(retrying.starts_with(why), "{retrying}");
    events.next("retrying").await;
    blocker.batch_execute("COMMIT").await.expect("it ends");
    let report = within("the run", run)
        .await
        .expect("no panic")
        .expect("it succeeds");
    assert_eq!(done(&report), ["core/1"]);
    assert_eq!(database.events().await, ["apply core/1"]);
}

#[tokio::test]
async fn a_table_that_stays_locked_is_named_in_the_error() {
    let database = Database::new().await;
    database.run("CREATE TABLE a ()").await;
    let blocker = database.session().await;
    let lock = "BEGIN; LOCK TABLE a IN ACCESS EXCLUSIVE MODE";
    blocker
        .batch_execute(lock)
        .await
        .expect("nobody else has it");
    let options = Options::default()
        .lock_timeout(Duration::from_millis(10))
        .tries(2);
    let script = "SELECT 1;\nALTER TABLE a ADD x int;";
    let (migrator, events) = with_events(core(&[script]), options);
    let error = database
        .up_with(migrator, Target::all())
        .await
        .expect_err("it stays locked");
    assert!(
        error.help().contains("another session holds a lock"),
        "{}",
        error.help()
    );
    let fault = fault(Err(error));
    assert_eq!(fault.sqlstate.as_deref(), Some("55P03"));
    assert_eq!(fault.left, Left::Nothing);
    assert_eq!(fault.line.as_deref(), Some("ALTER TABLE a ADD x int;"));
    let all = events.all.lock().expect("nobody panics").clone();
    assert_eq!(
        all.iter()
            .filter(|event| event.starts_with("retrying"))
            .count(),
        1
    );
    assert_eq!(database.events().await, ["failure core/1"]);
}

#[tokio::test]
async fn a_deadlock_is_tried_again() {
    let database = Database::new().await;
    database.run("CREATE TABLE a (); CREATE TABLE b ()").await;
    let blocker = database.session().await;
    let lock = "SET deadlock_timeout = '1min'; BEGIN; LOCK TABLE b";
    blocker
        .batch_execute(lock)
        .await
        .expect("nobody else has it");
    let gate = Gate::closed(&database).await;
    let script = format!(
        "SET LOCAL deadlock_timeout = '1ms'; SET LOCAL lock_timeout = 0; LOCK TABLE a; {AT_GATE} \
         LOCK TABLE b;"
    );
    let (migrator, mut events) = with_events(core(&[&script]), Options::default());
    let run = tokio::spawn({
        let database = database.clone();
        async move { database.up_with(migrator, Target::all()).await }
    });
    gate.reached().await;
    // It holds `a` and will wait for `b`; the other script does the reverse.
    let blocker = tokio::spawn(async move { blocker.batch_execute("LOCK TABLE a; COMMIT").await });
    let waits = "SELECT count(*) FROM pg_locks WHERE NOT granted AND relation = 'a'::regclass";
    database.until(waits, "1").await;
    gate.open().await;
    assert_eq!(events.next("retrying").await, "retrying deadlock detected");
    let blocker = within("the other", blocker).await.expect("no panic");
    blocker.expect("the script gave way");
    let report = within("the run", run).await.expect("no panic");
    assert_eq!(done(&report.expect("it succeeds")), ["core/1"]);
}
