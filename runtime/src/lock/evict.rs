//! If the session that holds a run's locks does not answer, ends that session over another
//! connection.
//!
//! A lock with a random key finds the session: only the session of this run holds that lock, also
//! behind a pooler.

use std::time::Duration;

use futures_util::FutureExt as _;
use futures_util::future::join;
use migrator_connect::Settings;
use tokio::time::{sleep, timeout};
use tokio_postgres::SimpleQueryRow;

use crate::session::advisory::is_held_sql;
use crate::session::answer::describe;
use crate::session::client::Client;
use crate::session::send::rows;

/// Whether the server has released the locks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Release {
    /// The server has released them.
    Done,
    /// The server may still hold them, for this reason.
    Unknown(String),
}

/// How long each of two connections has to find the session and to end it.
const PATIENCE: Duration = Duration::from_secs(3);

/// The pause between two checks whether the session has ended.
const PAUSE: Duration = Duration::from_millis(50);

/// Ends the session that holds this lock, if there is one: over the run's own connection, or
/// else over a new connection.
pub(crate) async fn end_holder(client: &Client, nonce: i64) -> Release {
    let first = match client.postgres().is_closed() {
        true => Err("the connection was lost".to_owned()),
        false => end_within(client.postgres(), nonce).await,
    };
    let Err(why) = first else {
        return Release::Done;
    };
    if let Some(release) = end_over_new(client.settings_as("migrator"), nonce).await {
        return release;
    }
    if why == SILENT {
        // The run's connection is dead: nobody needs to wait for it again.
        client.abort();
    }
    Release::Unknown(why)
}

/// As [`end_holder`], over a new connection only.
pub(crate) async fn end_holder_alone(settings: &Settings, nonce: i64) -> Release {
    let release = end_over_new(settings.clone(), nonce).await;
    release.unwrap_or_else(|| Release::Unknown(SILENT.to_owned()))
}

/// Releases the advisory locks of a client's session, which holds the locks of its run. If a pooler
/// has replaced the session, ends the one that still holds them, unless another client uses it.
pub(super) async fn release_own(client: &Client, nonce: i64) -> Release {
    let in_use = match client.postgres().is_closed() {
        true => None,
        false => match timeout(PATIENCE, unlock(client, nonce)).await {
            Ok(Ok(in_use)) => Some(in_use),
            Ok(Err(error)) if !client.postgres().is_closed() => {
                return Release::Unknown(describe(&error));
            }
            Ok(Err(_)) => None,
            Err(_) => return Release::Unknown(SILENT.to_owned()),
        },
    };
    match in_use {
        Some(false) => Release::Done,
        Some(true) => Release::Unknown(
            "a pooler has replaced its session, and another client uses that session".to_owned(),
        ),
        // The server may not have noticed yet that the connection is closed.
        None => end_holder_alone(&client.settings_as("migrator"), nonce).await,
    }
}

/// Returns whether a session of another client holds the lock.
async fn unlock(client: &Client, nonce: i64) -> Result<bool, tokio_postgres::Error> {
    let idle = "a.state OPERATOR(pg_catalog.=) 'idle'";
    let query = format!(
        "SELECT pg_catalog.pg_advisory_unlock_all();\
         SELECT 'holder', {idle}, \
           CASE WHEN {idle} THEN pg_catalog.pg_terminate_backend(a.pid) END \
         FROM pg_catalog.pg_stat_activity a WHERE a.pid OPERATOR(pg_catalog.=) \
           ANY (ARRAY(SELECT l.pid {}))",
        holder_sql(nonce)
    );
    let unlocked = client.postgres().simple_query(&query);
    let (_, answer) = join(client.roll_back("ROLLBACK"), unlocked).await;
    let is_in_use = |row: &SimpleQueryRow| row.get(0) == Some("holder") && row.get(1) != Some("t");
    Ok(rows(answer?).any(|row| is_in_use(&row)))
}

/// Ends the session over a new connection; `None` if no connection can be opened.
async fn end_over_new(settings: Settings, nonce: i64) -> Option<Release> {
    // Boxed: it holds the state of a TLS handshake.
    let opening = Box::pin(migrator_connect::open(&settings));
    let connection = timeout(PATIENCE, opening).await.ok()?.ok()?;
    let ended = end_within(&connection.client, nonce).await;
    // Ends the new connection in order, if the server answers.
    let _ = connection.close().now_or_never();
    Some(ended.map_or_else(Release::Unknown, |()| Release::Done))
}

async fn end_within(client: &tokio_postgres::Client, nonce: i64) -> Result<(), String> {
    let ended = timeout(PATIENCE, end(client, nonce)).await;
    ended.unwrap_or_else(|_| Err(SILENT.to_owned()))
}

/// The reason if the session did not end in time.
const SILENT: &str = "its session did not end in time";

/// Ends the session that holds the lock, and waits until the lock is free.
async fn end(client: &tokio_postgres::Client, nonce: i64) -> Result<(), String> {
    let holder = holder_sql(nonce);
    let end = format!("SELECT pg_catalog.pg_terminate_backend(l.pid) {holder}");
    let look = format!("SELECT l.pid {holder}");
    let mut found = ask(client, &end).await?;
    while !found.is_empty() {
        sleep(PAUSE).await;
        found = ask(client, &look).await?;
    }
    Ok(())
}

fn holder_sql(nonce: i64) -> String {
    format!(
        "FROM pg_catalog.pg_locks l \
         WHERE {} AND l.mode OPERATOR(pg_catalog.=) 'ExclusiveLock'",
        is_held_sql([nonce].into_iter())
    )
}

async fn ask(client: &tokio_postgres::Client, query: &str) -> Result<Vec<SimpleQueryRow>, String> {
    let answer = client.simple_query(query).await;
    let answer = answer.map_err(|error| match error.as_db_error() {
        Some(db_error) => db_error.message().to_owned(),
        None => describe(&error),
    })?;
    Ok(rows(answer).collect())
}
