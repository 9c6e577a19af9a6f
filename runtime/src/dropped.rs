//! Ends in order what a run has under way when its future is dropped.
//!
//! The server would go through all that was sent ahead. So a task is left behind that
//! cancels it, keeps the locks of the run until nothing of it goes on, and then ends the
//! session: whatever the caller sends over it next cannot be told from what is cancelled.

use std::pin::Pin;

use futures_util::{FutureExt, TryStreamExt};
use migrator_connect::Cancel;
use tokio::runtime::Handle;
use tokio::task::AbortHandle;
use tokio_postgres::SimpleQueryStream;

use crate::client::Client;
use crate::lock::Held;
use crate::stop::{PATIENCE, cancel_until};

/// What is under way over one connection, until it is done with.
pub(crate) struct UnderWay<'a> {
    client: Option<&'a Client>,
    /// None as long as the run has none.
    lock: Option<&'a Held>,
}

/// A session with work that nobody waits for any more.
pub(crate) struct Orphan {
    /// The answer to an empty message behind all that was sent.
    last: Pin<Box<SimpleQueryStream>>,
    cancel: Cancel,
    driver: AbortHandle,
}

impl<'a> UnderWay<'a> {
    pub(crate) fn over(client: &'a Client, lock: &'a Held) -> UnderWay<'a> {
        UnderWay {
            client: Some(client),
            lock: Some(lock),
        }
    }

    /// The same before there is a lock.
    pub(crate) fn before(client: &'a Client) -> UnderWay<'a> {
        UnderWay {
            client: Some(client),
            lock: None,
        }
    }

    /// All answers are in.
    pub(crate) fn done(mut self) {
        self.client = None;
    }
}

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        let Some(client) = self.client else { return };
        // It is sent when it is first polled, and then there is the stream.
        let last = client.postgres().simple_query_raw("").now_or_never();
        let Some(Ok(last)) = last else { return };
        let orphan = Orphan {
            last: Box::pin(last),
            cancel: client.cancel().clone(),
            driver: client.driver(),
        };
        match (self.lock, Handle::try_current()) {
            (Some(lock), _) => lock.leave_to(orphan),
            (None, Ok(runtime)) => drop(runtime.spawn(orphan.end())),
            (None, Err(_)) => {}
        }
    }
}

impl Orphan {
    /// Waits until nothing of it goes on, but not for ever.
    pub(crate) async fn end(mut self) {
        let answers = async { while let Ok(Some(_)) = self.last.try_next().await {} };
        // If the server does not answer, it will find out that nobody listens.
        let _ = cancel_until(&self.cancel, answers, PATIENCE).await;
        self.driver.abort();
    }
}
