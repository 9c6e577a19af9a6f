//! An open connection: the client, and the task that drives it.

use std::{
    error::Error as _,
    future::poll_fn,
    sync::{Arc, OnceLock},
    time::Duration,
};

use tokio::{
    io::{AsyncRead, AsyncWrite},
    task::{AbortHandle, JoinHandle},
    time::timeout,
};
use tokio_postgres::{AsyncMessage, Client, Error, SimpleQueryStream};

use crate::{
    cancel::Cancel,
    notices::{Notice, Notices},
    outbox::{Outbox, Piece},
};

/// How long closing waits until the server has received the end of the session.
const FAREWELL: Duration = Duration::from_secs(5);

/// An open connection. A background task drives it until the client is dropped or the
/// server ends the session.
#[derive(Debug)]
pub struct Connection {
    /// Sends queries.
    pub client: Client,
    /// Cancels the query that runs.
    pub cancel: Cancel,
    /// Collects the notices of the server.
    pub notices: Notices,
    outbox: Outbox,
    driver: JoinHandle<()>,
    lost: Arc<OnceLock<String>>,
}

impl Connection {
    /// Starts the task that drives a connection.
    pub(crate) fn start<S, T>(
        client: Client,
        wire: tokio_postgres::Connection<S, T>,
        cancel: Cancel,
        outbox: Outbox,
    ) -> Self
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
        T: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let notices = Notices::default();
        let lost = Arc::new(OnceLock::new());
        let driver = tokio::spawn(drive(wire, notices.clone(), Arc::clone(&lost)));
        Self {
            client,
            cancel,
            notices,
            outbox,
            driver,
            lost,
        }
    }

    /// Sends a simple query whose text is these pieces in a row, and does not copy them.
    ///
    /// # Errors
    ///
    /// The connection is closed, the text is too long for a message, or it has a zero byte.
    pub async fn query_in_pieces(&self, pieces: &[Piece]) -> Result<SimpleQueryStream, Error> {
        let Some(ticket) = self.outbox.post(pieces) else {
            // tokio-postgres says why it does not send such a text.
            let text: String = pieces.iter().map(|piece| &**piece).collect();
            return self.client.simple_query_raw(&text).await;
        };
        let answers = self.client.simple_query_raw(&ticket).await;
        if answers.is_err() {
            self.outbox.withdraw(&ticket);
        }
        answers
    }

    /// The error that broke the connection; `None` if it is open or was closed.
    ///
    /// On a current-thread runtime the error is known when the first query fails. On other
    /// runtimes it may be known a moment later.
    #[must_use]
    pub fn lost(&self) -> Option<String> {
        self.lost.get().cloned()
    }

    /// Returns a handle that ends the session at once, without a message to the server.
    #[must_use]
    pub fn abort_handle(&self) -> AbortHandle {
        self.driver.abort_handle()
    }

    /// Drops a connection that may no longer answer.
    ///
    /// If the connection is open, a task in the background asks the server to cancel the
    /// query that runs. This function does not wait for that task.
    pub fn abandon(self) {
        if !self.client.is_closed() {
            let cancel = self.cancel.clone();
            tokio::spawn(async move { cancel.cancel().await });
        }
        self.driver.abort();
    }

    /// Ends the session, and waits up to 5 seconds until the server has got the message.
    pub async fn close(mut self) {
        drop(self.client);
        // This fails if the task was aborted, so it has ended, or if the network takes no
        // more data, so the server cannot get a message.
        if timeout(FAREWELL, &mut self.driver).await.is_err() {
            self.driver.abort();
        }
    }
}

async fn drive<S, T>(
    mut wire: tokio_postgres::Connection<S, T>,
    notices: Notices,
    lost: Arc<OnceLock<String>>,
) where
    S: AsyncRead + AsyncWrite + Unpin,
    T: AsyncRead + AsyncWrite + Unpin,
{
    loop {
        match poll_fn(|cx| wire.poll_message(cx)).await {
            Some(Ok(AsyncMessage::Notice(notice))) => notices.push(Notice::new(&notice)),
            Some(Ok(_)) => {}
            Some(Err(error)) => {
                // Nobody else sets it.
                let _ = lost.set(describe(&error));
                return;
            }
            None => return,
        }
    }
}

fn describe(error: &tokio_postgres::Error) -> String {
    match (error.as_db_error(), error.source()) {
        (Some(db_error), _) => db_error.to_string(),
        (None, Some(source)) => format!("{error}: {source}"),
        (None, None) => error.to_string(),
    }
}
