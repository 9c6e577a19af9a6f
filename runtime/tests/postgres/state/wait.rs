//! A service that waits until its migrations are applied.

use std::time::Duration;

use migrator_localpg::{Programs, Throwaway};
use migrator_runtime::{
    Client, DatabaseState, Error, ErrorKind, Migrator, Options, Outcome, Registry, Remedy, Target,
};

use super::WHOLE;
use crate::support::{AT_GATE, Database, Gate, core, registry, rows, version, with_events, within};

async fn wait(
    database: &Database,
    registry: &'static Registry,
    timeout: Duration,
) -> Result<DatabaseState, Error> {
    let mut client = database.client().await;
    let migrator = Migrator::new(registry);
    let target = Target::all();
    let wait = migrator.wait_until_current(&mut client, &target, timeout);
    within("a wait", wait).await
}

/// Counts the sessions that have read the state and for which this condition holds.
fn asked(of: &str) -> String {
    format!(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() \
           AND query LIKE '/* migrator reads its history */%' AND {of}"
    )
}

#[tokio::test]
async fn a_service_waits_for_the_run_that_applies_its_migrations() {
    let database = Database::new().await;
    let gate = Gate::closed(&database).await;
    let registry = core(&["CREATE TABLE a ();", AT_GATE]);
    let services: Vec<_> = (0..3)
        .map(|_| {
            let database = database.clone();
            tokio::spawn(async move { wait(&database, registry, Duration::MAX).await })
        })
        .collect();
    let run = tokio::spawn({
        let database = database.clone();
        async move { database.up(registry).await }
    });
    gate.reached().await;
    assert!(services.iter().all(|service| !service.is_finished()));
    gate.open().await;
    within("the run", run)
        .await
        .expect("no panic")
        .expect("it runs");
    for service in services {
        let found = within("a service", service).await.expect("no panic");
        assert_eq!(found.expect("it is current"), DatabaseState::Current);
    }
}

#[tokio::test]
async fn a_wait_that_ends_too_early_says_what_is_pending() {
    let database = Database::new().await;
    let whole = registry(&WHOLE);
    let error = wait(&database, whole, Duration::from_millis(50))
        .await
        .expect_err("nobody applies them");
    assert_eq!(error.code().to_string(), "M0506");
    assert_eq!(
        error.to_string(),
        "the database is not current after 0 s: 4 migrations are pending"
    );
    assert_eq!(error.remedy(), Remedy::ApplyPending);
    let ErrorKind::NotCurrent { state, .. } = *error.kind else {
        panic!("{error:?}")
    };
    assert_eq!(state, DatabaseState::Behind(4));
}

#[tokio::test]
async fn a_changed_migration_ends_the_wait_at_once() {
    let database = Database::new().await;
    database.up(core(&["SELECT 1;"])).await.expect("it runs");
    let error = wait(&database, core(&["SELECT 2;"]), Duration::MAX)
        .await
        .expect_err("it is refused at once");
    assert_eq!(error.code().to_string(), "M0401");
    assert!(
        error.help().contains("restore the file"),
        "{}",
        error.help()
    );
}

#[tokio::test]
async fn a_wait_continues_until_a_dirty_migration_is_repaired() {
    let database = Database::new().await;
    let registry = core(&["-- migrator: no-transaction\nSELECT 1; SELECT nothing;"]);
    database.fault(registry).await;
    let error = wait(&database, registry, Duration::from_millis(50))
        .await
        .expect_err("it is dirty");
    assert_eq!(error.code().to_string(), "M0404");
    let waiting = tokio::spawn({
        let database = database.clone();
        async move { wait(&database, registry, Duration::MAX).await }
    });
    database.until(&asked("true"), "1").await;
    database
        .repair(registry, 1, Outcome::Applied)
        .await
        .expect("it is repaired");
    let found = within("the wait", waiting).await.expect("no panic");
    assert_eq!(found.expect("it is current"), DatabaseState::Current);
}

#[tokio::test]
async fn a_wait_survives_the_end_of_its_session_and_of_the_server() {
    let programs = Programs::find(None).expect("programs");
    let server = Throwaway::start_with(programs).expect("a server");
    let url = server.create_database().await.expect("a database");
    let database = Database::at(url);
    let whole = registry(&WHOLE);
    let mut client: Client = database.client().await;
    let migrator = Migrator::new(whole);
    let (mut deploy, mut events) = with_events(whole, Options::default());
    let first = rows(client.postgres(), "SELECT pg_backend_pid()").await;
    let first = first.join("");
    let work = Box::pin(async {
        database.until(&asked(&format!("pid = {first}")), "1").await;
        database
            .run(&format!("SELECT pg_terminate_backend({first})"))
            .await;
        database
            .until(&asked(&format!("pid <> {first}")), "1")
            .await;
        server.crash().expect("it comes back");
        let mut client = database.client().await;
        deploy
            .up(&mut client, Target::all())
            .await
            .expect("it runs");
        events.next("planned").await;
    });
    let target = Target::all();
    let wait = migrator.wait_until_current(&mut client, &target, Duration::MAX);
    let (found, ()) = within("both", async { tokio::join!(wait, work) }).await;
    assert_eq!(found.expect("it is current"), DatabaseState::Current);
    let alive = rows(
        client.postgres(),
        "SELECT version FROM migrator.core_history",
    )
    .await;
    assert_eq!(alive, [version(1), version(2)].map(|v| v.to_string()));
}
