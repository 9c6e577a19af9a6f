//! Creates a database that does not exist.
//!
//! Many machines may do this at once: one of them creates the database, and the others find it.

use std::time::{Duration, Instant};

use tokio_postgres::error::SqlState;

use crate::{
    attempt::open,
    backoff::{FIRST_PAUSE, LONGEST_PAUSE, jitter},
    connection::Connection,
    error::{Cause, ConnectError, Refusal},
    settings::Settings,
};

/// Whether [`create_database`] had to create the database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Creation {
    /// This call created the database.
    Created,
    /// The database existed, or another session created it meanwhile.
    Existed,
}

/// How long to wait for sessions that keep the server from copying `template1`.
const PATIENCE: Duration = Duration::from_secs(30);

/// Only one session may be in `template1` while the server copies it. So a session there holds this
/// lock, and the others leave. The key is eight ASCII letters.
const ALONE: i64 = i64::from_be_bytes(*b"mig-make");

/// Creates the database of the settings, over a session in `postgres` or else in `template1`.
///
/// # Errors
///
/// [`Refusal::NotCreated`] with the server's error; its most frequent cause is that the role lacks
/// CREATEDB. Otherwise the errors of [`open`].
pub async fn create_database(settings: &Settings) -> Result<Creation, ConnectError> {
    let started = Instant::now();
    let mut pause = FIRST_PAUSE;
    loop {
        match attempt(settings).await? {
            Attempt::Done(creation) => return Ok(creation),
            Attempt::Busy(error) if started.elapsed() >= PATIENCE => {
                return Err(not_created(settings, error));
            }
            Attempt::Busy(_) => tokio::time::sleep(jitter(pause)).await,
        }
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}

enum Attempt {
    Done(Creation),
    /// Other sessions are connected to `template1`.
    Busy(Option<Cause>),
}

async fn attempt(settings: &Settings) -> Result<Attempt, ConnectError> {
    // Boxed: otherwise each caller's future would hold 20 kB.
    let (connection, is_template) = Box::pin(beside(settings)).await?;
    let created = match is_template && !is_alone(&connection).await {
        true => Ok(Attempt::Busy(None)),
        false => create(&connection, settings).await,
    };
    connection.close().await;
    created
}

/// Opens a session in another database of the server. Says whether it is the one that is copied.
async fn beside(settings: &Settings) -> Result<(Connection, bool), ConnectError> {
    let in_database = |name: &str| settings.clone().with_new_database(name);
    match open(&in_database("postgres")).await {
        Err(error @ ConnectError::Refused { .. }) if !error.is_transient() => {
            Ok((open(&in_database("template1")).await?, true))
        }
        opened => Ok((opened?, false)),
    }
}

async fn is_alone(connection: &Connection) -> bool {
    let sql = format!("SELECT pg_catalog.pg_try_advisory_lock({ALONE})");
    let row = connection.client.query_one(&sql, &[]).await;
    row.is_ok_and(|row| row.get(0))
}

async fn create(connection: &Connection, settings: &Settings) -> Result<Attempt, ConnectError> {
    let name = settings.database().replace('"', "\"\"");
    let limits = "SET statement_timeout TO 0; SET lock_timeout TO 0";
    let mut answer = connection.client.batch_execute(limits).await;
    if answer.is_ok() {
        // Postgres does not create a database in a message with other statements.
        let create = format!("CREATE DATABASE \"{name}\"");
        answer = connection.client.batch_execute(&create).await;
    }
    let Err(error) = answer else {
        return Ok(Attempt::Done(Creation::Created));
    };
    let state = error.code().cloned();
    // tokio-postgres shows the server's error as `db error` only.
    let cause: Cause = match error.as_db_error() {
        Some(db_error) => Box::new(db_error.clone()),
        None => Box::new(error),
    };
    let is = |one: SqlState| state == Some(one);
    // The later of two sessions fails at the name, or at the unique index of names.
    if is(SqlState::DUPLICATE_DATABASE) || is(SqlState::UNIQUE_VIOLATION) {
        return Ok(Attempt::Done(Creation::Existed));
    }
    match is(SqlState::OBJECT_IN_USE) {
        true => Ok(Attempt::Busy(Some(cause))),
        false => Err(not_created(settings, Some(cause))),
    }
}

fn not_created(settings: &Settings, source: Option<Cause>) -> ConnectError {
    ConnectError::Refused {
        target: settings.display_target(),
        reason: Refusal::NotCreated {
            database: settings.database().to_owned(),
        },
        source,
    }
}
