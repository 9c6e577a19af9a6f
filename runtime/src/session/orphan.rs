//! A session whose run was dropped while statements were in progress.
//!
//! The server would execute every message that was sent ahead. So a background task cancels the
//! statements, waits until the server has ended them, and then ends the session. The session
//! must end: the server could not tell the caller's next message from those to cancel.

use std::pin::Pin;

use futures_util::{FutureExt, TryStreamExt};
use migrator_connect::Cancel;
use tokio::task::AbortHandle;
use tokio::time::timeout;
use tokio_postgres::SimpleQueryStream;

use super::client::Client;
use super::stop::{PATIENCE, cancel_until};

/// A session with statements in progress that nobody waits for.
pub(crate) struct Orphan {
    /// The answer to an empty message that was sent after all others.
    last: Pin<Box<SimpleQueryStream>>,
    cancel: Cancel,
    end: End,
}

/// How the session ends.
enum End {
    Abort(AbortHandle),
    /// By a message that was sent after all others: the caller drives the connection.
    Message(Pin<Box<SimpleQueryStream>>),
}

/// Ends the session from within. It may be in a transaction that has failed.
const END: &str = "ROLLBACK;SELECT pg_catalog.pg_advisory_unlock_all();\
                   SELECT pg_catalog.pg_terminate_backend(pg_catalog.pg_backend_pid())";

impl Orphan {
    /// Takes over the statements of a client's session; `None` if the connection is lost.
    pub(crate) fn of(client: &Client) -> Option<Orphan> {
        // The first poll sends the message and returns the stream.
        let send = |text| {
            client
                .postgres()
                .simple_query_raw(text)
                .now_or_never()?
                .ok()
        };
        let last = Box::pin(send("")?);
        let end = match client.driver() {
            Some(driver) => End::Abort(driver),
            None => End::Message(Box::pin(send(END)?)),
        };
        Some(Orphan {
            last,
            cancel: client.cancel().clone(),
            end,
        })
    }

    /// Waits until the server has ended the statements, for a limited time.
    pub(crate) async fn end(mut self) {
        let answers = async { while let Ok(Some(_)) = self.last.try_next().await {} };
        // If the server does not answer, it notices later that the connection is closed.
        let _ = cancel_until(&self.cancel, answers, PATIENCE).await;
        match self.end {
            End::Abort(driver) => driver.abort(),
            End::Message(mut answers) => {
                let answers = async { while let Ok(Some(_)) = answers.try_next().await {} };
                // If the server does not answer, nobody else can end the session.
                let _ = timeout(PATIENCE, answers).await;
            }
        }
    }
}
