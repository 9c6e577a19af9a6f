//! A connection that no longer answers, or that a proxy has ended.

use std::sync::atomic::Ordering;
use std::time::Duration;

use migrator_runtime::{
    DatabaseState, Error, ErrorKind, Migrator, Operation, Options, Report, Target,
};

use crate::support::{AT_GATE, Database, Gate, Proxy, core, done, with_events, within};

#[tokio::test]
async fn a_wait_opens_a_new_connection_when_the_old_one_does_not_answer() {
    let database = Database::new().await;
    let registry = core(&["CREATE TABLE a ();"]);
    database.up(registry).await.expect("it runs");
    let proxy = Proxy::before(&database).await;
    let mut client = proxy.client().await;
    proxy.silent.store(1, Ordering::SeqCst);
    let (migrator, target) = (Migrator::new(registry), Target::all());
    let patience = Duration::from_secs(20);
    let wait = migrator.wait_until_current(&mut client, &target, patience);
    let found = within("a wait", wait).await.expect("it is current");
    assert_eq!(found, DatabaseState::Current);
}

#[tokio::test]
async fn a_run_ends_although_the_connection_of_its_lock_does_not_answer() {
    let database = Database::new().await;
    let gate = Gate::closed(&database).await;
    let proxy = Proxy::before(&database).await;
    let mut client = proxy.client().await;
    let mut migrator = Migrator::new(core(&[AT_GATE]));
    let run = migrator.up(&mut client, Target::all());
    let silence = async {
        gate.reached().await;
        proxy.deaf.store(1, Ordering::SeqCst);
        gate.open().await;
    };
    let (ended, ()) = within("both", async { tokio::join!(run, silence) }).await;
    assert_eq!(done(&ended.expect("it runs")), ["core/1"]);
    // The session is ended over another connection, so that no run waits for it.
    within("close", client.close()).await;
    assert_eq!(database.value(LOCKS).await, "0");
    let impatient = Options::default().lock_wait(Duration::ZERO);
    let next = Migrator::with_options(core(&[AT_GATE, "SELECT 2;"]), impatient);
    let next = database.up_with(next, Target::all()).await;
    assert_eq!(done(&next.expect("the lock is free")), ["core/2"]);
}

/// The number of sessions that hold locks of runs.
const LOCKS: &str = "SELECT count(DISTINCT pid) FROM pg_locks \
    JOIN pg_database d ON d.oid = database \
    WHERE locktype = 'advisory' AND mode = 'ExclusiveLock' AND datname = current_database()";

#[tokio::test]
async fn a_run_reports_that_its_lock_may_still_be_held() {
    let database = Database::new().await;
    let (limited, role) = database.as_new_role().await;
    let (_, name) = database.url.rsplit_once('/').expect("a name");
    let rights = format!(
        "GRANT CREATE ON DATABASE {name} TO {role}; DO $$ BEGIN EXECUTE ( \
           SELECT 'REVOKE EXECUTE ON FUNCTION ' || oid::regprocedure || ' FROM PUBLIC' \
           FROM pg_proc WHERE proname = 'pg_terminate_backend'); END $$"
    );
    database.run(&rights).await;
    let gate = Gate::closed(&database).await;
    let proxy = Proxy::before(&limited).await;
    let mut client = proxy.client().await;
    let (mut migrator, mut events) = with_events(core(&[AT_GATE]), Options::default());
    let run = migrator.up(&mut client, Target::all());
    let silence = async {
        gate.reached().await;
        proxy.deaf.store(1, Ordering::SeqCst);
        gate.open().await;
    };
    let (ended, ()) = within("both", async { tokio::join!(run, silence) }).await;
    assert_eq!(done(&ended.expect("it runs")), ["core/1"]);
    // The run has not waited for the session of its lock.
    let is_told = |event: &String| event.starts_with("unreleased");
    assert!(
        !events
            .all
            .lock()
            .expect("nobody panics")
            .iter()
            .any(is_told)
    );
    within("close", client.close()).await;
    assert_eq!(
        events.next("unreleased").await,
        "unreleased permission denied for function pg_terminate_backend"
    );
}

#[tokio::test]
async fn a_wait_for_the_lock_ends_although_its_connection_does_not_answer() {
    let database = Database::new().await;
    let gate = Gate::closed(&database).await;
    let registry = core(&[AT_GATE]);
    let first = tokio::spawn({
        let database = database.clone();
        async move { database.up(registry).await }
    });
    gate.reached().await;
    let proxy = Proxy::before(&database).await;
    let mut client = proxy.client().await;
    let options = Options::default().lock_wait(Duration::from_secs(1));
    let (mut migrator, mut events) = with_events(registry, options);
    let run = migrator.up(&mut client, Target::all());
    let silence = async {
        events.next("waiting").await;
        proxy.deaf.store(1, Ordering::SeqCst);
    };
    let (ended, ()) = within("both", async { tokio::join!(run, silence) }).await;
    let error = ended.expect_err("nobody answers");
    assert_eq!(error.code().to_string(), "M0503");
    let ErrorKind::Connection { doing, why } = &*error.kind else {
        panic!("{error:?}")
    };
    assert_eq!(*doing, Operation::WaitForLock);
    assert_eq!(why, "the server did not answer for 10 s");
    gate.open().await;
    let first = within("the first", first).await.expect("no panic");
    first.expect("it runs");
}

/// A run through a proxy that closes idle connections, and its result when a script takes longer
/// than the proxy's limit.
async fn behind_an_idle_timeout(heartbeat: Duration) -> Result<Report, Error> {
    let database = Database::new().await;
    let gate = Gate::closed(&database).await;
    let proxy = Proxy::with_idle_timeout(&database, Duration::from_secs(2)).await;
    let mut client = proxy.client().await;
    let options = Options::default().lock_heartbeat(heartbeat);
    let mut migrator = Migrator::with_options(core(&[AT_GATE]), options);
    let run = migrator.up(&mut client, Target::all());
    let timeout = async {
        gate.reached().await;
        // The test's session sends nothing: when it is closed, the lock's would be as well.
        let idle = Box::pin(proxy.client()).await;
        while !idle.postgres().is_closed() {
            tokio::task::yield_now().await;
        }
        gate.open().await;
    };
    let (ended, ()) = Box::pin(within("both", async { tokio::join!(run, timeout) })).await;
    let quiet = match ended {
        Ok(_) => 1,
        Err(_) => 2,
    };
    assert_eq!(proxy.ended.load(Ordering::SeqCst), quiet);
    ended
}

#[tokio::test]
async fn a_proxy_that_ends_idle_connections_does_not_end_the_lock() {
    let ended = behind_an_idle_timeout(Duration::from_millis(200)).await;
    assert_eq!(done(&ended.expect("it runs")), ["core/1"]);
}

#[tokio::test]
async fn a_proxy_that_ends_idle_connections_does_not_end_waiting_ones() {
    let database = Database::new().await;
    let gate = Gate::closed(&database).await;
    let registry = core(&[AT_GATE, "SELECT 2;"]);
    let first = tokio::spawn({
        let database = database.clone();
        async move { database.up(registry).await }
    });
    gate.reached().await;
    let proxy = Proxy::with_idle_timeout(&database, Duration::from_secs(2)).await;
    // The first connection belongs to the test and is never closed.
    let spared = Box::pin(proxy.client()).await;
    let mut client = Box::pin(proxy.client()).await;
    let options = Options::default().lock_heartbeat(Duration::from_millis(200));
    let (mut migrator, mut events) = with_events(registry, options);
    let run = migrator.up(&mut client, Target::all());
    let timeout = async {
        events.next("waiting").await;
        let idle = Box::pin(proxy.client()).await;
        while !idle.postgres().is_closed() {
            tokio::task::yield_now().await;
        }
        gate.open().await;
    };
    let both = within("both", async { tokio::join!(run, timeout) });
    let (ended, ()) = Box::pin(both).await;
    ended.expect("its connections live");
    assert!(!client.postgres().is_closed() && !spared.postgres().is_closed());
    let first = within("the first", first).await.expect("no panic");
    first.expect("it runs");
}

#[tokio::test]
async fn a_lock_that_a_proxy_has_ended_is_reported_as_lost() {
    let ended = behind_an_idle_timeout(Duration::MAX).await;
    let error = ended.expect_err("its lock is gone");
    assert_eq!(error.code().to_string(), "M0528");
    let help = error.help();
    for cause in ["server's log", "pg_terminate_backend", "idle timeout"] {
        assert!(help.contains(cause), "{help}");
    }
}

#[tokio::test]
async fn a_wait_that_ends_without_an_answer_reports_the_last_state() {
    let database = Database::new().await;
    let registry = core(&["CREATE TABLE a ();"]);
    let proxy = Proxy::before(&database).await;
    let mut client = proxy.client().await;
    let (migrator, target) = (Migrator::new(registry), Target::all());
    let wait = migrator.wait_until_current(&mut client, &target, Duration::from_secs(2));
    let silence = async {
        let asked = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() \
                     AND query LIKE '/* migrator reads its history */%'";
        database.until(asked, "1").await;
        proxy.silent.store(usize::MAX, Ordering::SeqCst);
    };
    let (ended, ()) = within("both", async { tokio::join!(wait, silence) }).await;
    let error = ended.expect_err("nobody answers");
    let ErrorKind::Connection { why, .. } = &*error.kind else {
        panic!("{error:?}")
    };
    assert!(why.starts_with("no answer within "), "{why}");
    assert!(why.ends_with(": 1 migration is pending"), "{why}");
}
