//! A stop while a run waits.

use std::time::Duration;

use migrator_runtime::{Left, Migrator, Options, Target};

use super::{cut, nothing_goes_on, one};
use crate::support::{AT_GATE, Database, Gate, core, done, rows, with_events, within};

#[tokio::test]
async fn a_run_that_waits_for_the_lock_stops_at_once() {
    let database = Database::new().await;
    let gate = Gate::closed(&database).await;
    let registry = core(&[AT_GATE]);
    let first = tokio::spawn({
        let database = database.clone();
        async move { database.up(registry).await }
    });
    gate.reached().await;
    let (migrator, mut events) = with_events(registry, Options::default());
    let stop = migrator.stop();
    let second = tokio::spawn({
        let database = database.clone();
        async move { database.up_with(migrator, Target::all()).await }
    });
    events.next("waiting").await;
    stop.stop();
    let second = within("the second", second).await.expect("no panic");
    let error = second.expect_err("it was stopped");
    assert_eq!((cut(&error), done(&error.report)), (vec![], vec![]));
    assert_eq!(error.to_string(), "the run was stopped");
    gate.open().await;
    within("the first", first)
        .await
        .expect("no panic")
        .expect("it runs");
    nothing_goes_on(&database).await;
}

#[tokio::test]
async fn a_run_between_two_tries_of_a_step_stops_at_once() {
    let database = Database::new().await;
    let registry = core(&["CREATE TABLE a ();", "LOCK TABLE a;", "CREATE TABLE c ();"]);
    let first = Migrator::new(registry);
    let target = Target::all().steps(std::num::NonZeroUsize::MIN);
    database.up_with(first, target).await.expect("it runs");
    let other = database.session().await;
    let held = other.batch_execute("BEGIN; LOCK TABLE a IN ROW EXCLUSIVE MODE");
    held.await.expect("nobody else has it");
    let options = Options::default()
        .lock_timeout(Duration::from_millis(50))
        .tries(u32::MAX);
    let (migrator, mut events) = with_events(registry, options);
    let stop = migrator.stop();
    let run = tokio::spawn({
        let database = database.clone();
        async move { database.up_with(migrator, Target::all()).await }
    });
    // The pauses double: the third is long enough to be hit.
    for _ in 0..3 {
        events.next("retrying").await;
    }
    stop.stop();
    let run = within("the run", run).await.expect("no panic");
    let error = run.expect_err("it was stopped");
    assert_eq!(cut(&error), one(2, Left::Nothing));
    assert_eq!(database.recorded().await, ["core/1"]);
    drop(other);
    nothing_goes_on(&database).await;
    database.up(registry).await.expect("it goes on");
}

#[tokio::test]
async fn a_service_that_waits_to_be_current_stops_at_once() {
    let database = Database::new().await;
    let migrator = Migrator::new(core(&["CREATE TABLE a ();"]));
    let stop = migrator.stop();
    let (target, timeout) = (Target::all(), Duration::from_secs(3600));
    let mut client = database.client().await;
    let waiting = migrator.wait_until_current(&mut client, &target, timeout);
    let stopper = async {
        let looked = "SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%history%' \
                      AND datname = current_database() AND pid <> pg_backend_pid()";
        database.until(looked, "1").await;
        stop.stop();
    };
    let (outcome, ()) = within("the wait", async { tokio::join!(waiting, stopper) }).await;
    assert_eq!(cut(&outcome.expect_err("it was stopped")), []);
    assert_eq!(rows(client.postgres(), "SELECT 7").await, ["7"]);
}

#[tokio::test]
async fn a_run_that_waits_for_a_locked_history_stops_at_once() {
    let database = Database::new().await;
    let registry = core(&["CREATE TABLE a ();"]);
    database.up(registry).await.expect("it runs");
    let other = database.session().await;
    let lock = "BEGIN; LOCK TABLE migrator.history";
    other.batch_execute(lock).await.expect("nobody has it");
    let mut migrator = Migrator::new(registry);
    let stop = migrator.stop();
    let mut client = database.client().await;
    let stopper = async {
        let waiting = "SELECT count(*) FROM pg_locks l JOIN pg_database d ON d.oid = l.database \
                       WHERE NOT l.granted AND d.datname = current_database()";
        database.until(waiting, "1").await;
        stop.stop();
    };
    let run = async { tokio::join!(migrator.up(&mut client, Target::all()), stopper) };
    let (outcome, ()) = within("the run", run).await;
    assert_eq!(cut(&outcome.expect_err("it was stopped")), []);
    assert_eq!(rows(client.postgres(), "SELECT 7").await, ["7"]);
}
