//! A session whose work nobody waits for any more, as its future was dropped.
//!
//! The server would go through all that was sent ahead. So a task is left behind that cancels
//! the work, waits until nothing of it goes on, and then ends the session: the server could not
//! tell what the caller sends next from what is cancelled.

use std::pin::Pin;

use futures_util::{FutureExt, TryStreamExt};
use migrator_connect::Cancel;
use tokio::task::AbortHandle;
use tokio_postgres::SimpleQueryStream;

use super::client::Client;
use super::stop::{PATIENCE, cancel_until};

/// A session with work that nobody waits for any more.
pub(crate) struct Orphan {
    /// The answer to an empty message behind all that was sent.
    last: Pin<Box<SimpleQueryStream>>,
    cancel: Cancel,
    driver: AbortHandle,
}

impl Orphan {
    /// The work of a client's session; none if the connection is lost.
    pub(crate) fn of(client: &Client) -> Option<Orphan> {
        // It is sent when it is first polled, and then there is the stream.
        let last = client.postgres().simple_query_raw("").now_or_never()?;
        Some(Orphan {
            last: Box::pin(last.ok()?),
            cancel: client.cancel().clone(),
            driver: client.driver(),
        })
    }

    /// Waits until nothing of it goes on, but not for ever.
    pub(crate) async fn end(mut self) {
        let answers = async { while let Ok(Some(_)) = self.last.try_next().await {} };
        // If the server does not answer, it will find out that nobody listens.
        let _ = cancel_until(&self.cancel, answers, PATIENCE).await;
        self.driver.abort();
    }
}
