//! Roles and databases that are set up in their own way.

use migrator_runtime::ErrorKind;

use super::support::{Database, core, done};

#[tokio::test]
async fn a_serializable_default_changes_nothing() {
    for level in ["serializable", "repeatable read"] {
        let database = Database::new().await;
        database
            .set(&format!("default_transaction_isolation = '{level}'"))
            .await;
        let registry = core(&[
            "CREATE TABLE a ();",
            "-- migrator: no-transaction\nCREATE TABLE b ();",
        ]);
        database.up(registry).await.expect(level);
        let report = database.down(registry).await.expect(level);
        assert_eq!(report.done.len(), 2);
    }
}

#[tokio::test]
async fn a_database_that_is_read_only_by_default_is_not_written_to() {
    let database = Database::new().await;
    database.set("default_transaction_read_only = on").await;
    let error = database
        .up(core(&["SELECT 1;"]))
        .await
        .expect_err("it is read-only");
    assert_eq!(error.code().to_string(), "M0505");
    let ErrorKind::History { why, .. } = &*error.kind else {
        panic!("{error:?}")
    };
    assert_eq!(
        why,
        "cannot execute CREATE SCHEMA in a read-only transaction"
    );
}

#[tokio::test]
async fn a_roles_timeouts_do_not_reach_the_lock() {
    let database = Database::new().await;
    database
        .set("idle_in_transaction_session_timeout = '1ms'")
        .await;
    database.set("statement_timeout = '20s'").await;
    let scripts = ["SELECT pg_sleep(0.05);", "SELECT pg_sleep(0.05);"];
    let report = database.up(core(&scripts)).await.expect("the lock is kept");
    assert_eq!(done(&report), ["core/1", "core/2"]);
}

#[tokio::test]
async fn a_role_that_may_not_read_the_history_is_told_so() {
    let database = Database::new().await;
    database.up(core(&["SELECT 1;"])).await.expect("it runs");
    let (limited, _) = database.as_new_role().await;
    let error = limited
        .up(core(&["SELECT 1;"]))
        .await
        .expect_err("it may not");
    assert_eq!(error.to_string(), "reading the history failed");
    let ErrorKind::History { why, .. } = &*error.kind else {
        panic!("{error:?}")
    };
    assert_eq!(why, "permission denied for schema migrator");
}

#[tokio::test]
async fn the_tables_are_owned_by_the_role_that_the_sessions_start_with() {
    let database = Database::new().await;
    let (_, role) = database.as_new_role().await;
    database
        .run(&format!("CREATE SCHEMA migrator AUTHORIZATION {role}"))
        .await;
    database.set(&format!("role = '{role}'")).await;
    database
        .up(core(&["RESET ROLE; SET ROLE pg_monitor;", "SELECT 1;"]))
        .await
        .expect("it runs");
    let owner = "SELECT DISTINCT relowner::regrole FROM pg_class \
                 WHERE relnamespace = 'migrator'::regnamespace AND relkind = 'r'";
    assert_eq!(database.value(owner).await, role);
    assert_eq!(
        database
            .value("SELECT DISTINCT role FROM migrator.event")
            .await,
        role
    );
}
