//! Steps that wait for another session's lock: which session they name, and how long others wait.

use std::io::Write as _;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use migrator_localpg::{Programs, Throwaway};
use migrator_runtime::{BlockerKind, Migrator, Options, Outcome, Selection, Target};

use super::support::{
    AT_GATE, Database, Gate, core, done, fault, rows, version, with_events, within,
};

fn patient(milliseconds: u64, tries: u32) -> Options {
    Options::default()
        .lock_timeout(Duration::from_millis(milliseconds))
        .tries(tries)
}

/// A session in a transaction that has read the table; its last statement shows that.
async fn reader(database: &Database) -> tokio_postgres::Client {
    database.run("CREATE TABLE plans (id int)").await;
    let session = database.session().await;
    let read = "SET application_name = 'billing'; BEGIN; \
                LOCK TABLE plans IN ACCESS SHARE MODE";
    session.batch_execute(read).await.expect("it is free");
    session
        .batch_execute("SELECT count(*)\n  FROM plans")
        .await
        .expect("it may read");
    session
}

#[tokio::test]
async fn blockers_are_named_and_others_wait_no_longer_than_the_timeout() {
    let database = Database::new().await;
    let blocker = reader(&database).await;
    let pid = rows(&blocker, "SELECT pg_backend_pid()").await.join("");
    let last = "SELECT count(*)\n  FROM plans";
    blocker.batch_execute(last).await.expect("it may read");
    let (migrator, mut events) =
        with_events(core(&["ALTER TABLE plans ADD x int;"]), patient(200, 100));
    let run = tokio::spawn({
        let database = database.clone();
        async move { database.up_with(migrator, Target::all()).await }
    });
    let waiting =
        "SELECT count(*) FROM pg_locks WHERE relation = 'plans'::regclass AND NOT granted";
    database.until(waiting, "1").await;
    // It queues after the step, and continues when the step gives up. The blocker holds its lock
    // all the time.
    let other = within("the read", database.value("SELECT count(*) FROM plans"));
    assert_eq!(other.await, "0");
    let start = format!(
        "retrying canceling statement due to lock timeout, \
         behind `billing` (pid {pid}, role postgres, since 2"
    );
    let retrying = events.next(&start).await;
    assert!(
        retrying.ends_with(" UTC), idle in a transaction after `SELECT count(*) FROM plans`"),
        "{retrying}"
    );
    blocker.batch_execute("COMMIT").await.expect("it ends");
    let report = within("the run", run).await.expect("no panic");
    assert_eq!(done(&report.expect("it succeeds")), ["core/1"]);
}

#[tokio::test]
async fn the_error_names_the_blockers_of_the_last_try() {
    let database = Database::new().await;
    let _blocker = reader(&database).await;
    let registry = core(&["SELECT 1;\nALTER TABLE plans ADD x int;"]);
    let migrator = Migrator::with_options(registry, patient(400, 2));
    let fault = fault(database.up_with(migrator, Target::all()).await);
    let [blocker] = &fault.blockers[..] else {
        panic!("{fault:?}")
    };
    assert_eq!(blocker.session.application, "billing");
    assert_eq!(blocker.query, "SELECT count(*) FROM plans");
}

#[tokio::test]
async fn a_blocker_of_another_role_is_described_as_far_as_it_is_visible() {
    let database = Database::new().await;
    let _blocker = reader(&database).await;
    let (other, role) = database.as_new_role().await;
    database
        .run(&format!(
            "DO $$ BEGIN EXECUTE format('GRANT CREATE ON DATABASE %I TO {role}', \
               current_database()); END $$; GRANT CREATE ON SCHEMA public TO {role}; \
             GRANT ALL ON plans TO {role}"
        ))
        .await;
    let registry = core(&["LOCK TABLE plans IN ACCESS EXCLUSIVE MODE;"]);
    let migrator = Migrator::with_options(registry, patient(400, 2));
    let fault = fault(other.up_with(migrator, Target::all()).await);
    let [blocker] = &fault.blockers[..] else {
        panic!("{fault:?}")
    };
    let pid = blocker.session.pid.expect("everybody may see it");
    let expected = format!("`billing` (pid {pid}, role postgres)");
    assert_eq!(blocker.to_string(), expected);
}

/// A server that allows prepared transactions.
async fn with_prepared() -> (Throwaway, Database) {
    let programs = Programs::find(None).expect("Postgres is installed");
    let settings = [("max_prepared_transactions", "4")];
    let server = Throwaway::start_with_settings(programs, &settings).expect("a server");
    let url = server.create_database().await.expect("a database");
    (server, Database::at(url))
}

#[tokio::test]
async fn a_prepared_transaction_is_named_with_the_statement_that_ends_it() {
    let (_server, database) = with_prepared().await;
    database.run("CREATE TABLE plans (id int)").await;
    // The other transaction holds a lock that does not block the script.
    for (gid, mode) in [
        ("it''s forgotten", "ACCESS SHARE"),
        ("harmless", "ACCESS SHARE"),
    ] {
        let table = match gid {
            "harmless" => "pg_catalog.pg_class",
            _ => "plans",
        };
        database
            .run(&format!(
                "BEGIN; LOCK TABLE {table} IN {mode} MODE; PREPARE TRANSACTION '{gid}'"
            ))
            .await;
    }
    let registry = core(&["ALTER TABLE plans ADD x int;"]);
    let (migrator, mut events) = with_events(registry, patient(400, 2));
    let outcome = database.up_with(migrator, Target::all()).await;
    let error = outcome.as_ref().expect_err("it is in the way");
    let help = error.help();
    assert!(
        help.contains(
            "`ROLLBACK PREPARED 'it''s forgotten'` or `COMMIT PREPARED 'it''s forgotten'`"
        ),
        "{help}"
    );
    let fault = fault(outcome);
    let [blocker] = &fault.blockers[..] else {
        panic!("{fault:?}")
    };
    let BlockerKind::Prepared { gid, .. } = &blocker.kind else {
        panic!("{blocker:?}")
    };
    assert_eq!(
        (gid.as_str(), &*blocker.session.role),
        ("it's forgotten", "postgres")
    );
    let retrying = events.next("retrying").await;
    assert!(
        retrying.contains("behind the prepared transaction 'it''s forgotten' (database "),
        "{retrying}"
    );
    database.run("ROLLBACK PREPARED 'it''s forgotten'").await;
    database.run("ROLLBACK PREPARED 'harmless'").await;
    database.up(registry).await.expect("nothing is in the way");
}

#[tokio::test]
async fn a_wait_for_rows_names_the_prepared_transaction_that_changed_them() {
    let (_server, database) = with_prepared().await;
    database
        .run("CREATE TABLE plans (id int); INSERT INTO plans VALUES (1)")
        .await;
    database
        .run("BEGIN; UPDATE plans SET id = 2; PREPARE TRANSACTION 'rows'")
        .await;
    let registry = core(&["UPDATE plans SET id = 3;"]);
    let migrator = Migrator::with_options(registry, patient(400, 2));
    let fault = fault(database.up_with(migrator, Target::all()).await);
    assert!(
        fault
            .blockers
            .iter()
            .any(|one| one.to_string().contains("'rows'")),
        "{fault:?}"
    );
    database.run("COMMIT PREPARED 'rows'").await;
}

#[tokio::test]
async fn a_prepared_transaction_that_keeps_the_history_from_being_read_is_named() {
    let (_server, database) = with_prepared().await;
    let registry = core(&["SELECT 1;"]);
    database.up(registry).await.expect("it runs");
    database
        .run("BEGIN; LOCK TABLE migrator.core_history; PREPARE TRANSACTION 'history'")
        .await;
    let migrator = Migrator::with_options(registry, patient(400, 2));
    let client = database.client().await;
    let status = within("status", migrator.status(&client, &Selection::All)).await;
    let error = status.expect_err("it is locked");
    let help = error.help();
    assert!(help.contains("`ROLLBACK PREPARED 'history'`"), "{help}");
    database.run("ROLLBACK PREPARED 'history'").await;
    let status = within("status", migrator.status(&client, &Selection::All)).await;
    assert!(status.expect("nothing is in the way").is_current());
}

#[tokio::test]
async fn an_autovacuum_is_named_with_its_table() {
    let programs = Programs::find(None).expect("Postgres is installed");
    // It reads a page each 0.4 s. A session that waits for it does not cancel it.
    let settings = [
        ("autovacuum", "on"),
        ("autovacuum_naptime", "1"),
        ("autovacuum_vacuum_cost_delay", "100"),
        ("autovacuum_vacuum_cost_limit", "1"),
        ("deadlock_timeout", "1h"),
    ];
    let server = Throwaway::start_with_settings(programs, &settings).expect("a server");
    let url = server.create_database().await.expect("a database");
    let database = Database::at(url);
    database
        .run(
            "CREATE TABLE plans (id int, filler text) WITH (autovacuum_vacuum_threshold = 0, \
               autovacuum_vacuum_scale_factor = 0, autovacuum_analyze_threshold = 1000000); \
             INSERT INTO plans SELECT i, repeat('x', 1000) FROM generate_series(1, 5000) i",
        )
        .await;
    database.run("DELETE FROM plans WHERE id % 2 = 0").await;
    let vacuum = "SELECT count(*) FROM pg_stat_activity a JOIN pg_locks l USING (pid) \
                  WHERE a.backend_type = 'autovacuum worker' AND l.granted \
                    AND l.relation = 'plans'::regclass AND a.query LIKE '%VACUUM public.plans%' \
                    AND l.mode = 'ShareUpdateExclusiveLock'";
    database.until(vacuum, "1").await;
    let registry = core(&["ALTER TABLE plans ADD x int;"]);
    let migrator = Migrator::with_options(registry, patient(400, 2));
    let fault = fault(database.up_with(migrator, Target::all()).await);
    let [blocker] = &fault.blockers[..] else {
        panic!("{fault:?}")
    };
    assert_eq!(blocker.kind, BlockerKind::Autovacuum);
    let text = blocker.to_string();
    assert!(text.starts_with("an autovacuum worker (pid "), "{text}");
    let end = ", at `autovacuum: VACUUM public.plans`";
    assert!(text.ends_with(end), "{text}");
}

/// A replication session in a transaction that has read a table, as one that copies the table to
/// a subscriber.
fn replication_session(url: &str, slot: &str) -> Child {
    let mut psql = Command::new("psql")
        .arg(format!("{url}?replication=database"))
        .args(["--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=1"])
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()
        .expect("psql is installed");
    let commands = format!(
        "BEGIN READ ONLY ISOLATION LEVEL REPEATABLE READ;\n\
         CREATE_REPLICATION_SLOT {slot} TEMPORARY LOGICAL pgoutput USE_SNAPSHOT;\n\
         SELECT count(*) FROM plans;\n"
    );
    let stdin = psql.stdin.as_mut().expect("it is piped");
    stdin.write_all(commands.as_bytes()).expect("psql reads");
    psql
}

#[tokio::test]
async fn a_replication_session_is_named_with_its_slot() {
    let programs = Programs::find(None).expect("Postgres is installed");
    let settings = [("wal_level", "logical"), ("max_wal_senders", "4")];
    let server = Throwaway::start_with_settings(programs, &settings).expect("a server");
    let url = server.create_database().await.expect("a database");
    let database = Database::at(url);
    database.run("CREATE TABLE plans (id int)").await;
    let mut session = replication_session(&database.url, "copy");
    let copies = "SELECT count(*) FROM pg_locks JOIN pg_stat_activity USING (pid) \
                  WHERE backend_type = 'walsender' AND relation = 'plans'::regclass AND granted";
    database.until(copies, "1").await;
    let registry = core(&["ALTER TABLE plans ADD x int;"]);
    let migrator = Migrator::with_options(registry, patient(400, 2));
    let fault = fault(database.up_with(migrator, Target::all()).await);
    let [blocker] = &fault.blockers[..] else {
        panic!("{fault:?}")
    };
    let expected = Some("copy".to_owned());
    assert_eq!(blocker.kind, BlockerKind::Replication { slot: expected });
    let text = blocker.to_string();
    assert!(text.starts_with("the replication session `"), "{text}");
    assert!(text.contains(" of the slot `copy`"), "{text}");
    assert_reported(
        &database,
        "CREATE INDEX CONCURRENTLY i ON plans (id);",
        "the replication session `",
    )
    .await;
    drop(session.stdin.take());
    session.wait().expect("psql ends with its input");
}

/// A wait of a step outside a transaction is reported while the step waits.
async fn assert_reported(database: &Database, script: &str, blocker: &str) {
    let registry = core(&[&format!("-- migrator: no-transaction\n{script}")]);
    let (mut migrator, mut events) = with_events(registry, Options::default());
    let stop = migrator.stop();
    let mut client = database.client().await;
    let stopper = async {
        let held = events.next("held behind").await;
        assert!(held.contains(blocker), "{script}: {held}");
        stop.stop();
    };
    let run = async { tokio::join!(migrator.up(&mut client, Target::all()), stopper) };
    let (outcome, ()) = within(script, run).await;
    outcome.expect_err("it was stopped");
}

#[tokio::test]
async fn a_concurrent_index_names_its_blocker_while_it_waits() {
    let database = Database::new().await;
    let writer = reader(&database).await;
    let write = "LOCK TABLE plans IN ROW EXCLUSIVE MODE";
    writer.batch_execute(write).await.expect("it may write");
    assert_reported(
        &database,
        "CREATE INDEX CONCURRENTLY i ON plans (id);",
        "`billing` (pid ",
    )
    .await;
    // It has no lock on the table, but a snapshot.
    let database = Database::new().await;
    database.run("CREATE TABLE other (id int)").await;
    let blocker = database.session().await;
    let old = "SET application_name = 'report'; BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT 1";
    blocker.batch_execute(old).await.expect("it may");
    assert_reported(
        &database,
        "CREATE INDEX CONCURRENTLY j ON other (id);",
        "`report` (pid ",
    )
    .await;
}

#[tokio::test]
async fn a_vacuum_and_a_record_name_their_blockers_while_they_wait() {
    let database = Database::new().await;
    let blocker = reader(&database).await;
    let lock = "LOCK TABLE plans IN SHARE MODE";
    blocker.batch_execute(lock).await.expect("it is free");
    assert_reported(&database, "VACUUM plans;", "`billing` (pid ").await;

    // The script is done, and its record waits without a limit.
    let database = Database::new().await;
    let gate = Gate::closed(&database).await;
    let registry = core(&[
        "SELECT 1;",
        &format!("-- migrator: no-transaction\n{AT_GATE}"),
    ]);
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
        let held = events.next("held behind").await;
        assert!(held.contains("`dump` (pid "), "{held}");
        stop.stop();
    };
    let run = async { tokio::join!(migrator.up(&mut client, Target::all()), stopper) };
    let (outcome, ()) = within("the run", run).await;
    let error = outcome.expect_err("it was stopped");
    assert_eq!(error.code().to_string(), "M0518");
    assert_eq!(database.recorded().await, ["core/1", "core/2 dirty up"]);
}

#[tokio::test]
async fn a_repair_is_tried_again_while_another_session_holds_the_history() {
    let database = Database::new().await;
    let broken = core(&["-- migrator: no-transaction\nSELECT 1 / 0;"]);
    fault(database.up(broken).await);
    let blocker = database.session().await;
    let lock = "BEGIN; LOCK TABLE migrator.core_history IN SHARE MODE";
    blocker.batch_execute(lock).await.expect("it is free");
    let (mut migrator, mut events) = with_events(broken, patient(200, 100));
    let mut client = database.client().await;
    let repair = migrator.repair(&mut client, "core", version(1), Outcome::Reverted);
    let release = async {
        events.next("retrying").await;
        blocker.batch_execute("COMMIT").await.expect("it ends");
    };
    let both = Box::pin(async { tokio::join!(repair, release) });
    let (repaired, ()) = within("the repair", both).await;
    assert_eq!(repaired.expect("it succeeds").id.version, version(1));
    assert_eq!(database.events().await, ["failure core/1", "repair core/1"]);
    // For a step without a script only its waits are reported.
    let mut heard = events.all.lock().expect("nobody panics").clone();
    heard.retain(|event| event.starts_with("started") || event.starts_with("finished"));
    assert_eq!(heard, [""; 0]);
}
