//! Steps that are sent before the earlier ones have answered.

use std::time::Duration;

use migrator_runtime::{Migrator, Options, Target};

use crate::support::{
    Database, Script, core, done, fault, registry, rows, stamp, with_events, within,
};

/// Scripts that each create a table, except for one.
fn with_a_fault(at: usize, faulty: &str) -> Vec<String> {
    let mut scripts: Vec<String> = (1..=150)
        .map(|number| format!("CREATE TABLE t{number} (x int);"))
        .collect();
    faulty.clone_into(&mut scripts[at - 1]);
    scripts
}

async fn tables(database: &Database) -> String {
    let tables = "SELECT count(*) FROM pg_tables WHERE tablename ~ '^t[0-9]+$'";
    database.value(tables).await
}

/// If a step fails in any way, no later step is applied and every earlier step is.
async fn stops_at(at: usize, faulty: &str, message: &str) {
    let database = Database::new().await;
    let scripts = with_a_fault(at, faulty);
    let scripts: Vec<&str> = scripts.iter().map(String::as_str).collect();
    let error = database.up(core(&scripts)).await.expect_err(faulty);
    assert_eq!(error.report.done.len(), at - 1, "{faulty}");
    assert_eq!(database.recorded().await.len(), at - 1, "{faulty}");
    assert_eq!(tables(&database).await, (at - 1).to_string(), "{faulty}");
    let failed = fault(Err(error));
    assert!(failed.message.contains(message), "{}", failed.message);
    assert!(
        failed.step.to_string().ends_with(&format!("_m{at}")),
        "{}",
        failed.step
    );
    let events = database.events().await;
    let number = stamp(i64::try_from(at).expect("small"));
    assert_eq!(events.last(), Some(&format!("failure core/{number}")));
    assert_eq!(events.len(), at, "one failure alone is recorded");
}

#[tokio::test]
async fn after_a_statement_that_fails_nothing_is_applied() {
    for at in [1, 2, 65, 150] {
        stops_at(at, "SELECT 1; SELECT nothing;", "nothing").await;
    }
}

#[tokio::test]
async fn after_a_script_that_does_not_parse_nothing_is_applied() {
    // Nothing in its message runs, not even the BEGIN.
    for at in [1, 2, 70, 150] {
        stops_at(at, "CREATE TABEL x ();", "syntax error").await;
    }
}

#[tokio::test]
async fn after_a_commit_that_fails_nothing_is_applied() {
    // The transaction has then ended; it is not aborted.
    let deferred = "CREATE TABLE parent (x int PRIMARY KEY); CREATE TABLE child (x int \
        REFERENCES parent DEFERRABLE INITIALLY DEFERRED); INSERT INTO child VALUES (1);";
    for at in [1, 2, 70, 150] {
        stops_at(at, deferred, "violates foreign key constraint").await;
    }
}

#[tokio::test]
async fn a_step_that_fails_at_a_lock_is_sent_again_with_later_steps() {
    let database = Database::new().await;
    database.run("CREATE TABLE busy (x int)").await;
    let holder = database.session().await;
    rows(&holder, "BEGIN; LOCK TABLE busy").await;
    let mut scripts = with_a_fault(40, "ALTER TABLE busy ADD y int;");
    scripts.truncate(100);
    let scripts: Vec<&str> = scripts.iter().map(String::as_str).collect();
    let options = Options::default().lock_timeout(Duration::from_millis(50));
    let (migrator, mut events) = with_events(core(&scripts), options);
    let run = tokio::spawn({
        let database = database.clone();
        async move { database.up_with(migrator, Target::all()).await }
    });
    events.next("retrying").await;
    rows(&holder, "COMMIT").await;
    let report = within("the run", run).await.expect("no panic");
    let done = done(&report.expect("it runs"));
    let expected: Vec<String> = (1..=100).map(|n| format!("core/{}", stamp(n))).collect();
    assert_eq!(done, expected);
    assert_eq!(tables(&database).await, "99");
}

#[tokio::test]
async fn events_of_steps_arrive_in_order() {
    let database = Database::new().await;
    let (migrator, events) = with_events(core(&["SELECT 1;"; 5]), Options::default());
    let report = database.up_with(migrator, Target::all()).await;
    report.expect("it runs");
    let events = events.all.lock().expect("nobody panics");
    let words: Vec<&str> = events
        .iter()
        .filter_map(|event| event.split(' ').next())
        .collect();
    assert_eq!(words[0], "planned");
    assert_eq!(words[1..], ["started", "finished"].repeat(5));
}

#[tokio::test]
async fn scripts_of_any_size_are_applied() {
    let database = Database::new().await;
    let large = format!("SELECT '{}';", "x".repeat(900_000));
    let scripts = [large.as_str(), "SELECT 1;", &large, &large, "SELECT 2;"].repeat(3);
    let report = database.up(core(&scripts)).await.expect("it runs");
    assert_eq!(report.done.len(), 15);
}

#[tokio::test]
async fn down_sends_ahead_too_and_stops_at_the_first_failure() {
    let database = Database::new().await;
    let ups: Vec<String> = (1..=100)
        .map(|n| format!("CREATE TABLE t{n} (x int);"))
        .collect();
    let downs: Vec<String> = (1..=100)
        .map(|n| match n {
            30 => "DROP TABLE nothing;".to_owned(),
            n => format!("DROP TABLE t{n};"),
        })
        .collect();
    let scripts: Vec<Script<'_>> = (1..)
        .zip(ups.iter().zip(&downs))
        .map(|(number, (up, down))| ("core", number, up.as_str(), down.as_str()))
        .collect();
    let full = registry(&scripts);
    database.up(full).await.expect("it runs");
    // The older binary reverts the newer migrations by their recorded scripts.
    let older = registry(&scripts[..20]);
    let error = database.down(older).await.expect_err("one fails");
    assert_eq!(error.report.done.len(), 70);
    assert_eq!(database.recorded().await.len(), 30);
    assert_eq!(tables(&database).await, "30");
    database.run("CREATE TABLE nothing ()").await;
    let rest = database
        .down_with(Migrator::new(older), Target::all())
        .await;
    assert_eq!(rest.expect("it runs").done.len(), 30);
    assert_eq!(tables(&database).await, "1", "what the faulty script left");
}
