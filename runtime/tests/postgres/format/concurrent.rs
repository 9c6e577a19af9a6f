//! An upgrade beside other runs, and an upgrade that is interrupted.

use std::time::Duration;

use migrator_runtime::history::Origin;
use migrator_runtime::{ErrorKind, Migrator, Options, Target};

use super::{FIRST, FORMATS, definition, format_1, with};
use crate::support::{core, done, rows, with_events, within};

#[tokio::test]
async fn one_of_many_runs_upgrades_the_history() {
    let database = format_1().await;
    let runs = ["tenant", "auth", "lonely", "tenant", "auth", "lonely"].map(|service| {
        let registry = with(service, "SELECT 1;");
        let (database, target) = (database.clone(), Target::service(service));
        tokio::spawn(async move { database.up_with(Migrator::new(registry), target).await })
    });
    let mut applied = 0;
    for run in runs {
        let report = within("a run", run).await.expect("no panic");
        applied += report.expect("it runs").done.len();
    }
    assert_eq!(applied, 3);
    assert_eq!(database.value(FORMATS).await, "2");
    let recorded = database.recorded().await;
    assert_eq!(recorded, ["auth/2", "core/1", "lonely/2", "tenant/2"]);
}

/// The statements that a run of an older binary sends for one step of `core`.
const OLDER_STEP: [&str; 3] = [
    "BEGIN; LOCK TABLE ONLY migrator.core_history IN ROW EXCLUSIVE MODE;",
    "INSERT INTO migrator.core_history (version, name, applied_on, checksum, fingerprint, dirty, \
       requires, depends_on, up_script, down_script) \
     VALUES (20240101000002, 'c000002a_m2', '2024-01-01T00:00:00Z', '2', '0000000000000002', \
       NULL, '{}', '{}', 'SELECT 2;', 'SELECT 1;'); \
     INSERT INTO migrator.event (kind, service, version, name, checksum, milliseconds, message, \
       application, migrator_version) \
     VALUES ('apply', 'core', 20240101000002, 'c000002a_m2', '2', 1, NULL, 'older', '0.1.0');",
    "COMMIT;",
];

#[tokio::test]
async fn an_upgrade_waits_for_a_step_of_an_older_run_and_names_it() {
    let database = format_1().await;
    let older = database.session().await;
    let name = "SET application_name = 'older'";
    older.batch_execute(name).await.expect("a name");
    older.batch_execute(OLDER_STEP[0]).await.expect("it begins");
    let (mut migrator, mut events) = with_events(with("lonely", "SELECT 1;"), Options::default());
    let mut client = database.client().await;
    let step = async {
        let held = events.next("held behind `older` (pid ").await;
        assert!(held.contains("idle in a transaction"), "{held}");
        for statements in &OLDER_STEP[1..] {
            older.batch_execute(statements).await.expect("it works");
        }
    };
    let target = Target::service("lonely");
    let both = async { tokio::join!(migrator.up(&mut client, target), step) };
    let (report, ()) = within("the run", both).await;
    assert_eq!(done(&report.expect("it runs")), ["lonely/2"]);
    assert_eq!(database.value(FORMATS).await, "2");
    assert_eq!(database.recorded().await, ["core/1", "core/2", "lonely/2"]);
}

#[tokio::test]
async fn an_upgrade_waits_for_other_sessions_as_long_as_for_other_runs() {
    let database = format_1().await;
    let older = database.session().await;
    let name = "SET application_name = 'older'";
    older.batch_execute(name).await.expect("a name");
    older.batch_execute(OLDER_STEP[0]).await.expect("it begins");
    let options = Options::default().lock_wait(Duration::ZERO);
    let migrator = Migrator::with_options(with("lonely", "SELECT 2;"), options);
    let error = database.up_with(migrator, Target::service("lonely")).await;
    let error = error.expect_err("the history is locked");
    assert_eq!(error.to_string(), "upgrading the history failed");
    assert_eq!(error.code().to_string(), "M0505");
    assert!(
        error.help().contains("`Options::lock_wait`"),
        "{}",
        error.help()
    );
    let ErrorKind::History { blockers, .. } = &*error.kind else {
        panic!("{error:?}")
    };
    let names: Vec<&str> = blockers.iter().map(|b| &*b.session.application).collect();
    assert_eq!(names, ["older"]);
    assert_eq!(database.value(FORMATS).await, "1");
    assert_eq!(database.recorded().await, ["core/1"]);
}

#[tokio::test]
async fn the_statements_of_an_older_binary_work_after_the_upgrade() {
    let database = format_1().await;
    let older = database.session().await;
    let upgrade = database.up(with("lonely", "SELECT 1;")).await;
    upgrade.expect("it runs");
    for statements in OLDER_STEP {
        older.batch_execute(statements).await.expect("it works");
    }
    let further = "CREATE TABLE migrator.tenant_history (PRIMARY KEY (version)) \
                     INHERITS (migrator.history); \
                   UPDATE migrator.core_history SET dirty = 'down' WHERE version = 20240101000002; \
                   UPDATE migrator.core_history SET dirty = NULL WHERE version = 20240101000002; \
                   DELETE FROM migrator.core_history WHERE version = 20240101000001;";
    older.batch_execute(further).await.expect("it works");
    let client = database.client().await;
    let history = Migrator::new(core(&[])).history(&client).await;
    let history = history.expect("a history");
    let entries = history
        .entries()
        .map(|entry| (&*entry.id.service, entry.origin));
    assert_eq!(
        entries.collect::<Vec<_>>(),
        [("core", Origin::Applied), ("lonely", Origin::Applied)]
    );
    assert!(history.has_table("tenant"));
}

#[tokio::test]
async fn a_crash_in_the_middle_of_an_upgrade_leaves_format_1() {
    let database = format_1().await;
    // The upgrade locks the table of events last, after all its other changes.
    let keyless = "ALTER TABLE migrator.event DROP CONSTRAINT event_pkey";
    database.run(keyless).await;
    let before = definition(&database).await;
    let keeper = database.session().await;
    let lock = "BEGIN; LOCK TABLE migrator.event IN ACCESS SHARE MODE";
    keeper.batch_execute(lock).await.expect("it is free");
    let registry = core(&[FIRST, "SELECT 2;"]);
    let upgrading = "FROM pg_stat_activity WHERE datname = current_database() \
                     AND wait_event_type = 'Lock' AND query LIKE 'ALTER TABLE%'";
    let crash = async {
        database
            .until(&format!("SELECT count(*) {upgrading}"), "1")
            .await;
        let end = format!("SELECT pg_terminate_backend(pid) {upgrading}");
        assert_eq!(database.value(&end).await, "t");
    };
    let run = async { tokio::join!(database.up(registry), crash) };
    let (outcome, ()) = Box::pin(within("the run", run)).await;
    assert_eq!(outcome.expect_err("it is dead").code().to_string(), "M0503");
    assert_eq!(definition(&database).await, before);
    keeper.batch_execute("COMMIT").await.expect("it ends");
    let report = database.up(registry).await.expect("it runs");
    assert_eq!(done(&report), ["core/2"]);
    assert_eq!(database.value(FORMATS).await, "2");
}

#[tokio::test]
async fn a_run_that_lost_its_lock_does_not_upgrade() {
    let database = format_1().await;
    let older = database.session().await;
    older.batch_execute(OLDER_STEP[0]).await.expect("it begins");
    let registry = with("lonely", "SELECT 2;");
    let (mut migrator, mut events) = with_events(registry, Options::default());
    let mut client = database.client().await;
    let lose = async {
        events.next("held behind").await;
        database.end_locks().await;
        older.batch_execute("ROLLBACK").await.expect("it ends");
    };
    let run = async { tokio::join!(migrator.up(&mut client, Target::service("lonely")), lose) };
    let (outcome, ()) = within("the run", run).await;
    let error = outcome.expect_err("the lock is lost");
    assert_eq!(error.code().to_string(), "M0528");
    assert_eq!(database.value(FORMATS).await, "1");
    // The session can still be used.
    assert_eq!(rows(client.postgres(), "SELECT 7").await, ["7"]);
}
