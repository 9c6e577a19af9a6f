//! A session whose run was dropped while statements were in progress.
//!
//! The server would execute every message that was sent ahead. So a background task cancels the
//! statements, waits until the server has ended them, and then ends the session. The session
//! must end: the server could not tell the caller's next message from those to cancel.

use std::pin::Pin;

use futures_util::{FutureExt, TryStreamExt};
use migrator_connect::Cancel;
use tokio::task::AbortHandle;
use tokio_postgres::SimpleQueryStream;

use super::client::Client;
use super::stop::{PATIENCE, cancel_until};

/// A session with statements in progress that nobody waits for.
pub(crate) struct Orphan {
    /// The answer to an empty message that was sent after all others.
    last: Pin<Box<SimpleQueryStream>>,
    cancel: Cancel,
    driver: AbortHandle,
}

impl Orphan {
    /// Takes over the statements of a client's session; `None` if the connection is lost.
    pub(crate) fn of(client: &Client) -> Option<Orphan> {
        // The first poll sends the message and returns the stream.
        let last = client.postgres().simple_query_raw("").now_or_never()?;
        Some(Orphan {
            last: Box::pin(last.ok()?),
            cancel: client.cancel().clone(),
            driver: client.driver(),
        })
    }

    /// Waits until the server has ended the statements, for a limited time.
    pub(crate) async fn end(mut self) {
        let answers = async { while let Ok(Some(_)) = self.last.try_next().await {} };
        // If the server does not answer, it notices later that the connection is closed.
        let _ = cancel_until(&self.cancel, answers, PATIENCE).await;
        self.driver.abort();
    }
}
