//! A role whose search path has a schema before `pg_catalog` that shadows the whole catalog.
//! Nothing in that schema is ever called.

use std::time::Duration;

use migrator_runtime::{
    DatabaseState, Direction, Migrator, Options, Outcome, Registry, Selection, Target,
};

use super::support::{AT_GATE, Database, Gate, done, registry, version, with_events, within};

const EVIL: &str = include_str!("../hostile.sql");

/// As a superuser, and as the role with the hostile path.
async fn databases() -> (Database, Database) {
    let database = Database::new().await;
    database.run(EVIL).await;
    let (limited, role) = database.as_new_role().await;
    let (_, name) = database.url.rsplit_once('/').expect("a name");
    database
        .run(&format!(
            "GRANT ALL ON DATABASE {name} TO {role}; CREATE SCHEMA own AUTHORIZATION {role};\
             ALTER ROLE {role} IN DATABASE {name} SET search_path = evil, pg_catalog"
        ))
        .await;
    (database, limited)
}

/// Scripts that qualify every name with its schema.
fn scripts() -> &'static Registry {
    registry(&[
        (
            "core",
            1,
            "CREATE TABLE own.a (id integer);",
            "DROP TABLE own.a;",
        ),
        (
            "core",
            2,
            "-- migrator: no-transaction\nCREATE INDEX CONCURRENTLY i ON own.a (id);",
            "-- migrator: no-transaction\nDROP INDEX CONCURRENTLY own.i;",
        ),
        (
            "tenant",
            3,
            "-- migrator: requires core/20240101000002\nCREATE TABLE own.c (id integer);",
            "DROP TABLE own.c;",
        ),
    ])
}

#[tokio::test]
async fn the_hostile_schema_is_hostile() {
    let (_, limited) = databases().await;
    let session = limited.session().await;
    for sql in [
        "SELECT 1 = 1",
        "SELECT c.oid FROM pg_catalog.pg_class c WHERE c.oid = c.relnamespace",
        "SELECT 'a'::pg_catalog.text || 'b'::pg_catalog.text",
        "SELECT now()",
        "SELECT count(*) FROM pg_catalog.pg_class",
        "SELECT * FROM pg_class",
        "SELECT 1::int8",
        "SELECT 1 WHERE 1 IN (1)",
        "SELECT NULLIF(1, 2)",
    ] {
        let outcome = session.simple_query(sql).await;
        outcome.expect_err(sql);
    }
}

#[tokio::test]
async fn nothing_hostile_is_called_by_a_run() {
    let (database, limited) = databases().await;
    let registry = scripts();
    for _ in 0..2 {
        let report = limited.up(registry).await.expect("it runs");
        assert_eq!(done(&report), ["core/1", "core/2", "tenant/3"]);
        assert_eq!(database.recorded().await, ["core/1", "core/2", "tenant/3"]);
        let again = limited.up(registry).await.expect("nothing is to be done");
        assert!(again.done.is_empty());
        let report = limited.down(registry).await.expect("it runs");
        assert_eq!(done(&report), ["tenant/3", "core/2", "core/1"]);
    }
}

#[tokio::test]
async fn nothing_hostile_is_called_when_the_history_is_read() {
    let (_, limited) = databases().await;
    let registry = scripts();
    let migrator = Migrator::new(registry);
    let mut client = limited.client().await;
    let target = Target::all();
    for applied in [0, 3] {
        let status = migrator.status(&client, &Selection::All).await;
        status.expect("a status");
        for direction in [Direction::Up, Direction::Down] {
            let plan = migrator.plan(&client, direction, &target).await;
            plan.expect("a plan");
        }
        let recorded = migrator.recorded(&client).await.expect("a history");
        assert_eq!(recorded.len(), applied);
        let wait = migrator.wait_until_current(&mut client, &target, Duration::ZERO);
        match within("a wait", wait).await {
            Ok(state) => assert_eq!((state, applied), (DatabaseState::Current, 3)),
            Err(error) => assert_eq!((error.code().to_string(), applied), ("M0506".into(), 0)),
        }
        limited.up(registry).await.expect("it runs");
    }
}

#[tokio::test]
async fn nothing_hostile_is_called_when_a_script_fails_or_is_dirty() {
    let (database, limited) = databases().await;
    for mode in ["", "-- migrator: no-transaction\n"] {
        let script = format!("{mode}SELECT 1 OPERATOR(pg_catalog./) 0;");
        let registry = registry(&[("core", 1, &script, "SELECT 1;")]);
        assert_eq!(limited.fault(registry).await.message, "division by zero");
        if !mode.is_empty() {
            let repair = limited.repair(registry, 1, Outcome::Reverted).await;
            repair.expect("it is repaired");
        }
    }
    assert_eq!(
        database.events().await,
        ["failure core/1", "failure core/1", "repair core/1"]
    );
}

#[tokio::test]
async fn nothing_hostile_is_called_by_recorded_scripts() {
    let (_, limited) = databases().await;
    limited.up(scripts()).await.expect("it runs");
    let target = Target::service("tenant");
    let older = Migrator::new(registry(&[]));
    let report = limited.down_with(older, target).await.expect("it runs");
    assert_eq!(done(&report), ["tenant/3"]);
}

#[tokio::test]
async fn nothing_hostile_is_called_while_a_run_waits_for_another() {
    let (database, limited) = databases().await;
    let gate = Gate::closed(&database).await;
    let scripts = registry(&[("core", 1, AT_GATE, "SELECT 1;")]);
    let first = tokio::spawn({
        let limited = limited.clone();
        async move { limited.up(scripts).await }
    });
    gate.reached().await;
    let (migrator, mut events) = with_events(scripts, Options::default());
    let second = tokio::spawn({
        let limited = limited.clone();
        async move { limited.up_with(migrator, Target::all()).await }
    });
    let holder = events.next("waiting").await;
    assert!(holder.starts_with("waiting `migrator` (pid "), "{holder}");
    assert!(holder.contains(" UTC)"), "{holder}");
    let client = limited.client().await;
    let state = Migrator::new(scripts).state(&client, &Target::all()).await;
    assert_eq!(state.expect("a state"), DatabaseState::Behind(1));
    gate.open().await;
    let report = first.await.expect("no panic").expect("it runs");
    assert_eq!(done(&report), ["core/1"]);
    let report = second.await.expect("no panic").expect("it runs");
    assert!(report.done.is_empty());
}

#[tokio::test]
async fn nothing_hostile_is_called_when_a_step_is_resumed() {
    let (database, limited) = databases().await;
    let table = "CREATE TABLE own.a (id integer);";
    let index = "-- migrator: no-transaction\nCREATE UNIQUE INDEX CONCURRENTLY i ON own.a (id);\n\
                 CREATE INDEX CONCURRENTLY j ON own.a (id);";
    let registry = registry(&[
        ("core", 1, table, "DROP TABLE own.a;"),
        ("core", 2, index, "DROP INDEX own.i;"),
    ]);
    let first = Target::service("core").to(version(1));
    let migrator = Migrator::new(registry);
    limited.up_with(migrator, first).await.expect("it runs");
    database.run("INSERT INTO own.a VALUES (1), (1)").await;
    for _ in 0..2 {
        let fault = limited.fault(registry).await;
        assert_eq!(fault.sqlstate.as_deref(), Some("23505"), "{fault:?}");
    }
    database.run("TRUNCATE own.a").await;
    let report = limited.up(registry).await.expect("it is taken up");
    assert_eq!(done(&report), ["core/2"]);
}
