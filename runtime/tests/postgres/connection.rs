//! Runs that lose a connection.

use migrator_runtime::{ErrorKind, Left, Migrator, Options, Remedy, Target};

use super::support::{AT_GATE, Database, Gate, core, done, fault, rows, with_events, within};

#[tokio::test]
async fn after_a_session_ends_in_a_script_the_next_run_finishes() {
    let database = Database::new().await;
    let gate = Gate::closed(&database).await;
    let second = format!("CREATE TABLE a (); {AT_GATE}");
    let registry = core(&["SELECT 1;", &second, "SELECT 3;"]);
    let run = tokio::spawn({
        let database = database.clone();
        async move { database.up(registry).await }
    });
    let pid = gate.reached().await;
    database
        .value(&format!("SELECT pg_terminate_backend({pid})"))
        .await;
    let error = run
        .await
        .expect("no panic")
        .expect_err("the session is gone");
    assert_eq!(error.code().to_string(), "M0503");
    assert_eq!(done(&error.report), ["core/1"]);
    assert_eq!(error.remedy(), Remedy::ReadStatus);
    let fault = fault(Err(error));
    assert_eq!(fault.left, Left::Unknown);
    assert!(
        fault.message.starts_with("the connection was lost: "),
        "{}",
        fault.message
    );
    assert!(fault.message.contains("administrator"), "{}", fault.message);
    gate.open().await;
    let report = database.up(registry).await.expect("it runs");
    assert_eq!(done(&report), ["core/2", "core/3"]);
}

#[tokio::test]
async fn a_session_that_ends_outside_a_transaction_leaves_the_migration_dirty() {
    let database = Database::new().await;
    let gate = Gate::closed(&database).await;
    let script = format!("-- migrator: no-transaction\nCREATE TABLE a ();\n{AT_GATE}");
    let registry = core(&[&script]);
    let run = tokio::spawn({
        let database = database.clone();
        async move { database.up(registry).await }
    });
    let pid = gate.reached().await;
    database
        .value(&format!("SELECT pg_terminate_backend({pid})"))
        .await;
    let fault = fault(run.await.expect("no panic"));
    assert_eq!(fault.left, Left::Dirty);
    assert_eq!(fault.position.map(|at| at.line), Some(3));
    assert_eq!(database.recorded().await, ["core/1 dirty up"]);
    gate.open().await;
}

#[tokio::test]
async fn the_next_run_waits_for_a_step_that_outlives_its_run() {
    let database = Database::new().await;
    let gate = Gate::closed(&database).await;
    let registry = core(&[&format!("CREATE TABLE t (x int); {AT_GATE}"), "SELECT 2;"]);
    // The server notices that its client is gone only when it next sends something.
    let pid = database
        .dying(Migrator::new(registry), gate.reached())
        .await;
    let (migrator, mut events) = with_events(registry, Options::default());
    let next = tokio::spawn({
        let database = database.clone();
        async move { database.up_with(migrator, Target::all()).await }
    });
    let waiting = events.next("waiting").await;
    assert!(waiting.contains(&format!("pid {pid}")), "{waiting}");
    gate.open().await;
    let report = within("the run", next).await.expect("no panic");
    assert_eq!(done(&report.expect("it runs")), ["core/1", "core/2"]);
    assert_eq!(database.events().await, ["apply core/1", "apply core/2"]);
}

#[tokio::test]
async fn after_the_lock_is_lost_no_statement_is_sent() {
    let database = Database::new().await;
    let gate = Gate::closed(&database).await;
    // Outside a transaction no message is sent ahead.
    let registry = core(&[AT_GATE, "-- migrator: no-transaction\nSELECT 2;"]);
    let run = tokio::spawn({
        let database = database.clone();
        async move { database.up(registry).await }
    });
    gate.reached().await;
    // The connection that holds the lock has a name.
    let ours = "FROM pg_stat_activity WHERE datname = current_database() \
                AND application_name = 'migrator'";
    database
        .value(&format!("SELECT pg_terminate_backend(pid) {ours}"))
        .await;
    database
        .until(&format!("SELECT count(*) {ours}"), "0")
        .await;
    gate.open().await;
    let error = run.await.expect("no panic").expect_err("the lock is gone");
    // The running step is rolled back too: another run may have started meanwhile.
    assert_eq!(done(&error.report), Vec::<String>::new());
    let fault = fault(Err(error));
    assert_eq!(fault.left, Left::Nothing);
    assert!(
        fault.message.starts_with("the run lost its lock: "),
        "{}",
        fault.message
    );
    assert_eq!(database.recorded().await, Vec::<String>::new());
    assert_eq!(
        done(&database.up(registry).await.expect("it runs")),
        ["core/1", "core/2"]
    );
}

#[tokio::test]
async fn a_session_that_ended_between_runs_is_reported_as_lost() {
    let database = Database::new().await;
    let mut client = database.client().await;
    let pid = rows(client.postgres(), "SELECT pg_backend_pid()")
        .await
        .join("");
    database
        .value(&format!("SELECT pg_terminate_backend({pid})"))
        .await;
    database
        .until(
            &format!("SELECT count(*) FROM pg_stat_activity WHERE pid = {pid}"),
            "0",
        )
        .await;
    let mut migrator = migrator_runtime::Migrator::new(core(&["SELECT 1;"]));
    let run = migrator.up(&mut client, migrator_runtime::Target::all());
    let error = super::support::within("up", run)
        .await
        .expect_err("it is gone");
    assert_eq!(
        error.to_string(),
        "the connection was lost while reading the history"
    );
    let ErrorKind::Connection { why, .. } = &*error.kind else {
        panic!("{error:?}")
    };
    assert!(
        why.contains("administrator") || why.contains("closed"),
        "{why}"
    );
}

#[tokio::test]
async fn all_connections_of_a_run_are_closed_when_it_returns() {
    let database = Database::new().await;
    let ours = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() \
                AND pid <> pg_backend_pid() AND backend_type = 'client backend'";
    for script in ["SELECT 1;", "SELECT 1/0;", "COMMIT;"] {
        let _ = database.up(core(&[script])).await;
        database.until(ours, "0").await;
        database.run("DROP SCHEMA migrator CASCADE").await;
        database.until(ours, "0").await;
    }
}
