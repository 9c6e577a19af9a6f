//! A history of format 1: every command reads it, and the first change upgrades it.

use std::time::Duration;

use migrator_runtime::history::{FORMAT, Origin};
use migrator_runtime::{
    Direction, ErrorKind, Migrator, Options, Outcome, Registry, Selection, Target,
};

use super::support::{Database, core, done, fault, registry, rows, telling, within};

const FIRST: &str = "CREATE TABLE a (id int);";

/// Turns tables of today into tables of format 1, as the first builds created them.
const DOWNGRADE: &str = "ALTER TABLE migrator.history DROP COLUMN origin, \
       DROP CONSTRAINT history_pkey; \
     ALTER TABLE migrator.format DROP COLUMN needs; \
     UPDATE migrator.format SET format = 1;";

/// The additions of later builds of format 1.
const PARENT_KEY: &str = "ALTER TABLE migrator.history ADD PRIMARY KEY (version);";

const FORMATS: &str = "SELECT format FROM migrator.format";

/// `core/1` is applied, in a history of format 1.
async fn format_1() -> Database {
    let database = Database::new().await;
    database.up(core(&[FIRST])).await.expect("it runs");
    database.run(DOWNGRADE).await;
    database
}

/// `core/1`, and one migration of another service.
fn with(service: &str, up: &str) -> &'static Registry {
    registry(&[
        ("core", 1, FIRST, "SELECT 1;"),
        (service, 2, up, "SELECT 1;"),
    ])
}

/// Everything that `pg_dump` would print about the history's schema, in a fixed order.
async fn definition(database: &Database) -> Vec<String> {
    let tables = "FROM pg_class c WHERE c.relnamespace = 'migrator'::regnamespace \
                  AND c.relkind = 'r'";
    let mut definition = Vec::new();
    for query in [
        format!(
            "SELECT c.relname, c.relowner::regrole, c.relacl, obj_description(c.oid, 'pg_class'), \
               (SELECT inhparent::regclass FROM pg_inherits WHERE inhrelid = c.oid) {tables}"
        ),
        format!(
            "SELECT c.relname, a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull, \
               a.attidentity, a.attislocal, a.attinhcount, a.attacl, \
               pg_get_expr(d.adbin, d.adrelid) \
             FROM pg_attribute a JOIN (SELECT c.oid, c.relname {tables}) c ON c.oid = a.attrelid \
             LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum \
             WHERE a.attnum > 0 AND NOT a.attisdropped"
        ),
        format!(
            "SELECT k.conrelid::regclass, k.conname, pg_get_constraintdef(k.oid), k.conislocal, \
               k.coninhcount FROM pg_constraint k WHERE k.conrelid IN (SELECT c.oid {tables})"
        ),
        format!(
            "SELECT pg_get_indexdef(i.indexrelid) FROM pg_index i \
             WHERE i.indrelid IN (SELECT c.oid {tables})"
        ),
        "SELECT * FROM migrator.format".to_owned(),
    ] {
        let query = format!("SELECT t::text FROM ({query}) t ORDER BY 1");
        definition.extend(database.rows(&query).await);
    }
    definition
}

#[tokio::test]
async fn every_reader_reads_format_1_and_none_upgrades_it() {
    let database = format_1().await;
    database.set("default_transaction_read_only = on").await;
    let registry = with("tenant", "SELECT 1;");
    let mut client = database.client().await;
    let (mut migrator, target) = (Migrator::new(registry), Target::all());
    let status = migrator.status(&client, &Selection::All).await;
    assert!(!status.expect("a status").is_current());
    for direction in [Direction::Up, Direction::Down] {
        let plan = migrator.plan(&client, direction, &target).await;
        assert_eq!(plan.expect("a plan").steps.len(), 1);
    }
    migrator.state(&client, &target).await.expect("a state");
    let recorded = migrator.recorded(&client).await;
    assert_eq!(recorded.expect("they are read").len(), 1);
    let edits = migrator.edits(&client, "core", None).await;
    assert_eq!(edits.expect("they are read").len(), 0);
    let history = migrator.history(&client).await.expect("a history");
    assert_eq!(history.format(), Some(1));
    assert!(
        history
            .entries()
            .all(|entry| entry.origin == Origin::Applied)
    );
    // Nothing is pending, so nothing is written.
    let run = within("up", migrator.up(&mut client, Target::service("core"))).await;
    assert_eq!(done(&run.expect("nothing is pending")), [""; 0]);
    assert_eq!(database.value(FORMATS).await, "1");
}

#[tokio::test]
async fn an_upgraded_history_is_the_same_as_a_new_one() {
    let registry = with("tenant", "SELECT 1;");
    for older in ["", PARENT_KEY] {
        let (new, upgraded) = (Database::new().await, format_1().await);
        new.up(core(&[FIRST])).await.expect("it runs");
        upgraded.run(older).await;
        for database in [&new, &upgraded] {
            database.up(registry).await.expect("it runs");
        }
        assert_eq!(definition(&upgraded).await, definition(&new).await);
        let origins = "SELECT version - 20240101000000, origin FROM migrator.history ORDER BY 1";
        assert_eq!(upgraded.rows(origins).await, ["1|applied", "2|applied"]);
        let needs = "SELECT format, needs FROM migrator.format";
        assert_eq!(upgraded.value(needs).await, format!("{FORMAT}|0.1.0"));
        let client = upgraded.client().await;
        let history = Migrator::new(registry).history(&client).await;
        assert_eq!(history.expect("a history").format(), Some(FORMAT));
    }
}

#[tokio::test]
async fn an_upgrade_adds_every_key_that_is_missing_and_keeps_owners_grants_and_comments() {
    let database = format_1().await;
    let (_, role) = database.as_new_role().await;
    database
        .run(&format!(
            "ALTER TABLE migrator.event DROP CONSTRAINT event_pkey; \
             ALTER TABLE migrator.format DROP CONSTRAINT format_pkey; \
             ALTER TABLE migrator.core_history DROP CONSTRAINT core_history_pkey; \
             GRANT SELECT ON ALL TABLES IN SCHEMA migrator TO {role}; \
             COMMENT ON TABLE migrator.event IS 'ours'"
        ))
        .await;
    let kept = "SELECT relname, relowner, relacl, obj_description(oid, 'pg_class'), \
                  (SELECT inhparent::regclass FROM pg_inherits WHERE inhrelid = c.oid) \
                FROM pg_class c WHERE relnamespace = 'migrator'::regnamespace AND relkind = 'r' \
                ORDER BY 1";
    let before = database.rows(kept).await;
    let report = database.up(core(&[FIRST, "SELECT 2;"])).await;
    assert_eq!(done(&report.expect("it runs")), ["core/2"]);
    assert_eq!(database.rows(kept).await, before);
    let keys = "SELECT conrelid::regclass, pg_get_constraintdef(oid) FROM pg_constraint \
                WHERE contype = 'p' AND connamespace = 'migrator'::regnamespace ORDER BY 1::text";
    assert_eq!(
        database.rows(keys).await,
        [
            "migrator.core_history|PRIMARY KEY (version)",
            "migrator.event|PRIMARY KEY (id)",
            "migrator.format|PRIMARY KEY (format)",
            "migrator.history|PRIMARY KEY (version)",
        ]
    );
}

#[tokio::test]
async fn down_repair_and_accept_upgrade_too() {
    let database = format_1().await;
    let report = database.down(core(&[FIRST])).await.expect("it runs");
    assert_eq!(done(&report), ["core/1"]);
    assert_eq!(database.value(FORMATS).await, "2");

    let database = format_1().await;
    let dirty = "UPDATE migrator.core_history SET dirty = 'up'";
    database.run(dirty).await;
    let repair = database.repair(core(&[FIRST]), 1, Outcome::Applied).await;
    repair.expect("it is recorded");
    assert_eq!(database.value(FORMATS).await, "2");
    assert_eq!(database.recorded().await, ["core/1"]);

    let database = format_1().await;
    let mut migrator = Migrator::new(core(&["CREATE TABLE a (id int, name text);"]));
    let mut client = database.client().await;
    let edits = migrator.edits(&client, "core", None).await;
    let edits = edits.expect("they are read");
    assert_eq!(edits.len(), 1);
    let accepted = within("accept", migrator.accept(&mut client, &edits)).await;
    accepted.expect("it is recorded");
    assert_eq!(database.value(FORMATS).await, "2");
}

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
    let (mut migrator, mut told) = telling(with("lonely", "SELECT 1;"), Options::default());
    let mut client = database.client().await;
    let step = async {
        let held = told.next("held behind `older` (pid ").await;
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
    let (mut migrator, mut told) = telling(registry, Options::default());
    let mut client = database.client().await;
    let lose = async {
        told.next("held behind").await;
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

#[tokio::test]
async fn a_role_that_does_not_own_the_tables_gets_an_error_that_says_so() {
    let database = format_1().await;
    let (limited, role) = database.as_new_role().await;
    database
        .run(&format!(
            "GRANT USAGE ON SCHEMA migrator TO {role}; \
             GRANT ALL ON ALL TABLES IN SCHEMA migrator TO {role}"
        ))
        .await;
    let error = limited.up(core(&[FIRST, "SELECT 2;"])).await;
    let error = error.expect_err("it is not the owner");
    assert_eq!(error.code().to_string(), "M0505");
    let ErrorKind::History { why, .. } = &*error.kind else {
        panic!("{error:?}")
    };
    assert_eq!(why, "must be owner of table format");
    assert!(error.help().contains("own the history's schema and tables"));
    assert_eq!(database.value(FORMATS).await, "1");
}

#[tokio::test]
async fn a_newer_format_is_reported_before_its_additional_columns() {
    let newer = "UPDATE migrator.format SET format = 3, needs = '0.9.0'; \
                 ALTER TABLE migrator.history ADD CHECK (version > 0)";
    for (change, code) in [
        (newer, "M0504"),
        // This version knows the format, but lacks the check.
        (
            "ALTER TABLE migrator.history ADD CHECK (version > 0)",
            "M0526",
        ),
        // The format itself cannot be trusted.
        (
            "UPDATE migrator.format SET format = 3; \
             ALTER TABLE migrator.format ADD CHECK (format > 0)",
            "M0526",
        ),
    ] {
        let database = Database::new().await;
        database.up(core(&[FIRST])).await.expect("it runs");
        database.run(change).await;
        let outcome = database.up(core(&[FIRST, "SELECT 2;"])).await;
        let error = outcome.expect_err(change);
        assert_eq!(error.code().to_string(), code, "{change}");
        assert_eq!(database.recorded().await, ["core/1"]);
    }
}

#[tokio::test]
async fn an_origin_that_no_version_writes_is_malformed() {
    let database = Database::new().await;
    database.up(core(&[FIRST])).await.expect("it runs");
    let client = database.client().await;
    let migrator = Migrator::new(core(&[FIRST]));
    for (word, origin) in [
        ("baseline", Origin::Baseline),
        ("adopted", Origin::Adopted),
        ("applied", Origin::Applied),
    ] {
        let change = format!("UPDATE migrator.core_history SET origin = '{word}'");
        database.run(&change).await;
        let history = migrator.history(&client).await.expect("a history");
        assert!(history.entries().all(|entry| entry.origin == origin));
    }
    let change = "UPDATE migrator.core_history SET origin = 'found'";
    database.run(change).await;
    let error = migrator.history(&client).await.expect_err("it is unknown");
    assert_eq!(error.code().to_string(), "M0505");
}

#[tokio::test]
async fn a_step_that_fails_leaves_the_history_upgraded() {
    let database = format_1().await;
    let broken = core(&[FIRST, "SELECT 1/0;"]);
    let fault = fault(database.up(broken).await);
    assert_eq!(fault.message, "division by zero");
    assert_eq!(database.value(FORMATS).await, "2");
    assert_eq!(database.events().await, ["apply core/1", "failure core/2"]);
}

#[tokio::test]
async fn a_column_of_somebody_else_named_origin_is_left_alone() {
    let database = format_1().await;
    let change = "ALTER TABLE migrator.history ADD origin int DEFAULT 7";
    database.run(change).await;
    let client = database.client().await;
    let migrator = Migrator::new(core(&[FIRST, "SELECT 2;"]));
    let status = migrator.status(&client, &Selection::All).await;
    status.expect("a status");
    let error = database.up(core(&[FIRST, "SELECT 2;"])).await;
    let error = error.expect_err("the name is taken");
    assert_eq!(error.to_string(), "upgrading the history failed");
    let origins = "SELECT origin FROM migrator.core_history";
    assert_eq!(database.value(origins).await, "7");
    assert_eq!(database.value(FORMATS).await, "1");
}
