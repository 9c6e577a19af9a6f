//! A stop while a step is under way.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use migrator_runtime::{Event, Left, Migrator, Options, Registry, Remedy, Stop, Target};

use super::{asleep, cut, nothing_goes_on, one};
use crate::support::{Database, core, done, registry, rows, stem, within};

#[tokio::test]
async fn a_stop_cancels_the_statement_and_rolls_its_step_back() {
    let database = Database::new().await;
    let scripts = |second| {
        core(&[
            "CREATE TABLE a ();",
            second,
            "CREATE TABLE c ();",
            "CREATE TABLE d ();",
        ])
    };
    let registry = scripts("CREATE TABLE b (); SELECT pg_sleep(60);");
    let mut migrator = Migrator::new(registry);
    let stop = migrator.stop();
    let mut client = database.client().await;
    let stopper = async {
        asleep(&database).await;
        stop.stop();
    };
    let (outcome, ()) = tokio::join!(migrator.up(&mut client, Target::all()), stopper);
    let error = outcome.expect_err("it was stopped");
    assert_eq!(cut(&error), one(2, Left::Nothing));
    assert_eq!(
        error.to_string(),
        format!(
            "the run was stopped in the middle of `core/{}`",
            stem("core", 2)
        )
    );
    assert_eq!(done(&error.report), ["core/1"]);
    assert_eq!(rows(client.postgres(), "SELECT 7").await, ["7"]);
    nothing_goes_on(&database).await;
    assert_eq!(database.recorded().await, ["core/1"]);
    let tables = "SELECT string_agg(relname, '' ORDER BY relname) FROM pg_class \
                  WHERE relnamespace = 'public'::regnamespace";
    assert_eq!(database.value(tables).await, "a");
    assert_eq!(database.events().await, ["apply core/1", "failure core/2"]);
    // The stop is permanent for this migrator; another migrator finishes the work.
    let again = within("up", migrator.up(&mut client, Target::all())).await;
    assert_eq!(cut(&again.expect_err("it is stopped")), []);
    let mut migrator = Migrator::new(scripts("CREATE TABLE b ();"));
    let report = within("up", migrator.up(&mut client, Target::all())).await;
    assert_eq!(
        done(&report.expect("it runs")),
        ["core/2", "core/3", "core/4"]
    );
    assert_eq!(database.value(tables).await, "abcd");
}

/// 40 migrations that each create a table.
fn forty() -> &'static Registry {
    let scripts: Vec<String> = (1..=40).map(|n| format!("CREATE TABLE t{n} ();")).collect();
    let scripts: Vec<&str> = scripts.iter().map(String::as_str).collect();
    core(&scripts)
}

#[tokio::test]
async fn after_a_stop_at_any_moment_report_history_and_schema_agree() {
    let database = Database::new().await;
    let registry = forty();
    let mut client = database.client().await;
    let mut before = 0;
    // Each event in turn stops the run, so that each test stops it at another moment.
    for at in 1.. {
        assert!(at < 500, "a run comes to its end");
        let stop = Stop::new();
        let count = Arc::new(AtomicUsize::new(0));
        let by = stop.clone();
        let listener = move |_: &Event<'_>| {
            if count.fetch_add(1, Ordering::Relaxed) == at % 7 {
                by.stop();
            }
        };
        let mut migrator = Migrator::new(registry).stopped_by(&stop).on_event(listener);
        let outcome = within("up", migrator.up(&mut client, Target::all())).await;
        // No request to cancel may hit the caller's next statement.
        for _ in 0..3 {
            assert_eq!(rows(client.postgres(), "SELECT 7").await, ["7"]);
        }
        let (report, is_done) = match outcome {
            Ok(report) => (report, true),
            Err(error) => {
                drop(cut(&error));
                (error.report, false)
            }
        };
        let after = before + report.done.len();
        let (recorded, tables) = (
            "SELECT count(*), coalesce(max(version) % 1000, 0) FROM migrator.core_history",
            "SELECT count(*) FROM pg_class WHERE relnamespace = 'public'::regnamespace",
        );
        assert_eq!(database.value(recorded).await, format!("{after}|{after}"));
        assert_eq!(database.value(tables).await, after.to_string());
        before = after;
        if is_done && after == 40 {
            break;
        }
    }
    nothing_goes_on(&database).await;
}

/// Two independent services, each with a script that sleeps.
fn two_sleepers() -> &'static Registry {
    registry(&[
        ("core", 1, "SELECT pg_sleep(60);", "SELECT 1;"),
        ("core", 2, "CREATE TABLE a ();", "SELECT 1;"),
        ("lonely", 3, "SELECT pg_sleep(60);", "SELECT 1;"),
        ("lonely", 4, "CREATE TABLE b ();", "SELECT 1;"),
    ])
}

const SLEEPERS: &str = "SELECT count(*) FROM pg_stat_activity \
                        WHERE datname = current_database() AND wait_event = 'PgSleep'";

#[tokio::test]
async fn services_side_by_side_are_all_stopped() {
    let database = Database::new().await;
    let options = Options::default().jobs(std::num::NonZeroUsize::new(4).expect("not zero"));
    let mut migrator = Migrator::with_options(two_sleepers(), options);
    let stop = migrator.stop();
    let mut client = database.client().await;
    let stopper = async {
        database.until(SLEEPERS, "2").await;
        stop.stop();
    };
    let run = async { tokio::join!(migrator.up(&mut client, Target::all()), stopper) };
    let (outcome, ()) = within("the run", run).await;
    let cut = cut(&outcome.expect_err("it was stopped"));
    let steps: Vec<String> = cut.iter().map(|cut| cut.step.to_string()).collect();
    let expected = [("core", 1), ("lonely", 3)];
    let expected = expected.map(|(service, number)| format!("{service}/{}", stem(service, number)));
    assert_eq!(steps, expected);
    nothing_goes_on(&database).await;
    assert_eq!(database.recorded().await, [""; 0]);
}

#[tokio::test]
async fn a_run_that_is_dropped_leaves_nothing_running_and_no_lock() {
    for jobs in [1, 4] {
        let database = Database::new().await;
        let options = Options::default().jobs(std::num::NonZeroUsize::new(jobs).expect("not zero"));
        let mut migrator = Migrator::with_options(two_sleepers(), options);
        let mut client = database.client().await;
        tokio::select! {
            _ = migrator.up(&mut client, Target::all()) => panic!("it sleeps"),
            () = asleep(&database) => {}
        }
        // The client's session ends with the run, and can be opened again.
        nothing_goes_on(&database).await;
        let closed = async { while client.postgres().batch_execute("").await.is_ok() {} };
        within("the end of the session", closed).await;
        assert_eq!(database.recorded().await, [""; 0]);
        client.reconnect().await.expect("the server is there");
        assert_eq!(rows(client.postgres(), "SELECT 7").await, ["7"]);
    }
}

#[tokio::test]
async fn a_script_that_ignores_a_cancel_has_an_unknown_outcome() {
    let database = Database::new().await;
    let deaf = "DO $$ BEGIN LOOP BEGIN PERFORM pg_sleep(60); \
                EXCEPTION WHEN query_canceled THEN NULL; END; END LOOP; END $$;";
    let mut migrator = Migrator::new(core(&["CREATE TABLE a ();", deaf]));
    let stop = migrator.stop();
    let mut client = database.client().await;
    let stopper = async {
        asleep(&database).await;
        stop.stop();
    };
    let run = async { tokio::join!(migrator.up(&mut client, Target::all()), stopper) };
    let (outcome, ()) = within("the run", run).await;
    let error = outcome.expect_err("it was stopped");
    assert_eq!(cut(&error), one(2, Left::Unknown));
    assert_eq!(error.remedy(), Remedy::ReadUncancelled);
    assert_eq!(done(&error.report), ["core/1"]);
    let end = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
               WHERE datname = current_database() AND wait_event = 'PgSleep'";
    assert_eq!(database.value(end).await, "t");
    nothing_goes_on(&database).await;
    client.reconnect().await.expect("the server is there");
    assert_eq!(database.recorded().await, ["core/1"]);
}
