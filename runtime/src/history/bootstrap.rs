//! Makes the history's tables where they are not there yet.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use migrator_connect::backoff::jitter;

use migrator_plan::{Plan, Step};

use crate::error::kind::ErrorKind;
use crate::event::blocker::Holder;
use crate::history::History;
use crate::history::failure::read_failed;
use crate::history::guard::{self, Purpose};
use crate::history::read::{self, ReadError, Reader};
use crate::history::schema::Tables;
use crate::options::Options;
use crate::session::advisory::table_key;
use crate::session::client::Client;
use crate::session::send::rows;

/// Whether the history's common tables are there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ready {
    No,
    Yes,
}

impl Ready {
    fn of(history: &History) -> Ready {
        match history.tables() {
            Some(_) => Ready::Yes,
            None => Ready::No,
        }
    }
}

/// The services whose tables a plan needs.
pub(crate) fn services(plan: &Plan<'_>) -> BTreeSet<String> {
    let services = plan.steps.iter().map(Step::service);
    services.map(str::to_owned).collect()
}

/// Makes the tables that services need and the history has not.
///
/// Runs for unrelated services may do so at once: a lock of its own, held for
/// one short transaction, keeps them apart.
pub(crate) async fn tables(
    client: &Client,
    tables: &Tables,
    options: &Options,
    history: &History,
    services: &BTreeSet<String>,
) -> Result<(), ErrorKind> {
    let missing = missing(history, services);
    if missing.is_empty() {
        return Ok(());
    }
    let postgres = client.postgres();
    let first = at_once(tables, &options.schema, Ready::of(history), &missing);
    if postgres.batch_execute(&first).await.is_ok() {
        return Ok(());
    }
    let makes = match postgres.batch_execute("ROLLBACK").await {
        Ok(()) => make(client, tables, options, services).await,
        Err(error) => Err(error.into()),
    };
    makes.map_err(|trouble| match trouble {
        Trouble::Read(error) => read_failed(client, "making the history's tables", error),
        Trouble::Locked(waited) => ErrorKind::Locked {
            holder: Holder::unseen(),
            waited: waited.as_secs(),
        },
    })
}

fn missing<'s>(history: &History, services: &'s BTreeSet<String>) -> Vec<&'s str> {
    let is_missing = |service: &&String| !history.has_table(service);
    let missing = services.iter().filter(is_missing);
    missing.map(String::as_str).collect()
}

/// One message that makes them if nobody else is at it and the history is as it was
/// seen. Otherwise it fails, and a closer look is worth its round trips.
fn at_once(tables: &Tables, schema: &str, ready: Ready, missing: &[&str]) -> String {
    let common = match ready {
        Ready::Yes => String::new(),
        Ready::No => tables.create_schema() + &tables.create_common(),
    };
    let services = missing.iter().map(|service| tables.create_service(service));
    format!(
        "{BEGIN}SELECT 1 OPERATOR(pg_catalog./) \
           CASE WHEN pg_catalog.pg_try_advisory_xact_lock({}) THEN 1 ELSE 0 END;\
         {common}{}COMMIT;",
        table_key(schema),
        services.collect::<String>()
    )
}

/// A later commit, of the first step, makes these durable too.
///
/// READ COMMITTED: a snapshot taken before the lock would not see what its last
/// holder made.
const BEGIN: &str = "BEGIN ISOLATION LEVEL READ COMMITTED;\
                     SET LOCAL idle_in_transaction_session_timeout = 0;\
                     SET LOCAL synchronous_commit = off;";

/// Why the tables could not be made.
enum Trouble {
    Read(ReadError),
    /// Somebody was at it for all this time.
    Locked(Duration),
}

impl From<tokio_postgres::Error> for Trouble {
    fn from(error: tokio_postgres::Error) -> Trouble {
        Trouble::Read(error.into())
    }
}

impl From<ReadError> for Trouble {
    fn from(error: ReadError) -> Trouble {
        Trouble::Read(error)
    }
}

async fn make(
    client: &Client,
    tables: &Tables,
    options: &Options,
    services: &BTreeSet<String>,
) -> Result<(), Trouble> {
    let postgres = client.postgres();
    begin(postgres, options).await?;
    let reader = Reader::new(client, tables, options, Purpose::Act);
    let made = make_locked(&reader, services).await;
    let end = match made {
        Ok(()) => "COMMIT",
        Err(_) => "ROLLBACK",
    };
    let ended = postgres.batch_execute(end).await;
    made?;
    Ok(ended?)
}

/// Begins the transaction once nobody else is in theirs.
async fn begin(postgres: &tokio_postgres::Client, options: &Options) -> Result<(), Trouble> {
    let started = Instant::now();
    let key = table_key(&options.schema);
    let lock = format!("{BEGIN}SELECT pg_catalog.pg_try_advisory_xact_lock({key});");
    while !rows(postgres.simple_query(&lock).await?).any(|row| row.get(0) == Some("t")) {
        postgres.batch_execute("ROLLBACK").await?;
        if started.elapsed() >= options.lock_wait {
            return Err(Trouble::Locked(started.elapsed()));
        }
        tokio::time::sleep(jitter(Duration::from_millis(50))).await;
    }
    Ok(())
}

/// Looks again, now that nobody else can be at it, and makes what is missing.
async fn make_locked(reader: &Reader<'_>, services: &BTreeSet<String>) -> Result<(), ReadError> {
    let (postgres, tables) = (reader.session, reader.tables);
    let (common, known) = existing(reader).await?;
    let mut statements = String::new();
    if common == Ready::No {
        let schema = postgres.simple_query(&tables.schema_exists()).await?;
        statements += &match rows(schema).next() {
            None => tables.create_schema(),
            // It may be there since a moment ago.
            Some(_) => guard::check(tables, Purpose::Act),
        };
        statements += &tables.create_common();
    }
    for service in missing(&known, services) {
        statements += &tables.create_service(service);
    }
    Ok(postgres.batch_execute(&statements).await?)
}

/// What is there; a failed look would end the transaction, so that a savepoint guards it.
async fn existing(reader: &Reader<'_>) -> Result<(Ready, History), ReadError> {
    let postgres = reader.session;
    postgres.batch_execute("SAVEPOINT look").await?;
    match read::history(reader).await {
        Ok(history) if history.tables().is_some() => Ok((Ready::Yes, history)),
        Ok(_) => {
            postgres.batch_execute("ROLLBACK TO SAVEPOINT look").await?;
            Ok((Ready::No, History::default()))
        }
        Err(ReadError::Format(_) | ReadError::Row(_)) => Ok((Ready::Yes, History::default())),
        Err(error @ ReadError::Postgres { .. }) => Err(error),
    }
}
