//! Waits for a lock on the history are limited, as those of a script are.

use std::time::Duration;

use migrator_runtime::{
    BlockerKind, DatabaseState, Direction, Error, ErrorKind, Migrator, Options, Part, Registry,
    Selection, Target,
};

use super::support::{
    AT_GATE, Database, Gate, core, done, fault, registry, rows, with_events, within,
};

/// Few tries with short waits.
fn brief() -> Options {
    Options::default()
        .lock_timeout(Duration::from_secs(1))
        .tries(2)
}

/// A migration of `core`, and one of `tenant`.
fn with_tenant() -> &'static Registry {
    registry(&[
        ("core", 1, "SELECT 1;", "SELECT 1;"),
        ("tenant", 2, "SELECT 1;", "SELECT 1;"),
    ])
}

/// A session whose transaction blocks writes to a table of the history.
async fn keeper(database: &Database, table: &str) -> tokio_postgres::Client {
    let session = database.session().await;
    let lock = format!("BEGIN; LOCK TABLE migrator.{table} IN SHARE MODE");
    session.batch_execute(&lock).await.expect("it is free");
    session
}

#[tokio::test]
async fn a_step_that_cannot_be_recorded_releases_its_locks() {
    let database = Database::new().await;
    let first = "CREATE TABLE plans (id int);";
    database.up(core(&[first])).await.expect("it runs");
    let keeper = keeper(&database, "event").await;
    let registry = core(&[first, "ALTER TABLE plans ADD x int;"]);
    let migrator = Migrator::with_options(registry, brief());
    let fault = fault(database.up_with(migrator, Target::all()).await);
    assert_eq!(fault.sqlstate.as_deref(), Some("55P03"));
    assert_eq!(fault.part, Part::Record);
    assert_eq!(database.value("SELECT count(*) FROM plans").await, "0");
    keeper.batch_execute("COMMIT").await.expect("it ends");
    let report = database.up(registry).await.expect("it runs");
    assert_eq!(done(&report), ["core/2"]);
}

#[tokio::test]
async fn a_step_outside_a_transaction_that_cannot_be_recorded_is_not_begun() {
    let database = Database::new().await;
    let first = "CREATE TABLE plans (id int);";
    database.up(core(&[first])).await.expect("it runs");
    let keeper = keeper(&database, "core_history").await;
    let second = "-- migrator: no-transaction\nCREATE INDEX CONCURRENTLY i ON plans (id);";
    let registry = core(&[first, second]);
    let migrator = Migrator::with_options(registry, brief());
    let fault = fault(database.up_with(migrator, Target::all()).await);
    assert_eq!(fault.sqlstate.as_deref(), Some("55P03"));
    assert_eq!(fault.part, Part::Record);
    assert_eq!(database.recorded().await, ["core/1"]);
    keeper.batch_execute("COMMIT").await.expect("it ends");
    let report = database.up(registry).await.expect("it runs");
    assert_eq!(done(&report), ["core/2"]);
}

#[tokio::test]
async fn a_run_that_gets_no_lock_leaves_no_open_transaction() {
    let database = Database::new().await;
    let gate = Gate::closed(&database).await;
    let holder = tokio::spawn({
        let database = database.clone();
        async move { database.up(core(&[AT_GATE])).await }
    });
    gate.reached().await;
    // Another session that creates the same table waits until this transaction ends.
    let maker = database.session().await;
    let make = "BEGIN; CREATE TABLE migrator.tenant_history (x int)";
    maker.batch_execute(make).await.expect("it is not there");
    let registry = registry(&[
        ("core", 1, AT_GATE, "SELECT 1;"),
        ("tenant", 2, "SELECT 1;", "SELECT 1;"),
    ]);
    let options = Options::default().lock_wait(Duration::ZERO);
    let mut client = database.client().await;
    let mut migrator = Migrator::with_options(registry, options);
    let refused = within("the run", migrator.up(&mut client, Target::all())).await;
    let error = refused.expect_err("the lock is held");
    assert!(matches!(*error.kind, ErrorKind::Locked { .. }), "{error:?}");
    // The waiting statement fails now, in the middle of its transaction.
    maker.batch_execute("COMMIT").await.expect("it ends");
    assert_eq!(rows(client.postgres(), "SELECT 7").await, ["7"]);
    let open = format!(
        "SELECT state FROM pg_stat_activity WHERE pid = {}",
        rows(client.postgres(), "SELECT pg_backend_pid()")
            .await
            .join("")
    );
    assert_eq!(database.value(&open).await, "idle");
    gate.open().await;
    let held = within("the holder", holder).await.expect("no panic");
    assert_eq!(done(&held.expect("it runs")), ["core/1"]);
}

#[tokio::test]
async fn a_run_dropped_while_it_creates_its_tables_leaves_no_statement_running() {
    let database = Database::new().await;
    database.up(core(&["SELECT 1;"])).await.expect("it runs");
    let maker = database.session().await;
    let make = "BEGIN; CREATE TABLE migrator.tenant_history (x int)";
    maker.batch_execute(make).await.expect("it is not there");
    let registry = with_tenant();
    let waiting = "SELECT count(*) FROM pg_stat_activity \
        WHERE datname = current_database() AND wait_event_type = 'Lock'";
    let mut client = database.client().await;
    let mut migrator = Migrator::new(registry);
    tokio::select! {
        _ = migrator.up(&mut client, Target::all()) => panic!("it waits"),
        () = database.until(waiting, "1") => {}
    }
    database.until(waiting, "0").await;
    client.reconnect().await.expect("the server is there");
    maker.batch_execute("ROLLBACK").await.expect("it ends");
    let report = within("the run", migrator.up(&mut client, Target::all())).await;
    assert_eq!(done(&report.expect("it runs")), ["tenant/2"]);
}

#[tokio::test]
async fn a_table_that_cannot_be_created_names_who_holds_the_lock() {
    let database = Database::new().await;
    database.up(core(&["SELECT 1;"])).await.expect("it runs");
    let keeper = dump(&database, "migrator.history IN SHARE MODE").await;
    let registry = with_tenant();
    let migrator = Migrator::with_options(registry, brief());
    let outcome = database.up_with(migrator, Target::all()).await;
    if let Err(error) = &outcome {
        assert_eq!(error.to_string(), "creating the history's tables failed");
    }
    assert_names_dump("a new table", outcome);
    keeper.batch_execute("COMMIT").await.expect("it ends");
    let report = database.up(registry).await.expect("it runs");
    assert_eq!(done(&report), ["tenant/2"]);
}

#[tokio::test]
async fn a_wait_for_a_table_without_a_limit_names_its_blocker() {
    let database = Database::new().await;
    database.up(core(&["SELECT 1;"])).await.expect("it runs");
    let keeper = dump(&database, "migrator.history IN SHARE MODE").await;
    let registry = with_tenant();
    let options = Options::default().lock_timeout(Duration::ZERO);
    let (mut migrator, mut events) = with_events(registry, options);
    let mut client = database.client().await;
    let end = async {
        events.next("held behind `dump` (pid ").await;
        keeper.batch_execute("COMMIT").await.expect("it ends");
    };
    let both = async { tokio::join!(migrator.up(&mut client, Target::all()), end) };
    let (report, ()) = within("the run", both).await;
    assert_eq!(done(&report.expect("it runs")), ["tenant/2"]);
}

/// A session `dump` that holds a lock on a table of the history.
async fn dump(database: &Database, lock: &str) -> tokio_postgres::Client {
    let session = database.session().await;
    let lock = format!("SET application_name = 'dump'; BEGIN; LOCK TABLE {lock}");
    session.batch_execute(&lock).await.expect("it is free");
    session
}

/// Asserts that a read failed at the lock of `dump`, after the time of [`brief`].
fn assert_names_dump<T: std::fmt::Debug>(what: &str, outcome: Result<T, Error>) {
    let error = outcome.expect_err("it is locked");
    let ErrorKind::History {
        sqlstate, blockers, ..
    } = &*error.kind
    else {
        panic!("{what}: {error:?}");
    };
    assert_eq!(sqlstate.as_deref(), Some("55P03"), "{what}");
    assert_eq!(error.code().to_string(), "M0505", "{what}");
    let [blocker] = &blockers[..] else {
        panic!("{what}: {error:?}");
    };
    assert_eq!(blocker.session.application, "dump", "{what}");
    assert_eq!(blocker.kind, BlockerKind::IdleInTransaction, "{what}");
    let help = error.help();
    assert!(
        help.contains("end it, or run again later"),
        "{what}: {help}"
    );
}

#[tokio::test]
async fn every_read_of_a_locked_history_names_who_holds_the_lock() {
    let database = Database::new().await;
    let registry = core(&["CREATE TABLE plans (id int);"]);
    database.up(registry).await.expect("it runs");
    let session = dump(&database, "migrator.core_history").await;
    let mut migrator = Migrator::with_options(registry, brief());
    let (mut client, target) = (database.client().await, Target::all());
    let status = within("status", migrator.status(&client, &Selection::All)).await;
    assert_names_dump("status", status);
    let up = migrator.plan(&client, Direction::Up, &target);
    assert_names_dump("a dry run", within("a dry run", up).await);
    let recorded = within("drift", migrator.recorded(&client)).await;
    assert_names_dump("drift", recorded);
    let state = within("a probe", migrator.state(&client, &target)).await;
    assert_names_dump("a probe", state);
    let edits = within("edits", migrator.edits(&client, "core", None)).await;
    assert_names_dump("edits", edits);
    let up = Box::pin(migrator.up(&mut client, target));
    assert_names_dump("a run", within("a run", up).await);
    // Each wait lasted as long as the option says.
    let limits = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() \
                  AND query LIKE '/* migrator reads its history */ SET LOCAL lock_timeout = 1000;%'";
    assert_eq!(database.value(limits).await, "1");
    session.batch_execute("ROLLBACK").await.expect("it ends");
    database.up(registry).await.expect("nothing is pending");
}

#[tokio::test]
async fn a_read_without_a_limit_names_its_blocker_and_continues() {
    let database = Database::new().await;
    let registry = core(&["CREATE TABLE plans (id int);"]);
    database.up(registry).await.expect("it runs");
    let session = dump(&database, "migrator.core_history").await;
    let options = Options::default().lock_timeout(Duration::ZERO);
    let (mut migrator, mut events) = with_events(registry, options);
    let mut client = database.client().await;
    let end = async {
        let held = events.next("held behind `dump` (pid ").await;
        assert!(held.contains("idle in a transaction"), "{held}");
        session.batch_execute("COMMIT").await.expect("it ends");
    };
    let both = async { tokio::join!(migrator.up(&mut client, Target::all()), end) };
    let (report, ()) = within("the run", both).await;
    assert_eq!(done(&report.expect("it reads")), [""; 0]);
}

#[tokio::test]
async fn a_wait_for_migrations_outlasts_a_lock_on_the_history() {
    let database = Database::new().await;
    let registry = core(&["CREATE TABLE plans (id int);"]);
    database.up(registry).await.expect("it runs");
    let session = dump(&database, "migrator.core_history").await;
    let migrator = Migrator::with_options(registry, brief());
    let (mut client, target) = (database.client().await, Target::all());
    let wait = migrator.wait_until_current(&mut client, &target, Duration::ZERO);
    assert_names_dump("one look", within("one look", wait).await);
    let wait = migrator.wait_until_current(&mut client, &target, Duration::MAX);
    let end = async {
        // The first read waits, and the next one too.
        let waiting = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() \
                       AND wait_event_type = 'Lock'";
        for count in ["1", "0", "1"] {
            database.until(waiting, count).await;
        }
        session.batch_execute("COMMIT").await.expect("it ends");
    };
    let (state, ()) = within("the wait", async { tokio::join!(wait, end) }).await;
    assert_eq!(state.expect("it is current"), DatabaseState::Current);
}
