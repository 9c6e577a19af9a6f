//! Runs that wait for each other, and runs that do not.

use std::collections::BTreeSet;
use std::time::Duration;

use migrator_runtime::{ErrorKind, Migrator, Options, Target};

use crate::support::{AT_GATE, Database, Gate, core, done, fault, registry, with_events, within};

#[tokio::test]
async fn eight_runs_at_once_apply_each_migration_once() {
    let database = Database::new().await;
    let registry = registry(&[
        ("core", 1, "CREATE TABLE a ();", "DROP TABLE a;"),
        ("core", 2, "CREATE TABLE b ();", "DROP TABLE b;"),
        ("tenant", 3, "CREATE TABLE c ();", "DROP TABLE c;"),
        ("auth", 4, "CREATE TABLE d ();", "DROP TABLE d;"),
        ("lonely", 5, "CREATE TABLE e ();", "DROP TABLE e;"),
    ]);
    let services = ["core", "tenant", "auth", "lonely"];
    let runs: Vec<_> = (0..8)
        .map(|run| {
            let database = database.clone();
            let target = match run % 2 {
                0 => Target::all(),
                _ => Target::service(services[run / 2]),
            };
            tokio::spawn(async move { database.up_with(Migrator::new(registry), target).await })
        })
        .collect();
    let mut all = Vec::new();
    for run in runs {
        let report = within("a run", run)
            .await
            .expect("no panic")
            .expect("it succeeds");
        all.extend(done(&report));
    }
    all.sort();
    assert_eq!(all, ["auth/4", "core/1", "core/2", "lonely/5", "tenant/3"]);
    assert_eq!(database.events().await.len(), 5);
}

#[tokio::test]
async fn a_waiting_run_reports_who_holds_the_lock_and_then_continues() {
    let database = Database::new().await;
    let gate = Gate::closed(&database).await;
    let registry = core(&[AT_GATE]);
    let first = tokio::spawn({
        let database = database.clone();
        async move { database.up(registry).await }
    });
    gate.reached().await;
    let (migrator, mut events) = with_events(registry, Options::default());
    let second = tokio::spawn({
        let database = database.clone();
        async move { database.up_with(migrator, Target::all()).await }
    });
    let waiting = events.next("waiting").await;
    assert!(waiting.starts_with("waiting `migrator` (pid "), "{waiting}");
    assert!(waiting.contains(", role postgres, since 2"), "{waiting}");
    gate.open().await;
    let first = within("the first", first)
        .await
        .expect("no panic")
        .expect("it runs");
    let second = within("the second", second)
        .await
        .expect("no panic")
        .expect("it runs");
    assert_eq!(
        (done(&first), done(&second)),
        (vec!["core/1".to_owned()], Vec::new())
    );
    assert_eq!(
        events
            .all
            .lock()
            .expect("nobody panics")
            .last()
            .expect("some"),
        "planned 0"
    );
}

#[tokio::test]
async fn with_a_lock_wait_of_zero_a_held_lock_is_refused_at_once() {
    let database = Database::new().await;
    let gate = Gate::closed(&database).await;
    let registry = core(&[AT_GATE]);
    let first = tokio::spawn({
        let database = database.clone();
        async move { database.up(registry).await }
    });
    gate.reached().await;
    let impatient = || {
        let options = Options::default().lock_wait(Duration::ZERO);
        Migrator::with_options(registry, options)
    };
    let error = database
        .up_with(impatient(), Target::all())
        .await
        .expect_err("it is held");
    assert_eq!(error.code().to_string(), "M0502");
    let ErrorKind::Locked { holder, waited } = &*error.kind else {
        panic!("{error:?}")
    };
    assert_eq!((holder.application.as_str(), *waited), ("migrator", 0));
    assert!(
        error
            .to_string()
            .starts_with("the lock was not obtained in 0 s: `migrator` (pid ")
    );
    gate.open().await;
    within("the first", first)
        .await
        .expect("no panic")
        .expect("it runs");
    // The lock is free as soon as a run has returned, also after a failure.
    let failing = core(&[AT_GATE, "SELECT 1/0;"]);
    for _ in 0..5 {
        let options = Options::default().lock_wait(Duration::ZERO);
        fault(
            database
                .up_with(Migrator::with_options(failing, options), Target::all())
                .await,
        );
    }
}

#[tokio::test]
async fn runs_of_independent_services_do_not_wait_for_each_other() {
    let database = Database::new().await;
    let registry = registry(&[
        ("core", 1, "SELECT 1;", "SELECT 1;"),
        ("tenant", 2, AT_GATE, "SELECT 1;"),
        ("auth", 3, "SELECT 1;", "SELECT 1;"),
        ("lonely", 4, "SELECT 1;", "SELECT 1;"),
    ]);
    let up = |service: &'static str| {
        let database = database.clone();
        let options = Options::default().lock_wait(Duration::ZERO);
        let migrator = Migrator::with_options(registry, options);
        async move { database.up_with(migrator, Target::service(service)).await }
    };
    up("core").await.expect("it runs");
    let gate = Gate::closed(&database).await;
    let tenant = tokio::spawn(up("tenant"));
    gate.reached().await;
    // `auth` shares only `core` with it, which both only read.
    assert_eq!(done(&up("auth").await.expect("it runs")), ["auth/3"]);
    assert_eq!(done(&up("lonely").await.expect("it runs")), ["lonely/4"]);
    let options = Options::default().lock_wait(Duration::ZERO);
    let down = Migrator::with_options(registry, options);
    let error = database.down_with(down, Target::service("core")).await;
    let error = error.expect_err("`core` is read by the other run or needed by `auth`");
    assert!(
        ["M0405", "M0502"].contains(&error.code().to_string().as_str()),
        "{error}"
    );
    gate.open().await;
    within("tenant", tenant)
        .await
        .expect("no panic")
        .expect("it runs");
}

#[tokio::test]
async fn a_service_that_a_run_depends_on_is_not_reverted_during_the_run() {
    let database = Database::new().await;
    let waits = format!("-- migrator: requires lonely/20240101000004\n{AT_GATE}");
    let registry = registry(&[
        ("core", 1, "SELECT 1;", "SELECT 1;"),
        ("tenant", 5, &waits, "SELECT 1;"),
        ("lonely", 4, "SELECT 1;", "SELECT 1;"),
    ]);
    for service in ["core", "lonely"] {
        database
            .up_with(Migrator::new(registry), Target::service(service))
            .await
            .expect("it runs");
    }
    let gate = Gate::closed(&database).await;
    let tenant = tokio::spawn({
        let database = database.clone();
        async move { database.up(registry).await }
    });
    gate.reached().await;
    for service in ["core", "lonely"] {
        let options = Options::default().lock_wait(Duration::ZERO);
        let down = Migrator::with_options(registry, options);
        let error = database.down_with(down, Target::service(service)).await;
        assert_eq!(
            error.expect_err("it is read").code().to_string(),
            "M0502",
            "{service}"
        );
    }
    gate.open().await;
    within("tenant", tenant)
        .await
        .expect("no panic")
        .expect("it runs");
}

#[tokio::test]
async fn histories_in_two_schemas_do_not_wait_for_each_other() {
    let database = Database::new().await;
    let gate = Gate::closed(&database).await;
    let first = tokio::spawn({
        let database = database.clone();
        async move { database.up(core(&[AT_GATE])).await }
    });
    gate.reached().await;
    let options = Options::default().schema("other").lock_wait(Duration::ZERO);
    let other = Migrator::with_options(core(&["SELECT 1;"]), options);
    database
        .up_with(other, Target::all())
        .await
        .expect("it runs");
    gate.open().await;
    within("the first", first)
        .await
        .expect("no panic")
        .expect("it runs");
}

#[tokio::test]
async fn an_index_is_built_concurrently_while_others_wait_for_the_lock() {
    let database = Database::new().await;
    let script = format!(
        "-- migrator: no-transaction\nCREATE TABLE a (id int);\n{AT_GATE}\n\
         CREATE INDEX CONCURRENTLY i ON a (id);"
    );
    let registry = core(&[&script]);
    let gate = Gate::closed(&database).await;
    let first = tokio::spawn({
        let database = database.clone();
        async move { database.up(registry).await }
    });
    gate.reached().await;
    let mut others = Vec::new();
    for _ in 0..3 {
        let (migrator, mut events) = with_events(registry, Options::default());
        let database = database.clone();
        others.push(tokio::spawn(async move {
            database.up_with(migrator, Target::all()).await
        }));
        events.next("waiting").await;
    }
    gate.open().await;
    let first = within("the first", first)
        .await
        .expect("no panic")
        .expect("it runs");
    assert_eq!(done(&first), ["core/1"]);
    for other in others {
        let report = within("another", other).await.expect("no panic");
        assert!(
            report
                .expect("what is at work is not dirty")
                .done
                .is_empty()
        );
    }
    assert_eq!(
        database
            .value("SELECT indisvalid FROM pg_index WHERE indexrelid = 'i'::regclass")
            .await,
        "t"
    );
}

#[tokio::test]
async fn many_runs_at_once_create_the_tables_of_new_services() {
    // A run for each service, all of them independent, on an empty database.
    for isolation in ["read committed", "serializable"] {
        let database = Database::new().await;
        database
            .set(&format!("default_transaction_isolation = '{isolation}'"))
            .await;
        let services = ["core", "tenant", "auth", "lonely"];
        let scripts: Vec<_> = (1..)
            .zip(services)
            .map(|(number, service)| (service, number, "SELECT 1;", "SELECT 1;"))
            .collect();
        let registry = registry(&scripts);
        let runs: Vec<_> = services
            .iter()
            .map(|service| {
                let database = database.clone();
                let target = Target::service(*service);
                tokio::spawn(async move { database.up_with(Migrator::new(registry), target).await })
            })
            .collect();
        let mut all = BTreeSet::new();
        for run in runs {
            let report = within("a run", run)
                .await
                .expect("no panic")
                .expect(isolation);
            all.extend(done(&report));
        }
        assert_eq!(all.len(), 4);
    }
}
