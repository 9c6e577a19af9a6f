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
    error::ConnectError,
    notices::{Notice, Notices},
    outbox::{Outbox, Piece},
    settings::Settings,
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
    /// `None` if the stream does not write long messages from their pieces.
    outbox: Option<Outbox>,
    /// `None` if somebody else drives the connection.
    driver: Option<JoinHandle<()>>,
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
            outbox: Some(outbox),
            driver: Some(driver),
            lost,
        }
    }

    /// A connection that the caller has opened and drives. `settings` name the same server: a
    /// request to cancel goes to each of their hosts.
    ///
    /// The caller's task gets the notices of the server. It may pass them on with
    /// [`Notices::add`].
    ///
    /// # Errors
    ///
    /// The settings ask for TLS, and it cannot be prepared.
    pub fn of_client(client: Client, settings: &Settings) -> Result<Self, ConnectError> {
        Ok(Self {
            cancel: Cancel::over_settings(&client, settings)?,
            client,
            notices: Notices::default(),
            outbox: None,
            driver: None,
            lost: Arc::default(),
        })
    }

    /// Sends a simple query whose text is these pieces in a row, and does not copy them, unless the
    /// caller drives the connection.
    ///
    /// # Errors
    ///
    /// The connection is closed, the text is too long for a message, or it has a zero byte.
    pub async fn query_in_pieces(&self, pieces: &[Piece]) -> Result<SimpleQueryStream, Error> {
        let posted = self.outbox.as_ref().and_then(|outbox| {
            let ticket = outbox.post(pieces)?;
            Some((outbox, ticket))
        });
        let Some((outbox, ticket)) = posted else {
            // If no message can have such a text, tokio-postgres says why.
            let text: String = pieces.iter().map(|piece| &**piece).collect();
            return self.client.simple_query_raw(&text).await;
        };
        // tokio-postgres logs the ticket alone.
        if log::log_enabled!(log::Level::Debug) {
            let text: String = pieces.iter().map(|piece| &**piece).collect();
            log::debug!("executing simple query: {text}");
        }
        let answers = self.client.simple_query_raw(&ticket).await;
        if answers.is_err() {
            outbox.withdraw(&ticket);
        }
        answers
    }

    /// The error that broke the connection; `None` if it is open or was closed, or if the caller
    /// drives it.
    ///
    /// On a current-thread runtime the error is known when the first query fails. On other
    /// runtimes it may be known a moment later.
    #[must_use]
    pub fn lost(&self) -> Option<String> {
        self.lost.get().cloned()
    }

    /// Returns a handle that ends the session at once, without a message to the server; `None` if
    /// the caller drives the connection.
    #[must_use]
    pub fn abort_handle(&self) -> Option<AbortHandle> {
        self.driver.as_ref().map(JoinHandle::abort_handle)
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
        if let Some(driver) = self.driver {
            driver.abort();
        }
    }

    /// Ends the session, and waits up to 5 seconds until the server has got the message.
    ///
    /// If the caller drives the connection, does not wait: the caller's task ends.
    pub async fn close(self) {
        drop(self.client);
        let Some(mut driver) = self.driver else {
            return;
        };
        // This fails if the task was aborted, so it has ended, or if the network takes no
        // more data, so the server cannot get a message.
        if timeout(FAREWELL, &mut driver).await.is_err() {
            driver.abort();
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
