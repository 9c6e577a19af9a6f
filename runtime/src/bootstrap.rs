//! Makes the history's tables where they are not there yet.

use std::time::Duration;

use crate::client::Client;
use crate::error::ErrorKind;
use crate::history::schema::Tables;
use crate::history::{History, Ready, read};
use crate::lock::{jitter, table_key};
use crate::migrator::failed;
use crate::plan::Plan;
use crate::session::rows;

/// Makes the tables that a plan needs.
///
/// Runs for unrelated services may do so at once: a lock of its own, held for
/// one short transaction, keeps them apart.
pub(crate) async fn tables(
    client: &Client,
    tables: &Tables,
    schema: &str,
    history: &History,
    plan: &Plan<'_>,
) -> Result<(), ErrorKind> {
    if missing(history, plan).is_empty() && history.ready == Ready::Yes {
        return Ok(());
    }
    let outcome = make(client, tables, schema, plan).await;
    outcome.map_err(|error| failed(client, "making the history's tables".to_owned(), &error))
}

fn missing<'p>(history: &History, plan: &'p Plan<'_>) -> Vec<&'p str> {
    let mut services: Vec<&str> = plan.steps.iter().map(crate::plan::Step::service).collect();
    services.sort_unstable();
    services.dedup();
    services.retain(|service| !history.tables.iter().any(|table| table == service));
    services
}

async fn make(
    client: &Client,
    tables: &Tables,
    schema: &str,
    plan: &Plan<'_>,
) -> Result<(), tokio_postgres::Error> {
    let postgres = client.postgres();
    let made = match begin(postgres, schema).await {
        Ok(()) => make_locked(postgres, tables, plan).await,
        Err(error) => Err(error),
    };
    let end = match made {
        Ok(()) => "COMMIT",
        Err(_) => "ROLLBACK",
    };
    made.and(postgres.batch_execute(end).await)
}

/// Begins the transaction once nobody else is in theirs. READ COMMITTED: a
/// snapshot taken before the lock would not see what its last holder made.
async fn begin(
    postgres: &tokio_postgres::Client,
    schema: &str,
) -> Result<(), tokio_postgres::Error> {
    let lock = format!(
        "BEGIN ISOLATION LEVEL READ COMMITTED;\
         SET LOCAL idle_in_transaction_session_timeout = 0;\
         SELECT pg_catalog.pg_try_advisory_xact_lock({});",
        table_key(schema)
    );
    while !rows(postgres.simple_query(&lock).await?).any(|row| row.get(0) == Some("t")) {
        postgres.batch_execute("ROLLBACK").await?;
        tokio::time::sleep(jitter(Duration::from_millis(50))).await;
    }
    Ok(())
}

/// Looks again, now that nobody else can be at it, and makes what is missing.
async fn make_locked(
    postgres: &tokio_postgres::Client,
    tables: &Tables,
    plan: &Plan<'_>,
) -> Result<(), tokio_postgres::Error> {
    let (common, known) = existing(postgres, tables).await?;
    let mut statements = String::new();
    if common == Ready::No {
        let schema = postgres.simple_query(&tables.schema_exists()).await?;
        if rows(schema).next().is_none() {
            statements += &tables.create_schema();
        }
        statements += &tables.create_common();
    }
    for service in missing(&known, plan) {
        statements += &tables.create_service(service);
    }
    postgres.batch_execute(&statements).await
}

/// What is there; a failed look would end the transaction, so that a savepoint guards it.
async fn existing(
    postgres: &tokio_postgres::Client,
    tables: &Tables,
) -> Result<(Ready, History), tokio_postgres::Error> {
    postgres.batch_execute("SAVEPOINT look").await?;
    match read::history(postgres, tables).await {
        Ok(history) if history.ready == Ready::Yes => Ok((Ready::Yes, history)),
        Ok(_) => {
            postgres.batch_execute("ROLLBACK TO SAVEPOINT look").await?;
            Ok((Ready::No, History::default()))
        }
        Err(read::ReadError::Postgres(error)) => Err(error),
        Err(read::ReadError::Format(_) | read::ReadError::Row(_)) => {
            Ok((Ready::Yes, History::default()))
        }
    }
}
