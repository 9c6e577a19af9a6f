//! Databases that accept no writes.

use migrator_localpg::{Programs, Throwaway};
use migrator_runtime::{
    DatabaseState, Direction, Error, ErrorKind, Migrator, Outcome, ReadOnly, Selection, ServerRole,
    Target,
};

use super::support::{Database, core, within};

const TWO: [&str; 2] = ["CREATE TABLE a ();", "CREATE TABLE b ();"];

fn assert_read_only(outcome: Result<impl std::fmt::Debug, Error>, why: ReadOnly) {
    let error = outcome.expect_err("it takes no writes");
    assert_eq!(error.code().to_string(), "M0525");
    assert!(
        error.to_string().starts_with("the database is read-only: "),
        "{error}"
    );
    assert!(!error.help().is_empty() && error.report.done.is_empty());
    let ErrorKind::ReadOnly(found) = &*error.kind else {
        panic!("{error:?}")
    };
    assert_eq!(*found, why);
}

/// Asserts that reads work, and that each write fails with an error and changes nothing.
async fn assert_only_read(database: &Database, why: ReadOnly) {
    let client = database.client().await;
    let migrator = Migrator::new(core(&TWO));
    let status = within("status", migrator.status(&client, &Selection::All)).await;
    assert!(!status.expect("a status").is_current());
    let observed = migrator.observe(&client, &Selection::All).await;
    let (status, activity) = observed.expect("a status");
    assert!(!status.is_current());
    let expected = match why {
        ReadOnly::Standby => ServerRole::Standby,
        ReadOnly::Setting | _ => ServerRole::Primary,
    };
    assert_eq!(activity.server, expected);
    let state = migrator.state(&client, &Target::all()).await;
    assert_eq!(state.expect("a state"), DatabaseState::Behind(1));
    for direction in [Direction::Up, Direction::Down] {
        let plan = migrator.plan(&client, direction, &Target::all()).await;
        assert_eq!(plan.expect("a plan").steps.len(), 1);
    }
    let nothing = database.up(core(&TWO[..1])).await.expect("nothing pending");
    assert!(nothing.done.is_empty());
    assert_read_only(database.up(core(&TWO)).await, why);
    assert_read_only(database.down(core(&TWO)).await, why);
    assert_read_only(accept_edits(database).await, why);
    assert_eq!(database.recorded().await, ["core/1"]);
    assert_eq!(database.events().await, ["apply core/1"]);
}

/// Records the edited script of the first migration.
async fn accept_edits(database: &Database) -> Result<(), Error> {
    let mut client = database.client().await;
    let mut migrator = Migrator::new(core(&["CREATE TABLE a (id int);"]));
    let edits = migrator.edits(&client, "core", None).await?;
    assert_eq!(edits.len(), 1);
    within("accept", migrator.accept(&mut client, &edits)).await
}

/// A database whose only migration is dirty.
async fn with_dirty(database: Database) -> Database {
    let broken = core(&["-- migrator: no-transaction\nSELECT 1; SELECT 1 / 0;"]);
    database.up(broken).await.expect_err("it fails");
    database
}

async fn assert_not_repaired(database: &Database, why: ReadOnly) {
    for outcome in [Outcome::Applied, Outcome::Reverted] {
        assert_read_only(database.repair(core(&TWO), 1, outcome).await, why);
    }
    assert_eq!(database.recorded().await, ["core/1 dirty up"]);
    assert_eq!(database.events().await, ["failure core/1"]);
}

#[tokio::test]
async fn a_standby_is_read_and_never_written() {
    let programs = Programs::find(None).expect("Postgres is installed");
    let settings = [("wal_level", "replica")];
    let server = Throwaway::start_with_settings(programs, &settings).expect("a server");
    let empty = server.create_database().await.expect("a database");
    let url = server.create_database().await.expect("a database");
    let (empty, database) = (Database::at(empty), Database::at(url));
    let dirty = with_dirty(Database::at(
        server.create_database().await.expect("a database"),
    ))
    .await;
    database.up(core(&TWO[..1])).await.expect("it runs");
    database.run("CHECKPOINT").await;
    // It restarts as a standby that has received everything from its lost primary.
    let signal = server.folder().join("data/standby.signal");
    std::fs::write(signal, "").expect("a file can be made");
    server.crash().expect("it comes back");
    assert_eq!(database.value("SELECT pg_is_in_recovery()").await, "t");
    assert_only_read(&database, ReadOnly::Standby).await;
    assert_not_repaired(&dirty, ReadOnly::Standby).await;
    assert_read_only(empty.up(core(&TWO)).await, ReadOnly::Standby);
    // Without a history, the role of the server is known too.
    let client = empty.client().await;
    let migrator = Migrator::new(core(&TWO));
    let (_, activity) = migrator
        .observe(&client, &Selection::All)
        .await
        .expect("a status");
    assert_eq!(activity.server, ServerRole::Standby);
}

#[tokio::test]
async fn a_read_only_database_is_read_and_never_written() {
    let database = Database::new().await;
    database.up(core(&TWO[..1])).await.expect("it runs");
    database.set("default_transaction_read_only = on").await;
    assert_only_read(&database, ReadOnly::Setting).await;
    let dirty = with_dirty(Database::new().await).await;
    dirty.set("default_transaction_read_only = on").await;
    assert_not_repaired(&dirty, ReadOnly::Setting).await;
}

#[tokio::test]
async fn a_read_only_role_creates_no_history() {
    let database = Database::new().await;
    database.set("default_transaction_read_only = on").await;
    assert_read_only(database.up(core(&TWO)).await, ReadOnly::Setting);
    let schema = "SELECT count(*) FROM pg_namespace WHERE nspname = 'migrator'";
    assert_eq!(database.value(schema).await, "0");
    let writable = Database::at(format!(
        "{}?options=-c%20default_transaction_read_only%3Doff",
        database.url
    ));
    writable.up(core(&TWO)).await.expect("the help line helps");
}
