//! Notices that a database, or its pool, has no second connection for the locks of a run.
//!
//! The first connection has worked: the run has read the history over it. So a second connection
//! that does not answer means that there is room for only one, or that the pool is exhausted. The
//! run reports this after five seconds, and gives up after ten.

use std::pin::pin;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::{sleep, timeout};

use crate::error::kind::ErrorKind;
use crate::event::Event;
use crate::event::listener::Listener;
use crate::event::second::SecondConnection;
use crate::session::client::Client;
use crate::session::send::begin;

/// The run reports a connection that has given no answer for this time.
const REPORTED: Duration = Duration::from_secs(5);

/// The run gives up a connection that has given no answer for this time.
const GIVEN_UP: Duration = Duration::from_secs(10);

/// Opens the second connection, and reports if that takes long.
pub(super) async fn opened<T>(listener: Option<&Listener>, opening: impl Future<Output = T>) -> T {
    let mut opening = pin!(opening);
    match timeout(REPORTED, &mut opening).await {
        Ok(opened) => opened,
        Err(_) => {
            report(listener, SecondConnection::NotOpen);
            opening.await
        }
    }
}

/// Waits for the first answer over the second connection. Gives up if meanwhile the server answers
/// over the client's connection.
pub(super) async fn answered<T>(
    client: &Client,
    listener: Option<&Listener>,
    answer: impl Future<Output = Result<T, ErrorKind>>,
) -> Result<T, ErrorKind> {
    let mut answer = pin!(answer);
    if let Ok(answer) = timeout(REPORTED, &mut answer).await {
        return answer;
    }
    report(listener, SecondConnection::Unanswered);
    let given_up = async {
        let works = begin(client.postgres(), PROBE).await.wait();
        let (works, ()) =
            futures_util::future::join(works, sleep(GIVEN_UP.saturating_sub(REPORTED))).await;
        if works.is_err() {
            // The connections share their trouble: the caller of this function limits the wait.
            std::future::pending::<()>().await;
        }
    };
    tokio::select! {
        biased;
        answer = answer => answer,
        () = given_up => Err(unusable(SecondConnection::Unanswered)),
    }
}

/// The query that a connection answers at once.
const PROBE: &str = "SELECT 'a migrator run sees whether this session answers'";

/// Tells the first connection of a run when the second one has the locks.
pub(crate) struct Taken(watch::Sender<Option<i32>>);

impl Taken {
    pub(crate) fn new() -> Taken {
        Taken(watch::Sender::new(None))
    }

    /// The server process of the second connection holds the locks.
    pub(crate) fn by(&self, process: i32) {
        self.0.send_replace(Some(process));
    }

    /// Waits for an answer over the first connection to a message that waits for nothing. Gives up
    /// if the second connection has the locks meanwhile.
    pub(crate) async fn answered<T>(
        &self,
        listener: Option<&Listener>,
        answer: impl Future<Output = T>,
    ) -> Result<T, ErrorKind> {
        self.until(listener, Option::is_some, answer).await
    }

    /// As [`Taken::answered`], for a message that may wait. Gives up only if both connections have
    /// the same server process.
    pub(crate) async fn shared<T>(
        &self,
        listener: Option<&Listener>,
        process: i32,
        answer: impl Future<Output = T>,
    ) -> Result<T, ErrorKind> {
        let is_shared = |taken: &Option<i32>| *taken == Some(process);
        self.until(listener, is_shared, answer).await
    }

    /// If both connections have the same server process, checks that the first one still answers.
    /// A pooler gives it another process; a server with one process for all does not.
    pub(crate) async fn check(
        &self,
        client: &Client,
        listener: Option<&Listener>,
        process: i32,
    ) -> Result<(), ErrorKind> {
        if *self.0.borrow() != Some(process) {
            return Ok(());
        }
        let probe = begin(client.postgres(), PROBE).await;
        // If the connection is lost, the next message fails as well.
        self.answered(listener, probe.wait()).await.map(drop)
    }

    async fn until<T>(
        &self,
        listener: Option<&Listener>,
        is_due: impl FnMut(&Option<i32>) -> bool,
        answer: impl Future<Output = T>,
    ) -> Result<T, ErrorKind> {
        let given_up = async {
            // An error would mean that no sender exists, but `self` is one.
            let _ = self.0.subscribe().wait_for(is_due).await;
            sleep(REPORTED).await;
            report(listener, SecondConnection::BlocksFirst);
            sleep(GIVEN_UP.saturating_sub(REPORTED)).await;
        };
        tokio::select! {
            biased;
            answer = answer => Ok(answer),
            () = given_up => Err(unusable(SecondConnection::BlocksFirst)),
        }
    }
}

fn report(listener: Option<&Listener>, what: SecondConnection) {
    if let Some(listener) = listener {
        listener.tell(&Event::NoSecondConnection(what));
    }
}

fn unusable(what: SecondConnection) -> ErrorKind {
    ErrorKind::SecondConnection {
        what,
        waited: GIVEN_UP.as_secs(),
        error: None,
    }
}
