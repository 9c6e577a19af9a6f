//! The tables of the history, and runs that write nothing.

use migrator_runtime::{Direction, ErrorKind, Migrator, Options, Selection, Target};

use super::TWO;
use crate::support::{Database, core, registry, stem, with_events};

#[tokio::test]
async fn the_history_can_lie_in_any_schema() {
    for schema in [
        "other",
        "Ünder \"score\"; DROP TABLE a; --",
        "it's $m$ $mm",
        "SELECT",
        "a.b",
    ] {
        let database = Database::new().await;
        let registry = registry(&TWO);
        let options = Options::default().schema(schema.to_owned());
        let migrator = || Migrator::with_options(registry, options.clone());
        let report = database
            .up_with(migrator(), Target::all())
            .await
            .expect(schema);
        assert_eq!(report.done.len(), 3);
        let again = database
            .up_with(migrator(), Target::all())
            .await
            .expect(schema);
        assert!(again.done.is_empty(), "{schema}");
        let quoted = schema.replace('"', "\"\"");
        let count = format!("SELECT count(*) FROM \"{quoted}\".history");
        assert_eq!(database.value(&count).await, "3");
        database
            .down_with(migrator(), Target::all())
            .await
            .expect(schema);
        assert_eq!(database.value(&count).await, "0");
    }
}

#[tokio::test]
async fn a_history_of_another_format_is_refused_and_left_alone() {
    let database = Database::new().await;
    database.up(core(&["SELECT 1;"])).await.expect("it runs");
    for (format, shown) in [
        (
            "UPDATE migrator.format SET format = 3, needs = '0.9.0'",
            "the history has format 3, which needs migrator 0.9.0; this binary knows formats up \
             to 2",
        ),
        (
            "DELETE FROM migrator.format",
            "the history does not say its format: its table `format` must have one row",
        ),
    ] {
        database.run(format).await;
        let error = database
            .up(core(&["SELECT 1;", "SELECT 2;"]))
            .await
            .expect_err(format);
        assert_eq!(error.code().to_string(), "M0504");
        assert_eq!(error.to_string(), shown);
        assert_eq!(database.recorded().await, ["core/1"]);
    }
}

#[tokio::test]
async fn a_row_changed_by_hand_is_named() {
    for change in [
        "ALTER TABLE migrator.history DROP CONSTRAINT history_dirty_check; \
         UPDATE migrator.core_history SET dirty = 'sideways'",
        "UPDATE migrator.core_history SET fingerprint = 'x'",
        "UPDATE migrator.core_history SET requires = '{core}'",
        "INSERT INTO migrator.history SELECT * FROM migrator.core_history",
    ] {
        let database = Database::new().await;
        database.up(core(&["SELECT 1;"])).await.expect("it runs");
        database.run(change).await;
        let error = database.up(core(&["SELECT 1;"])).await.expect_err(change);
        assert_eq!(error.code().to_string(), "M0505", "{change}");
        assert_eq!(error.to_string(), "reading the history failed");
        let ErrorKind::History { why, .. } = &*error.kind else {
            panic!("{error:?}")
        };
        assert!(why.contains("c000001a_m1"), "{why}");
    }
}

#[tokio::test]
async fn neither_a_plan_nor_a_status_writes_anything() {
    let database = Database::new().await;
    // Any write would fail.
    database.set("default_transaction_read_only = on").await;
    let registry = registry(&TWO);
    let client = database.client().await;
    let migrator = Migrator::new(registry);
    for direction in [Direction::Up, Direction::Down] {
        let plan = migrator.plan(&client, direction, &Target::all()).await;
        plan.expect("a plan");
    }
    let status = migrator
        .status(&client, &Selection::All)
        .await
        .expect("a status");
    assert!(!status.is_current());
    let schema = "SELECT count(*) FROM pg_namespace WHERE nspname = 'migrator'";
    assert_eq!(database.value(schema).await, "0");
}

#[tokio::test]
async fn with_nothing_pending_a_run_writes_nothing_and_takes_no_lock() {
    let database = Database::new().await;
    let registry = registry(&TWO);
    let (limited, role) = database.as_new_role().await;
    database
        .run(&format!(
            "CREATE SCHEMA migrator AUTHORIZATION {role}; GRANT ALL ON SCHEMA public TO {role}"
        ))
        .await;
    limited.up(registry).await.expect("it runs");
    // No second connection can be opened, so that no lock can be taken. Any write would fail.
    database
        .run(&format!("ALTER ROLE {role} CONNECTION LIMIT 1"))
        .await;
    database.set("default_transaction_read_only = on").await;
    let sessions = format!("SELECT count(*) FROM pg_stat_activity WHERE usename = '{role}'");
    database.until(&sessions, "0").await;
    let (migrator, events) = with_events(registry, Options::default());
    let report = limited
        .up_with(migrator, Target::all())
        .await
        .expect("nothing is to be done");
    assert!(report.done.is_empty());
    assert_eq!(*events.all.lock().expect("nobody panics"), ["planned 0"]);
}

#[tokio::test]
async fn a_schema_made_beforehand_is_used() {
    let database = Database::new().await;
    let (limited, role) = database.as_new_role().await;
    let error = limited
        .up(core(&["SELECT 1;"]))
        .await
        .expect_err("it may not make a schema");
    assert_eq!(error.code().to_string(), "M0505");
    assert_eq!(error.to_string(), "creating the history's tables failed");
    let ErrorKind::History { why, .. } = &*error.kind else {
        panic!("{error:?}")
    };
    assert!(why.starts_with("permission denied for database"), "{why}");
    assert!(error.help().contains("CREATE"), "{}", error.help());
    database
        .run(&format!(
            "CREATE SCHEMA migrator AUTHORIZATION {role}; COMMENT ON SCHEMA migrator IS 'ours'"
        ))
        .await;
    limited.up(core(&["SELECT 1;"])).await.expect("it runs");
    let comment = "SELECT obj_description('migrator'::regnamespace)";
    assert_eq!(database.value(comment).await, "ours");
    assert_eq!(
        database.value("SELECT role FROM migrator.event").await,
        role
    );
    assert!(stem("core", 1).ends_with("c000001a_m1"));
}
