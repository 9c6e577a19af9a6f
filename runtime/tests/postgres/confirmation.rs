//! Commits that wait for a synchronous standby which does not exist.

use std::num::NonZeroUsize;
use std::time::Duration;

use migrator_localpg::{Programs, Throwaway};
use migrator_runtime::{Error, ErrorKind, Left, Migrator, Options, Outcome, Part, Target};
use tokio_postgres::Client;

use super::support::{Database, core, done, registry, rows, stem, version, with_events, within};

/// A server for this test alone, and a database of it.
struct Primary {
    database: Database,
    _server: Throwaway,
}

impl Primary {
    async fn start() -> Primary {
        let programs = Programs::find(None).expect("Postgres is installed");
        let settings = [
            ("wal_level", "replica"),
            ("max_wal_senders", "4"),
            ("synchronous_commit", "on"),
        ];
        let server = Throwaway::start_with_settings(programs, &settings).expect("a server");
        let url = server.create_database().await.expect("a database");
        Primary {
            database: Database::at(url),
            _server: server,
        }
    }

    /// From now on each commit waits for a standby that does not exist.
    async fn without_standby(&self) {
        let set = "ALTER SYSTEM SET synchronous_standby_names = 'nobody'";
        self.database.run(set).await;
        self.database.run("SELECT pg_reload_conf()").await;
        // The checkpointer makes the setting visible to all sessions.
        let waits = async {
            loop {
                let session = self.database.session().await;
                let write = session.batch_execute("COMMENT ON SCHEMA public IS 'x'");
                if tokio::time::timeout(Duration::from_millis(300), write)
                    .await
                    .is_err()
                {
                    return;
                }
            }
        };
        within("the setting", waits).await;
        self.cancel("pg_cancel_backend").await;
    }

    /// From now on no commit waits.
    async fn with_no_need(&self) {
        let set = "ALTER SYSTEM RESET synchronous_standby_names";
        self.database.run(set).await;
        self.database.run("SELECT pg_reload_conf()").await;
    }

    /// Ends the wait of every session, until no session waits.
    async fn cancel(&self, function: &str) {
        let cancel = format!("SELECT {function}(pid) FROM pg_stat_activity {WAITS}");
        let session = self.database.session().await;
        let ended = async { while !rows(&session, &cancel).await.is_empty() {} };
        within("the end of the waits", ended).await;
    }

    async fn until_waiting(&self, sessions: usize) {
        let count = format!("SELECT count(*) FROM pg_stat_activity {WAITS}");
        self.database.until(&count, &sessions.to_string()).await;
    }
}

const WAITS: &str = "WHERE wait_event = 'SyncRep' AND datname = current_database()";

fn assert_unconfirmed(error: &Error, number: i64) {
    assert_eq!(error.code().to_string(), "M0530", "{error:?}");
    let step = format!("core/{}", stem("core", number));
    assert_eq!(
        error.to_string(),
        format!("`{step}` was committed on this server, perhaps not on its standby")
    );
    let ErrorKind::Script(fault) = &*error.kind else {
        panic!("{error:?}")
    };
    assert_eq!((fault.left, fault.part), (Left::Done, Part::Confirmation));
    assert!(error.help().contains("standby"), "{}", error.help());
}

async fn assert_usable(client: &Client) {
    assert_eq!(rows(client, "SELECT 7").await, ["7"]);
}

const TWO: [&str; 2] = ["CREATE TABLE a ();", "CREATE TABLE b ();"];

#[tokio::test]
async fn a_commit_that_waits_for_a_standby_is_reported_and_a_stop_ends_it() {
    let primary = Primary::start().await;
    primary.without_standby().await;
    let (mut migrator, mut events) = with_events(core(&TWO), Options::default());
    let stop = migrator.stop();
    let mut client = primary.database.client().await;
    let stopper = async {
        let held = events.next("held").await;
        assert_eq!(
            held,
            "held for a synchronous standby to confirm the commit \
             (`synchronous_standby_names` is `nobody`)"
        );
        stop.stop();
    };
    let run = async { tokio::join!(migrator.up(&mut client, Target::all()), stopper) };
    let (outcome, ()) = within("the run", run).await;
    let error = outcome.expect_err("no standby has it");
    assert_unconfirmed(&error, 2);
    assert_eq!(done(&error.report), ["core/1", "core/2"]);
    assert_usable(client.postgres()).await;
    assert_eq!(primary.database.recorded().await, ["core/1", "core/2"]);
    assert_eq!(
        primary.database.events().await,
        ["apply core/1", "apply core/2"]
    );
}

#[tokio::test]
async fn a_run_fails_whoever_ends_its_wait_for_a_standby() {
    for end in ["pg_cancel_backend", "pg_terminate_backend"] {
        let primary = Primary::start().await;
        primary.without_standby().await;
        let run = tokio::spawn({
            let database = primary.database.clone();
            async move { database.up(core(&TWO)).await }
        });
        primary.until_waiting(1).await;
        primary.cancel(end).await;
        let outcome = within("the run", run).await.expect("no panic");
        let error = outcome.expect_err("no standby has it");
        assert_unconfirmed(&error, 2);
        assert_eq!(done(&error.report), ["core/1", "core/2"], "{end}");
        assert_eq!(primary.database.recorded().await, ["core/1", "core/2"]);
    }
}

#[tokio::test]
async fn a_revert_that_waits_for_a_standby_is_reported_as_done() {
    let primary = Primary::start().await;
    let registry = core(&TWO);
    primary.database.up(registry).await.expect("none waits");
    primary.without_standby().await;
    let run = tokio::spawn({
        let database = primary.database.clone();
        let one = Target::all().steps(NonZeroUsize::MIN);
        async move { database.down_with(Migrator::new(registry), one).await }
    });
    primary.until_waiting(1).await;
    primary.cancel("pg_cancel_backend").await;
    let outcome = within("the run", run).await.expect("no panic");
    let error = outcome.expect_err("no standby has it");
    assert_unconfirmed(&error, 2);
    assert_eq!(done(&error.report), ["core/2"]);
    assert_eq!(primary.database.recorded().await, ["core/1"]);
}

#[tokio::test]
async fn a_step_outside_a_transaction_waits_for_the_standby_with_its_last_record_alone() {
    let primary = Primary::start().await;
    primary.without_standby().await;
    let registry = core(&["-- migrator: no-transaction\nSELECT 1;", "SELECT 2;"]);
    let (mut migrator, mut events) = with_events(registry, Options::default());
    let stop = migrator.stop();
    let mut client = primary.database.client().await;
    let stopper = async {
        events.next("held for a synchronous standby").await;
        stop.stop();
    };
    let run = async { tokio::join!(migrator.up(&mut client, Target::all()), stopper) };
    let (outcome, ()) = within("the run", run).await;
    let error = outcome.expect_err("no standby has it");
    assert_unconfirmed(&error, 1);
    assert_eq!(done(&error.report), ["core/1"]);
    assert_usable(client.postgres()).await;
    assert_eq!(primary.database.recorded().await, ["core/1"]);
}

#[tokio::test]
async fn an_index_that_waits_for_a_standby_is_stopped_and_the_next_run_finishes() {
    let primary = Primary::start().await;
    let registry = core(&[
        "CREATE TABLE t (x int);",
        "-- migrator: no-transaction\nCREATE INDEX CONCURRENTLY i ON t (x);",
        "CREATE TABLE u ();",
    ]);
    let first = Migrator::new(registry);
    let one = Target::all().steps(NonZeroUsize::MIN);
    primary
        .database
        .up_with(first, one)
        .await
        .expect("none waits");
    primary.without_standby().await;
    let mut migrator = Migrator::new(registry);
    let stop = migrator.stop();
    let mut client = primary.database.client().await;
    let stopper = async {
        primary.until_waiting(1).await;
        stop.stop();
    };
    let run = async { tokio::join!(migrator.up(&mut client, Target::all()), stopper) };
    let (outcome, ()) = within("the run", run).await;
    let error = outcome.expect_err("it was stopped");
    let code = error.code().to_string();
    match code.as_str() {
        "M0530" => assert_eq!(primary.database.recorded().await, ["core/1", "core/2"]),
        _ => {
            assert_eq!(code, "M0518");
            let recorded = primary.database.recorded().await;
            assert_eq!(recorded, ["core/1", "core/2 dirty up"]);
        }
    }
    assert_usable(client.postgres()).await;
    primary.with_no_need().await;
    primary.database.up(registry).await.expect("it finishes");
    assert_eq!(
        primary.database.recorded().await,
        ["core/1", "core/2", "core/3"]
    );
    let valid = "SELECT indisvalid FROM pg_index WHERE indexrelid = 'i'::regclass";
    assert_eq!(primary.database.value(valid).await, "t");
}

#[tokio::test]
async fn parallel_services_that_wait_are_all_reported() {
    let primary = Primary::start().await;
    primary.without_standby().await;
    let two = registry(&[
        ("core", 1, "CREATE TABLE a ();", "SELECT 1;"),
        ("lonely", 2, "CREATE TABLE b ();", "SELECT 1;"),
    ]);
    let options = Options::default().jobs(NonZeroUsize::new(4).expect("not zero"));
    let mut migrator = Migrator::with_options(two, options);
    let stop = migrator.stop();
    let mut client = primary.database.client().await;
    let stopper = async {
        primary.until_waiting(2).await;
        stop.stop();
    };
    let run = async { tokio::join!(migrator.up(&mut client, Target::all()), stopper) };
    let (outcome, ()) = within("the run", run).await;
    let error = outcome.expect_err("no standby has them");
    assert_eq!(error.code().to_string(), "M0530");
    assert_eq!(
        error.to_string(),
        "2 steps were committed on this server, perhaps not on its standby"
    );
    assert_eq!(done(&error.report), ["core/1", "lonely/2"]);
}

#[tokio::test]
async fn a_repair_that_waits_for_a_standby_is_reported_and_stopped_too() {
    let primary = Primary::start().await;
    let broken = core(&["-- migrator: no-transaction\nCREATE TABLE a ();\nSELECT 1 / 0;"]);
    primary
        .database
        .up(broken)
        .await
        .expect_err("its second statement fails");
    primary.without_standby().await;
    let (mut migrator, mut events) = with_events(broken, Options::default());
    let stop = migrator.stop();
    let mut client = primary.database.client().await;
    let stopper = async {
        events.next("held for a synchronous standby").await;
        stop.stop();
    };
    let repair = migrator.repair(&mut client, "core", version(1), Outcome::Applied);
    let both = async { tokio::join!(repair, stopper) };
    let (outcome, ()) = within("the repair", both).await;
    assert_unconfirmed(&outcome.expect_err("no standby has it"), 1);
    assert_eq!(primary.database.recorded().await, ["core/1"]);
}

#[tokio::test]
async fn a_failure_is_recorded_without_a_standby() {
    let primary = Primary::start().await;
    primary
        .database
        .up(core(&["SELECT 1;"]))
        .await
        .expect("one");
    primary.without_standby().await;
    let fails = core(&["SELECT 1;", "SELECT 1 / 0;"]);
    let outcome = primary.database.up(fails).await;
    assert_eq!(outcome.expect_err("it fails").code().to_string(), "M0501");
    assert_eq!(
        primary.database.events().await,
        ["apply core/1", "failure core/2"]
    );
}
