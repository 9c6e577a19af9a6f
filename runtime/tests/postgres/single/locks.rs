//! The locks of a run over one connection.

use std::time::Duration;

use migrator_runtime::model::Registry;
use migrator_runtime::{Left, Migrator, Options, Target};

use super::{LOCKS, nothing_is_locked, single};
use crate::support::{AT_GATE, Database, Gate, core, fault, within};

/// A migrator that does not wait for other runs.
fn impatient(registry: &'static Registry, options: Options) -> Migrator {
    Migrator::with_options(registry, options.lock_wait(Duration::ZERO))
}

#[tokio::test]
async fn runs_over_one_and_two_connections_exclude_each_other() {
    let several = Options::default;
    let one = || Options::default().single_connection();
    // The script takes locks and changes settings. The reset after the script keeps the run's locks.
    let first = "SET search_path = pg_catalog; SET ROLE postgres; SELECT pg_advisory_lock(7);";
    for (holder, other) in [(one(), several()), (several(), one()), (one(), one())] {
        let database = Database::new().await;
        let gate = Gate::closed(&database).await;
        let registry = core(&[first, AT_GATE]);
        let migrator = Migrator::with_options(registry, holder);
        let run = tokio::spawn({
            let database = database.clone();
            async move { database.up_with(migrator, Target::all()).await }
        });
        gate.reached().await;
        let second = impatient(registry, other);
        let error = database.up_with(second, Target::all()).await;
        let error = error.expect_err("it is locked");
        assert_eq!(error.code().to_string(), "M0502", "{error}");
        gate.open().await;
        let report = within("the first", run).await.expect("no panic");
        assert_eq!(report.expect("it runs").done.len(), 2);
        nothing_is_locked(&database).await;
    }
}

#[tokio::test]
async fn a_waiting_run_gets_the_lock_when_it_is_free() {
    let database = Database::new().await;
    let gate = Gate::closed(&database).await;
    let registry = core(&["CREATE TABLE a ();", AT_GATE]);
    let run = || {
        let database = database.clone();
        tokio::spawn(async move { database.up_with(single(registry), Target::all()).await })
    };
    let first = run();
    gate.reached().await;
    let others = [run(), run()];
    gate.open().await;
    let report = within("the first", first).await.expect("no panic");
    assert_eq!(report.expect("it runs").done.len(), 2);
    for other in others {
        let report = within("another", other).await.expect("no panic");
        assert_eq!(report.expect("it runs").done.len(), 0);
    }
    nothing_is_locked(&database).await;
}

/// Behind a pooler, another run may use the session of this one.
#[tokio::test]
async fn a_session_that_has_the_lock_already_is_refused() {
    let database = Database::new().await;
    let gate = Gate::closed(&database).await;
    let registry = core(&["CREATE TABLE a ();", AT_GATE]);
    let run = tokio::spawn({
        let database = database.clone();
        async move { database.up_with(single(registry), Target::all()).await }
    });
    let pid = gate.reached().await;
    let keys = format!(
        "SELECT (classid::int8 << 32) | objid::int8 FROM pg_locks \
         WHERE locktype = 'advisory' AND pid = {pid} AND granted AND objid <> 42"
    );
    let keys = database.rows(&keys).await;
    assert_eq!(keys.len(), 2, "the service and the run");
    gate.open().await;
    within("the run", run)
        .await
        .expect("no panic")
        .expect("it runs");
    let mut client = database.client().await;
    for key in keys {
        let take = format!("SELECT pg_advisory_lock({key})");
        client
            .postgres()
            .batch_execute(&take)
            .await
            .expect("it is free");
    }
    let options = Options::default().single_connection();
    let mut migrator = impatient(registry, options);
    let down = migrator.down(&mut client, Target::all());
    let error = within("down", down)
        .await
        .expect_err("its session has the lock");
    assert_eq!(error.code().to_string(), "M0502", "{error}");
    assert_eq!(database.recorded().await, ["core/1", "core/2"]);
    assert_eq!(database.value(LOCKS).await, "2");
}

#[tokio::test]
async fn a_script_that_releases_the_locks_ends_its_run() {
    for (script, left) in [
        ("SELECT pg_advisory_unlock_all();", Left::Nothing),
        ("-- migrator: no-transaction\nDISCARD ALL;", Left::Dirty),
    ] {
        let database = Database::new().await;
        let registry = core(&["CREATE TABLE a ();", script, "CREATE TABLE b ();"]);
        let fault = fault(database.up_with(single(registry), Target::all()).await);
        assert_eq!(
            (fault.code.to_string().as_str(), fault.left),
            ("M0528", left)
        );
        let why = "a script has released the advisory locks of its session";
        assert!(fault.message.contains(why), "{fault}");
        let recorded = database.recorded().await;
        assert!(!recorded.contains(&"core/3".to_owned()), "{recorded:?}");
        assert_eq!(database.value("SELECT to_regclass('b')").await, "NULL");
        nothing_is_locked(&database).await;
        if left == Left::Nothing {
            // With a connection of their own, the locks remain.
            let report = database.up(registry).await;
            assert_eq!(report.expect("it runs").done.len(), 2);
        }
    }
}
