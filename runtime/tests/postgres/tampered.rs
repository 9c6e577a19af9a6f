//! Histories that somebody has altered by hand. A run refuses such a history with a clear error,
//! or works with it, but never alters it further.

use std::time::Duration;

use migrator_runtime::{
    Direction, Error, ErrorKind, Migrator, Outcome, Registry, Report, Selection, State, Target,
};

use super::support::{Database, core, done, registry, version, within};

/// Two migrations, one of which is applied.
fn scripts() -> &'static Registry {
    registry(&[
        ("core", 1, "CREATE TABLE a ();", "DROP TABLE a;"),
        ("core", 2, "CREATE TABLE b ();", "DROP TABLE b;"),
    ])
}

async fn altered(change: &str) -> Database {
    let database = Database::new().await;
    let first = registry(&[("core", 1, "CREATE TABLE a ();", "DROP TABLE a;")]);
    database.up(first).await.expect("it runs");
    database.run(change).await;
    database
}

/// Everything in the history's schema, and the tables of the database.
async fn snapshot(database: &Database) -> Vec<String> {
    let tables = "SELECT c.oid::regclass, c.relkind, a.attname, a.atttypid::regtype \
                  FROM pg_class c LEFT JOIN pg_attribute a ON a.attrelid = c.oid \
                    AND a.attnum > 0 AND NOT a.attisdropped \
                  WHERE c.relnamespace IN ('public'::regnamespace, \
                    coalesce(to_regnamespace('migrator'), 0)) ORDER BY 1, a.attnum";
    let mut snapshot = database.rows(tables).await;
    for table in ["format", "history"] {
        let there = format!("SELECT to_regclass('migrator.{table}') IS NOT NULL");
        if database.value(&there).await == "t" {
            let rows = format!("SELECT t::text FROM migrator.{table} t ORDER BY 1");
            snapshot.extend(database.rows(&rows).await);
        }
    }
    snapshot
}

fn why(error: &Error) -> String {
    if let ErrorKind::History { why, .. } = &*error.kind {
        why.clone()
    } else if let ErrorKind::Script(fault) = &*error.kind {
        fault.message.clone()
    } else {
        error.to_string()
    }
}

/// Asserts that `up` and `down` fail with the same error and change nothing.
async fn assert_refused(change: &str, code: &str, message: &str) {
    let database = altered(change).await;
    let before = snapshot(&database).await;
    for outcome in [database.up(scripts()).await, database.down(scripts()).await] {
        let error = outcome.expect_err(change);
        assert_eq!(error.code().to_string(), code, "{change}: {error:?}");
        assert!(why(&error).contains(message), "{change}: {}", why(&error));
        assert!(!error.help().is_empty());
        assert!(error.report.done.is_empty());
    }
    assert_eq!(snapshot(&database).await, before, "{change}");
}

#[tokio::test]
async fn a_schema_without_the_tables_of_a_history_is_refused() {
    for (change, message) in [
        (
            "ALTER TABLE migrator.history DROP COLUMN fingerprint",
            "column \"fingerprint\" does not exist",
        ),
        (
            "ALTER TABLE migrator.history RENAME name TO title",
            "column \"name\" does not exist",
        ),
        (
            "ALTER TABLE migrator.history ALTER requires DROP DEFAULT, \
             ALTER requires TYPE text USING ''",
            // Each read calls a function of arrays: `array_to_string` or `hash_array_extended`.
            "(text, ",
        ),
        (
            "DROP TABLE migrator.history CASCADE",
            "relation \"migrator.history\" does not exist",
        ),
        (
            "ALTER TABLE migrator.history ALTER name DROP NOT NULL; \
             UPDATE migrator.core_history SET name = NULL",
            "malformed: core_history, 20240101000001, NULL",
        ),
        (
            "ALTER TABLE migrator.core_history DROP CONSTRAINT core_history_pkey; \
             ALTER TABLE migrator.history DROP CONSTRAINT history_pkey, \
               ALTER version DROP NOT NULL; \
             ALTER TABLE migrator.core_history ALTER version DROP NOT NULL; \
             UPDATE migrator.core_history SET version = NULL",
            "malformed: core_history, NULL, c000001a_m1",
        ),
        (
            "ALTER TABLE migrator.history DROP CONSTRAINT history_dirty_check; \
             UPDATE migrator.core_history SET dirty = 'sideways'",
            "malformed: core_history, 20240101000001, c000001a_m1",
        ),
    ] {
        assert_refused(change, "M0505", message).await;
    }
}

#[tokio::test]
async fn a_relation_with_the_name_of_a_service_table_is_refused() {
    let change = "CREATE TABLE migrator.kept AS TABLE migrator.core_history; \
                  DROP TABLE migrator.core_history; \
                  CREATE VIEW migrator.core_history AS TABLE migrator.kept";
    let database = altered(change).await;
    let before = snapshot(&database).await;
    let error = database.up(scripts()).await.expect_err("it is a view");
    assert_eq!(error.code().to_string(), "M0505");
    assert_eq!(why(&error), "relation \"core_history\" already exists");
    assert_eq!(snapshot(&database).await, before);
}

#[tokio::test]
async fn an_error_of_the_record_is_not_reported_for_the_script() {
    for (change, message) in [
        (
            "TRUNCATE migrator.event; ALTER TABLE migrator.event ADD ticket text NOT NULL",
            "null value in column \"ticket\" of relation \"event\" violates not-null constraint",
        ),
        (
            "DROP TABLE migrator.event",
            "relation \"migrator.event\" does not exist",
        ),
    ] {
        assert_refused(change, "M0505", message).await;
        let database = altered(change).await;
        let error = database.up(scripts()).await.expect_err(change);
        let expected =
            format!("`core/20240101000002_c000002a_m2` could not be recorded: {message}");
        assert_eq!(error.to_string(), expected);
    }
}

#[tokio::test]
async fn up_refuses_a_script_that_differs_from_the_applied_one() {
    for (column, value) in [
        ("name", "'c000001a_other'"),
        ("name", "''"),
        ("checksum", "'1', fingerprint = NULL"),
        ("checksum", "'x', fingerprint = repeat('f', 16)"),
    ] {
        let change = format!("UPDATE migrator.core_history SET {column} = {value}");
        let database = altered(&change).await;
        let before = snapshot(&database).await;
        let error = database.up(scripts()).await.expect_err(&change);
        assert_eq!(error.code().to_string(), "M0401", "{change}");
        assert_eq!(snapshot(&database).await, before);
    }
}

#[tokio::test]
async fn an_entry_with_an_altered_version_is_missing() {
    for other in ["7", "-1", "9223372036854775807", "20240101000003"] {
        let change = format!("UPDATE migrator.core_history SET version = {other}");
        let database = altered(&change).await;
        let before = snapshot(&database).await;
        let error = database.up(scripts()).await.expect_err(&change);
        assert_eq!(error.code().to_string(), "M0402", "{other}: {error:?}");
        assert_eq!(snapshot(&database).await, before);
        let client = database.client().await;
        let migrator = Migrator::new(scripts());
        let status = migrator.status(&client, &Selection::All).await;
        let status = status.expect("a status");
        let of_core = status.services.iter().flat_map(|s| &s.migrations);
        assert!(of_core.into_iter().any(|m| m.state == State::Missing));
    }
}

#[tokio::test]
async fn a_migration_whose_entry_was_deleted_is_pending_and_its_script_fails() {
    let change = "DELETE FROM migrator.core_history";
    assert_refused_upward(change, "relation \"a\" already exists").await;
    assert_refused_upward(
        "DROP TABLE migrator.core_history",
        "relation \"a\" already exists",
    )
    .await;
}

async fn assert_refused_upward(change: &str, message: &str) {
    let database = altered(change).await;
    let error = database.up(scripts()).await.expect_err(change);
    assert_eq!(error.code().to_string(), "M0501");
    assert_eq!(why(&error), message);
    assert_eq!(database.recorded().await, [""; 0]);
    assert_eq!(database.value("SELECT to_regclass('b')").await, "NULL");
}

#[tokio::test]
async fn harmless_changes_of_the_history_do_not_stop_a_run() {
    for change in [
        "ALTER TABLE migrator.history ADD note text DEFAULT 'n'",
        "CREATE TABLE migrator.ghost_history (PRIMARY KEY (version)) \
           INHERITS (migrator.history); \
         INSERT INTO migrator.ghost_history (version, name, applied_on, checksum) \
           VALUES (20240101000001, 'abcdef01_ghost', 'long ago', '1')",
        "CREATE TABLE migrator.mine (id int)",
        "ALTER TABLE migrator.history ALTER name TYPE text, ALTER checksum TYPE text",
        "UPDATE migrator.core_history SET applied_on = 'yesterday'",
    ] {
        let database = altered(change).await;
        let client = database.client().await;
        let migrator = Migrator::new(scripts());
        let status = migrator.status(&client, &Selection::All).await;
        assert!(!status.expect(change).is_current());
        let report = database.up(scripts()).await.expect(change);
        assert_eq!(done(&report), ["core/2"], "{change}");
        let target = Target::service("core");
        let migrator = Migrator::new(scripts());
        let report = database.down_with(migrator, target).await.expect(change);
        assert_eq!(report.done.len(), 2, "{change}");
    }
}

/// Every operation of a migrator, on a history of another format.
async fn assert_refused_by_all(database: &Database) {
    let before = snapshot(database).await;
    let mut client = database.client().await;
    let mut migrator = Migrator::new(scripts());
    let target = Target::all();
    let mut refused: Vec<(&str, Error)> = Vec::new();
    let up = migrator.up(&mut client, target.clone());
    refused.push(("up", within("up", up).await.expect_err("up")));
    let down = migrator.down(&mut client, target.clone());
    refused.push(("down", within("down", down).await.expect_err("down")));
    for direction in [Direction::Up, Direction::Down] {
        let plan = migrator.plan(&client, direction, &target).await;
        refused.push(("plan", plan.map(drop).expect_err("plan")));
    }
    let status = migrator.status(&client, &Selection::All).await;
    refused.push(("status", status.expect_err("status")));
    let state = migrator.state(&client, &target).await;
    refused.push(("state", state.expect_err("state")));
    let recorded = migrator.recorded(&client).await;
    refused.push(("recorded", recorded.expect_err("recorded")));
    let wait = migrator.wait_until_current(&mut client, &target, Duration::from_secs(60));
    refused.push(("wait", within("wait", wait).await.expect_err("wait")));
    for outcome in [Outcome::Applied, Outcome::Reverted] {
        let repair = migrator.repair(&mut client, "core", version(1), outcome);
        let repair = within("repair", repair).await;
        refused.push(("repair", repair.map(drop).expect_err("repair")));
    }
    for (what, error) in refused {
        assert_eq!(error.code().to_string(), "M0504", "{what}: {error:?}");
        assert_eq!(
            error.to_string(),
            "the history has format 3, which needs migrator 0.9.0; this binary knows formats up \
             to 2"
        );
        assert_eq!(
            error.help(),
            "run a binary that was built with migrator 0.9.0 or later"
        );
    }
    assert_eq!(snapshot(database).await, before);
}

#[tokio::test]
async fn every_operation_refuses_a_history_of_a_newer_format() {
    for change in [
        "UPDATE migrator.format SET format = 3, needs = '0.9.0'",
        // A history whose tables are different.
        "UPDATE migrator.format SET format = 3, needs = '0.9.0'; DROP TABLE migrator.event; \
         DROP TABLE migrator.history CASCADE; CREATE TABLE migrator.entry (id int)",
        "UPDATE migrator.format SET format = 3, needs = '0.9.0'; \
         ALTER TABLE migrator.history RENAME version TO number",
        // A history whose tables have other keys than this version would add.
        "UPDATE migrator.format SET format = 3, needs = '0.9.0'; \
         ALTER TABLE migrator.history DROP CONSTRAINT history_pkey",
    ] {
        assert_refused_by_all(&altered(change).await).await;
    }
}

#[tokio::test]
async fn a_registry_without_the_service_leaves_its_entries_alone() {
    let database = altered("SELECT 1").await;
    let report: Report = database
        .up(core(&["CREATE TABLE a ();"]))
        .await
        .expect("it runs");
    assert!(report.done.is_empty());
    let other = registry(&[("lonely", 1, "CREATE TABLE l ();", "DROP TABLE l;")]);
    let target = Target::service("lonely");
    let report = database.up_with(Migrator::new(other), target).await;
    assert_eq!(done(&report.expect("it runs")), ["lonely/1"]);
    assert_eq!(database.recorded().await, ["core/1", "lonely/1"]);
}
