//! Steps that wait for another session's lock: who it is, and what others suffer.

use std::time::Duration;

use migrator_runtime::{Migrator, Options, Target};

use super::support::{Database, core, done, fault, rows, telling, within};

fn patient(milliseconds: u64, tries: u32) -> Options {
    Options {
        lock_timeout: Duration::from_millis(milliseconds),
        tries,
        ..Options::default()
    }
}

/// A session in a transaction that has read the table, and says so in its last statement.
async fn reader(database: &Database) -> tokio_postgres::Client {
    database.run("CREATE TABLE plans (id int)").await;
    let session = database.session().await;
    let read = "SET application_name = 'billing'; BEGIN; \
                LOCK TABLE plans IN ACCESS SHARE MODE";
    session.batch_execute(read).await.expect("it is free");
    session
        .batch_execute("SELECT count(*)\n  FROM plans")
        .await
        .expect("it may read");
    session
}

#[tokio::test]
async fn who_keeps_a_step_waiting_is_named_and_others_wait_no_longer_than_the_timeout() {
    let database = Database::new().await;
    let blocker = reader(&database).await;
    let pid = rows(&blocker, "SELECT pg_backend_pid()").await.join("");
    let last = "SELECT count(*)\n  FROM plans";
    blocker.batch_execute(last).await.expect("it may read");
    let (migrator, mut told) = telling(core(&["ALTER TABLE plans ADD x int;"]), patient(200, 100));
    let run = tokio::spawn({
        let database = database.clone();
        async move { database.up_with(migrator, Target::all()).await }
    });
    let waiting =
        "SELECT count(*) FROM pg_locks WHERE relation = 'plans'::regclass AND NOT granted";
    database.until(waiting, "1").await;
    // It is queued behind the step, and let through when that gives up: the blocker is
    // there all the while.
    let other = within("the read", database.value("SELECT count(*) FROM plans"));
    assert_eq!(other.await, "0");
    let start = format!(
        "retrying canceling statement due to lock timeout, \
         behind `billing` (pid {pid}, role postgres, since 2"
    );
    let retrying = told.next(&start).await;
    assert!(
        retrying.ends_with(" UTC), at `SELECT count(*) FROM plans`"),
        "{retrying}"
    );
    blocker.batch_execute("COMMIT").await.expect("it ends");
    let report = within("the run", run).await.expect("no panic");
    assert_eq!(done(&report.expect("it succeeds")), ["core/1"]);
}

#[tokio::test]
async fn the_error_names_who_was_in_the_way_on_the_last_try() {
    let database = Database::new().await;
    let _blocker = reader(&database).await;
    let registry = core(&["SELECT 1;\nALTER TABLE plans ADD x int;"]);
    let migrator = Migrator::with_options(registry, patient(400, 2));
    let fault = fault(database.up_with(migrator, Target::all()).await);
    let [blocker] = &fault.blockers[..] else {
        panic!("{fault:?}")
    };
    assert_eq!(blocker.session.application, "billing");
    assert_eq!(blocker.query, "SELECT count(*) FROM plans");
}

#[tokio::test]
async fn of_another_role_as_much_is_told_as_may_be_seen() {
    let database = Database::new().await;
    let _blocker = reader(&database).await;
    let (other, role) = database.as_new_role().await;
    database
        .run(&format!(
            "DO $$ BEGIN EXECUTE format('GRANT CREATE ON DATABASE %I TO {role}', \
               current_database()); END $$; GRANT CREATE ON SCHEMA public TO {role}; \
             GRANT ALL ON plans TO {role}"
        ))
        .await;
    let registry = core(&["LOCK TABLE plans IN ACCESS EXCLUSIVE MODE;"]);
    let migrator = Migrator::with_options(registry, patient(400, 2));
    let fault = fault(other.up_with(migrator, Target::all()).await);
    let [blocker] = &fault.blockers[..] else {
        panic!("{fault:?}")
    };
    let pid = blocker.session.pid.expect("everybody may see it");
    let expected = format!("`billing` (pid {pid}, role postgres)");
    assert_eq!(blocker.to_string(), expected);
}
