//! An open connection: the client, the task that drives it, and the notices of the
//! server.

use std::{
    collections::VecDeque,
    error::Error as _,
    future::poll_fn,
    sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError},
    time::Duration,
};

use tokio::{
    io::{AsyncRead, AsyncWrite},
    task::{AbortHandle, JoinHandle},
    time::timeout,
};
use tokio_postgres::{
    AsyncMessage, Client, Error, SimpleQueryStream,
    error::{DbError, SqlState},
};

use crate::{
    cancel::Cancel,
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

/// A notice or a warning of the server.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Notice {
    /// `NOTICE`, `WARNING`, `INFO`, `LOG` or `DEBUG`.
    pub severity: String,
    /// The five characters of the SQLSTATE.
    pub sqlstate: String,
    /// The text of the notice.
    pub message: String,
    /// More details.
    pub detail: Option<String>,
    /// What the server suggests.
    pub hint: Option<String>,
    /// The function in the server's source that sent the notice. No locale translates it.
    pub(crate) routine: Option<String>,
}

impl Notice {
    /// Whether a COMMIT stopped waiting for a synchronous standby. The transaction is
    /// committed on this server, and perhaps on no other (`syncrep.c` of Postgres).
    #[must_use]
    pub fn is_local_commit(&self) -> bool {
        self.severity == "WARNING" && self.routine.as_deref() == Some("SyncRepWaitForLSN")
    }

    /// Whether the notice says that there was no transaction to end.
    fn is_no_transaction(&self) -> bool {
        self.sqlstate == SqlState::NO_ACTIVE_SQL_TRANSACTION.code()
    }

    fn new(db_error: &DbError) -> Self {
        Self {
            severity: db_error.parsed_severity().map_or_else(
                || db_error.severity().to_owned(),
                |severity| severity.to_string(),
            ),
            sqlstate: db_error.code().code().to_owned(),
            message: db_error.message().to_owned(),
            detail: db_error.detail().map(str::to_owned),
            hint: db_error.hint().map(str::to_owned),
            routine: db_error.routine().map(str::to_owned),
        }
    }
}

/// The notices of a connection since [`Notices::take`] was last called. A notice arrives
/// before the answer to its query.
///
/// Only the last 1,000 notices are kept, so a script that raises a million notices does not
/// use up the memory.
#[derive(Debug, Clone, Default)]
pub struct Notices {
    queue: Arc<Mutex<Queue>>,
}

#[derive(Debug, Default)]
struct Queue {
    kept: VecDeque<Notice>,
    discarded: u64,
}

impl Notices {
    const KEPT: usize = 1_000;

    /// Removes and returns the notices that arrived, the oldest first.
    #[must_use]
    pub fn take(&self) -> Vec<Notice> {
        self.lock().kept.drain(..).collect()
    }

    /// The number of notices that were discarded since the connection was opened.
    #[must_use]
    pub fn discarded(&self) -> u64 {
        self.lock().discarded
    }

    /// The number of notices that were not taken yet.
    #[must_use]
    pub fn count(&self) -> usize {
        self.lock().kept.len()
    }

    /// Whether one of the notices is about a COMMIT that no standby has confirmed; see
    /// [`Notice::is_local_commit`].
    #[must_use]
    pub fn has_local_commit(&self) -> bool {
        self.lock().kept.iter().any(Notice::is_local_commit)
    }

    /// Removes the warnings that there was no transaction to end (SQLSTATE 25P01). The first
    /// `kept` notices stay.
    pub fn forget_no_transaction(&self, kept: usize) {
        let mut index = 0;
        self.lock().kept.retain(|notice| {
            index += 1;
            index <= kept || !notice.is_no_transaction()
        });
    }

    fn push(&self, notice: Notice) {
        let mut queue = self.lock();
        if queue.kept.len() == Self::KEPT {
            queue.kept.pop_front();
            queue.discarded += 1;
        }
        queue.kept.push_back(notice);
    }

    fn lock(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::{Notice, Notices};

    #[test]
    fn the_last_thousand_notices_are_kept() {
        let notices = Notices::default();
        for number in 0..1_002 {
            notices.push(Notice {
                severity: "NOTICE".to_owned(),
                sqlstate: "00000".to_owned(),
                message: number.to_string(),
                detail: None,
                hint: None,
                routine: None,
            });
        }
        let kept = notices.take();
        assert_eq!((kept.len(), kept[0].message.as_str()), (1_000, "2"));
        assert_eq!(notices.discarded(), 2);
        assert!(notices.take().is_empty());
    }
}
