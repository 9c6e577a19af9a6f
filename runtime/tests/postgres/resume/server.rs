//! A statement that the server still executes after its client has died.

use std::time::Duration;

use migrator_runtime::{Migrator, Options, Target};

use super::{BUILD, VALID, WAITING, resumed, table, taken_up, writer};
use crate::support::{Database, core, done, with_events, within};

/// As [`half_way`] with `up`, and then the client dies.
async fn dead_half_way(database: &Database, migrator: Migrator) {
    let waits = database.until(WAITING, "1");
    database.dying(migrator, waits).await;
}

#[tokio::test]
async fn a_statement_that_the_server_finishes_after_the_client_died_is_kept() {
    let database = table().await;
    let registry = core(&[BUILD]);
    let writer = writer(&database).await;
    dead_half_way(&database, Migrator::new(registry)).await;

    let (migrator, mut events) = with_events(registry, Options::default());
    let second = tokio::spawn({
        let database = database.clone();
        async move { database.up_with(migrator, Target::all()).await }
    });
    assert!(events.next("still").await.contains("(pid "));
    assert_eq!(database.value(VALID).await, "false", "nobody touched it");
    writer.batch_execute("COMMIT").await.expect("it commits");
    let report = within("the second", second).await.expect("no panic");
    assert_eq!(done(&report.expect("it is finished")), ["core/1"]);
    assert_eq!(
        resumed(&events),
        ["the index `i` is there and valid: it is not built again"]
    );
    assert_eq!(database.value(VALID).await, "true");
}

#[tokio::test]
async fn a_statement_of_another_role_is_found_by_its_lock() {
    let database = table().await;
    let registry = core(&[BUILD]);
    let (mut other, role) = database.as_new_role().await;
    let name = "?application_name=deploy";
    let first = Database::at(database.url.clone() + name);
    other.url += name;
    database
        .run(&format!(
            "ALTER TABLE a OWNER TO {role}; GRANT CREATE ON SCHEMA public TO {role}"
        ))
        .await;
    let writer = writer(&database).await;
    dead_half_way(&first, Migrator::new(registry)).await;
    database
        .run(&format!(
            "GRANT USAGE ON SCHEMA migrator TO {role}; \
             GRANT ALL ON ALL TABLES IN SCHEMA migrator TO {role}"
        ))
        .await;
    let (migrator, mut events) = with_events(registry, Options::default());
    let second = tokio::spawn(async move { other.up_with(migrator, Target::all()).await });
    assert!(events.next("still").await.contains("`deploy`"));
    writer.batch_execute("COMMIT").await.expect("it commits");
    let report = within("the second", second).await.expect("no panic");
    assert_eq!(done(&report.expect("it is finished")), ["core/1"]);
    assert_eq!(
        resumed(&events),
        ["the index `i` is there and valid: it is not built again"]
    );
}

#[tokio::test]
async fn a_run_waits_for_an_old_statement_as_long_as_for_a_lock() {
    let database = table().await;
    let registry = core(&[BUILD]);
    let writer = writer(&database).await;
    dead_half_way(&database, Migrator::new(registry)).await;
    // Not zero: the server must first notice that the dead run's lock has ended.
    let lock_wait = Duration::from_secs(2);
    let options = Options::default().lock_wait(lock_wait);
    let migrator = Migrator::with_options(registry, options);
    let error = database.up_with(migrator, Target::all()).await;
    let error = error.expect_err("the server is at it");
    assert_eq!(error.code().to_string(), "M0515");
    assert!(
        error.to_string().contains("still executes this statement"),
        "{error}"
    );
    assert_eq!(database.recorded().await, ["core/1 dirty up"]);
    writer.batch_execute("ROLLBACK").await.expect("it ends");
    taken_up(&database, registry).await;
}
