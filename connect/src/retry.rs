//! Opens a connection, and tries again while the server has none left or is not up yet.

use std::time::{Duration, Instant};

use crate::{
    attempt::open,
    backoff::{FIRST_PAUSE, LONGEST_PAUSE, jitter},
    connection::Connection,
    error::{ConnectError, Refusal},
    settings::Settings,
};

/// How long to retry while a server has no connection left. Deploys start many runs at
/// once, and these runs soon close their connections.
pub const SHORTAGE: Duration = Duration::from_secs(5);

/// Opens a connection. While the server has no connection left (SQLSTATE 53300), retries for
/// up to `limit`.
///
/// Each caller stops retrying at another time, between a half of `limit` and the whole of
/// it, so that the others may get a connection.
///
/// # Errors
///
/// See [`open`].
pub async fn open_with_retry(
    settings: &Settings,
    limit: Duration,
) -> Result<Connection, ConnectError> {
    let (started, limit) = (Instant::now(), jitter(limit));
    let mut pause = FIRST_PAUSE;
    loop {
        // Boxed: otherwise each caller's future would hold 20 kB.
        match Box::pin(open(settings)).await {
            Err(ConnectError::Refused {
                reason: Refusal::TooManyConnections,
                ..
            }) if started.elapsed() < limit => tokio::time::sleep(jitter(pause)).await,
            opened => return opened,
        }
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}

/// Opens a connection, and waits up to `limit` for a server that is down or starting.
///
/// Does not interrupt an attempt that is running when the time is over: its
/// `connect_timeout` limits it. Each attempt retries as [`open_with_retry`] does, for
/// [`SHORTAGE`].
///
/// # Errors
///
/// Returns at once an error that waiting cannot solve (see [`ConnectError::is_transient`]), and
/// any other error when the time is over.
pub async fn open_when_up(
    settings: &Settings,
    limit: Duration,
) -> Result<Connection, ConnectError> {
    let started = Instant::now();
    let mut pause = FIRST_PAUSE;
    loop {
        match open_with_retry(settings, SHORTAGE).await {
            Err(error) if error.is_transient() && started.elapsed() < limit => {
                let left = limit.saturating_sub(started.elapsed());
                tokio::time::sleep(jitter(pause).min(left)).await;
            }
            ended => return ended,
        }
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}
