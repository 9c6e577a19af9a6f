//! Scripts outside a transaction that were interrupted and are resumed.

mod index;
mod report;
mod revert;
mod script;
mod server;

use migrator_runtime::{Direction, Error, Left, Migrator, Options, Report, Target};
use tokio::task::JoinHandle;

use crate::support::{Database, Events, done, fault, with_events, within};

const BUILD: &str = "-- migrator: no-transaction\nCREATE INDEX CONCURRENTLY i ON a (id);";

const VALID: &str = "SELECT string_agg(indisvalid::text, ' ') FROM pg_index \
                     JOIN pg_class c ON c.oid = indexrelid WHERE c.relname = 'i'";

/// The number of sessions that wait for other transactions.
const WAITING: &str = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' \
                       AND datname = current_database() AND query LIKE '%CONCURRENTLY%'";

/// A transaction that has written to `a`. Every concurrent index operation on `a` waits for it.
async fn writer(database: &Database) -> tokio_postgres::Client {
    let session = database.session().await;
    let write = "BEGIN; INSERT INTO a VALUES (1)";
    session.batch_execute(write).await.expect("a is there");
    session
}

async fn table() -> Database {
    let database = Database::new().await;
    database.run("CREATE TABLE a (id int, other int)").await;
    database
}

type Running = JoinHandle<Result<Report, Error>>;

/// Starts a run and waits until the server is in the middle of its statement.
async fn half_way(database: &Database, mut migrator: Migrator, direction: Direction) -> Running {
    let running = tokio::spawn({
        let database = database.clone();
        async move {
            let mut client = database.client().await;
            match direction {
                Direction::Up => migrator.up(&mut client, Target::all()).await,
                Direction::Down => migrator.down(&mut client, Target::all()).await,
            }
        }
    });
    database.until(WAITING, "1").await;
    running
}

/// Ends the run's session at the server, and returns the run's error.
async fn terminated(database: &Database, running: Running) -> Left {
    database
        .run(&format!(
            "SELECT pg_terminate_backend(pid) FROM ({}) w",
            WAITING.replace("count(*)", "pid")
        ))
        .await;
    fault(within("the run", running).await.expect("no panic")).left
}

fn resumed(events: &Events) -> Vec<String> {
    let all = events.all.lock().expect("nobody panics");
    let all = all
        .iter()
        .filter_map(|event| event.strip_prefix("resumed "));
    all.map(str::to_owned).collect()
}

/// Resumes the script, and returns what the run found.
async fn taken_up(
    database: &Database,
    registry: &'static migrator_runtime::Registry,
) -> Vec<String> {
    let (migrator, events) = with_events(registry, Options::default());
    let report = database.up_with(migrator, Target::all()).await;
    assert_eq!(done(&report.expect("it is taken up")), ["core/1"]);
    assert_eq!(database.recorded().await, ["core/1"]);
    resumed(&events)
}
