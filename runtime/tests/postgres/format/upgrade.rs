//! What an upgrade of the history does, and when it happens.

use migrator_runtime::history::{FORMAT, Origin};
use migrator_runtime::{Direction, Migrator, Outcome, Selection, Target};

use super::{FIRST, FORMATS, definition, format_1, with};
use crate::support::{Database, core, done, fault, within};

/// The additions of later builds of format 1.
const PARENT_KEY: &str = "ALTER TABLE migrator.history ADD PRIMARY KEY (version);";

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
