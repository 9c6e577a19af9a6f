//! Services that run side by side, each over its own connection.

use std::num::NonZeroUsize;

use migrator_runtime::model::Registry;
use migrator_runtime::{Error, ErrorKind, Migrator, Options, Report, Target};
use tokio::task::JoinHandle;

use crate::support::{AT_GATE, Database, Events, Gate, done, registry, rows, with_events, within};

fn jobs(number: usize) -> Options {
    Options::default().jobs(NonZeroUsize::new(number).expect("not zero"))
}

type Run = JoinHandle<Result<Report, Error>>;

fn start(database: &Database, registry: &'static Registry, options: Options) -> (Run, Events) {
    let (migrator, events) = with_events(registry, options);
    let database = database.clone();
    let run = tokio::spawn(async move { database.up_with(migrator, Target::all()).await });
    (run, events)
}

async fn ended(run: Run) -> Result<Report, Error> {
    within("the run", run).await.expect("no panic")
}

/// `core` comes first; then `auth`, `lonely` and `tenant`, which do not need each other.
fn three(auth: &str, lonely: &str, tenant: &str) -> &'static Registry {
    registry(&[
        ("core", 1, "CREATE TABLE c (x int);", "DROP TABLE c;"),
        ("auth", 2, auth, "DROP TABLE a;"),
        ("lonely", 3, lonely, "DROP TABLE l;"),
        ("tenant", 4, tenant, "DROP TABLE t;"),
    ])
}

const AUTH: &str = "CREATE TABLE a (x int);";
const LONELY: &str = "CREATE TABLE l (x int);";
const TENANT: &str = "CREATE TABLE t (x int);";

fn at_gate(script: &str) -> String {
    format!("{script} {AT_GATE}")
}

#[tokio::test]
async fn services_that_do_not_need_each_other_run_at_the_same_time() {
    let database = Database::new().await;
    let gate = Gate::closed(&database).await;
    let registry = three(&at_gate(AUTH), &at_gate(LONELY), &at_gate(TENANT));
    let (run, _) = start(&database, registry, jobs(8));
    gate.reached_by(3).await;
    assert_eq!(database.recorded().await, ["core/1"]);
    gate.open().await;
    let report = ended(run).await.expect("it runs");
    assert_eq!(done(&report), ["core/1", "auth/2", "lonely/3", "tenant/4"]);
}

#[tokio::test]
async fn no_more_services_than_jobs_run_at_the_same_time() {
    let database = Database::new().await;
    let gate = Gate::closed(&database).await;
    let registry = three(&at_gate(AUTH), &at_gate(LONELY), &at_gate(TENANT));
    let (run, _) = start(&database, registry, jobs(2));
    gate.reached_by(2).await;
    let sessions = "SELECT count(*) FROM pg_stat_activity \
        WHERE datname = current_database() AND application_name = 'migrator'";
    // One of them holds the run's lock. The first is the caller's and has no name.
    assert_eq!(database.value(sessions).await, "2");
    gate.open().await;
    assert_eq!(ended(run).await.expect("it runs").done.len(), 4);
}

#[tokio::test]
async fn a_huge_number_of_jobs_is_accepted() {
    let database = Database::new().await;
    let registry = three(AUTH, LONELY, TENANT);
    let (run, _) = start(&database, registry, jobs(usize::MAX));
    assert_eq!(ended(run).await.expect("it runs").done.len(), 4);
}

#[tokio::test]
async fn events_and_report_are_in_the_order_of_the_plan() {
    let database = Database::new().await;
    let gate = Gate::closed(&database).await;
    let registry = three(&at_gate(AUTH), LONELY, TENANT);
    let (run, events) = start(&database, registry, jobs(4));
    gate.reached().await;
    let three = "SELECT count(*) FROM migrator.history";
    database.until(three, "3").await;
    gate.open().await;
    let report = ended(run).await.expect("it runs");
    assert_eq!(done(&report), ["core/1", "auth/2", "lonely/3", "tenant/4"]);
    let events = events.all.lock().expect("nobody panics").clone();
    let services: Vec<&str> = events
        .iter()
        .filter_map(|event| event.split_once(' '))
        .filter_map(|(_, step)| step.split_once('/'))
        .map(|(service, _)| service)
        .collect();
    let twice = [
        "core", "core", "auth", "auth", "lonely", "lonely", "tenant", "tenant",
    ];
    assert_eq!(services, twice);
}

#[tokio::test]
async fn after_a_failure_running_steps_end_and_no_other_starts() {
    let database = Database::new().await;
    database.run("CREATE TABLE l (x int)").await;
    let busy = database.session().await;
    rows(&busy, "BEGIN; LOCK TABLE l").await;
    let gate = Gate::closed(&database).await;
    let registry = registry(&[
        (
            "auth",
            1,
            &(at_gate("SELECT 1;") + "SELECT nothing;"),
            "SELECT 1;",
        ),
        ("lonely", 1, "ALTER TABLE l ADD y int;", "SELECT 1;"),
        (
            "lonely",
            2,
            "-- migrator: no-transaction\nCREATE INDEX CONCURRENTLY i ON l (x);",
            "SELECT 1;",
        ),
    ]);
    let (run, _) = start(&database, registry, jobs(2));
    gate.reached().await;
    let waiting = "SELECT count(*) FROM pg_locks WHERE relation = 'l'::regclass AND NOT granted";
    database.until(waiting, "1").await;
    gate.open().await;
    let failed = "SELECT count(*) FROM migrator.event WHERE kind = 'failure'";
    database.until(failed, "1").await;
    rows(&busy, "COMMIT").await;
    let error = ended(run).await.expect_err("one fails");
    assert!(matches!(*error.kind, ErrorKind::Script(_)), "{error:?}");
    assert_eq!(database.recorded().await, ["lonely/1"]);
    assert_eq!(done(&error.report), ["lonely/1"]);
}

#[tokio::test]
async fn every_failed_step_is_reported() {
    let database = Database::new().await;
    let gate = Gate::closed(&database).await;
    let both = at_gate("SELECT 1;") + "SELECT nothing;";
    let registry = three(&both, &both, TENANT);
    let (run, _) = start(&database, registry, jobs(4));
    gate.reached_by(2).await;
    gate.open().await;
    let error = ended(run).await.expect_err("two fail");
    assert!(!error.help().is_empty());
    let ErrorKind::Scripts(faults) = *error.kind else {
        panic!("{error:?}")
    };
    let services: Vec<&str> = faults.iter().map(|fault| &*fault.step.service).collect();
    assert_eq!(services, ["auth", "lonely"]);
}

#[tokio::test]
async fn a_deadlock_between_services_is_tried_again() {
    let database = Database::new().await;
    database
        .run("CREATE TABLE one (); CREATE TABLE two ();")
        .await;
    database.set("deadlock_timeout = '50ms'").await;
    let gate = Gate::closed(&database).await;
    let both = |first: &str, second: &str| {
        format!("LOCK {first}; SELECT pg_advisory_xact_lock_shared(42); LOCK {second};")
    };
    let registry = three(&both("one", "two"), LONELY, &both("two", "one"));
    let (run, events) = start(&database, registry, jobs(4));
    gate.reached_by(2).await;
    gate.open().await;
    assert_eq!(ended(run).await.expect("it runs").done.len(), 4);
    let events = events.all.lock().expect("nobody panics").clone();
    assert!(
        events.contains(&"retrying deadlock detected".to_owned()),
        "{events:?}"
    );
}

#[tokio::test]
async fn a_change_of_the_same_row_of_the_catalog_is_tried_again() {
    let database = Database::new().await;
    database.run("CREATE SCHEMA shared").await;
    let other = database.session().await;
    rows(&other, "BEGIN; GRANT USAGE ON SCHEMA shared TO PUBLIC").await;
    let registry = registry(&[(
        "auth",
        1,
        "GRANT CREATE ON SCHEMA shared TO PUBLIC;",
        "SELECT 1;",
    )]);
    let (run, mut events) = start(&database, registry, jobs(1));
    let waiting = "SELECT count(*) FROM pg_locks WHERE NOT granted AND locktype = 'transactionid' \
        AND pid IN (SELECT pid FROM pg_stat_activity WHERE datname = current_database())";
    database.until(waiting, "1").await;
    rows(&other, "COMMIT").await;
    let retrying = events.next("retrying").await;
    assert_eq!(retrying, "retrying tuple concurrently updated");
    ended(run).await.expect("it runs");
}

#[tokio::test]
async fn without_a_second_connection_one_runs_all_services() {
    let database = Database::new().await;
    let (limited, role) = database.as_new_role().await;
    let grant = format!(
        "ALTER ROLE {role} CONNECTION LIMIT 2; GRANT CREATE ON SCHEMA public TO {role}; \
         DO $$ BEGIN EXECUTE 'GRANT CREATE ON DATABASE ' || current_database() || ' TO {role}'; END $$"
    );
    database.run(&grant).await;
    let registry = three(AUTH, LONELY, TENANT);
    let migrator = Migrator::with_options(registry, jobs(4));
    let report = limited.up_with(migrator, Target::all()).await;
    assert_eq!(report.expect("it runs").done.len(), 4);
}

#[tokio::test]
async fn reverts_run_side_by_side_too() {
    let database = Database::new().await;
    let gate = Gate::closed(&database).await;
    let down = |table: &str| at_gate(&format!("DROP TABLE {table};"));
    let registry = registry(&[
        ("core", 1, "CREATE TABLE c (x int);", "DROP TABLE c;"),
        ("auth", 2, AUTH, &down("a")),
        ("tenant", 3, TENANT, &down("t")),
    ]);
    database.up(registry).await.expect("it runs");
    let migrator = Migrator::with_options(registry, jobs(2));
    let run = tokio::spawn({
        let database = database.clone();
        async move { database.down_with(migrator, Target::all()).await }
    });
    gate.reached_by(2).await;
    gate.open().await;
    let report = ended(run).await.expect("it runs");
    assert_eq!(done(&report), ["tenant/3", "auth/2", "core/1"]);
    assert_eq!(database.recorded().await, Vec::<String>::new());
}

#[tokio::test]
async fn the_last_commit_of_every_connection_is_durable() {
    let database = Database::new().await;
    database.set("synchronous_commit = on").await;
    // A deferred trigger runs in the commit, and sees the commit's setting.
    database
        .run(
            "CREATE TABLE settings (service text, setting text); \
             CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN \
               INSERT INTO public.settings VALUES (TG_TABLE_NAME, current_setting('synchronous_commit')); \
               RETURN NULL; END $$;",
        )
        .await;
    let noted = |table: &str| {
        format!(
            "CREATE TABLE {table} (x int); CREATE CONSTRAINT TRIGGER n AFTER INSERT ON {table} \
             DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION note(); \
             INSERT INTO {table} VALUES (1);"
        )
    };
    let again = |table: &str| format!("INSERT INTO {table} VALUES (2);");
    let registry = registry(&[
        ("auth", 1, &noted("a"), "SELECT 1;"),
        ("auth", 2, &again("a"), "SELECT 1;"),
        ("tenant", 1, &noted("t"), "SELECT 1;"),
        ("tenant", 2, &again("t"), "SELECT 1;"),
    ]);
    let migrator = Migrator::with_options(registry, jobs(2));
    let report = database.up_with(migrator, Target::all()).await;
    assert_eq!(report.expect("it runs").done.len(), 4);
    let rows = database
        .rows("SELECT service, setting FROM settings ORDER BY service, setting")
        .await;
    assert_eq!(rows, ["a|off", "a|on", "t|off", "t|on"]);
}
