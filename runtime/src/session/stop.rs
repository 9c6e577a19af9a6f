//! Stops a run in order.
//!
//! A request to cancel that arrives between two messages cancels nothing. So the run asks the
//! server again and again until the server answers. The caller that waits for the answer decides
//! how the run ends.

use std::pin::pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use migrator_connect::Cancel;
use tokio::sync::watch;
use tokio::time::timeout;

use crate::error::fault::Left;
use crate::error::kind::ErrorKind;
use crate::error::stopped::Stopped;
use crate::session::client::Client;

/// Stops every run that was started with it, now and later.
///
/// The server cancels the current step and rolls it back, unless its commit has begun. No
/// further step starts, and the run releases its locks. A run that waits for the lock or between
/// two tries ends at once. A stopped run returns [`ErrorKind::Stopped`]; it succeeds if its last
/// step was done before.
///
/// Clones of a `Stop` stop the same runs.
#[derive(Clone, Debug, Default)]
pub struct Stop(Arc<watch::Sender<Option<Instant>>>);

/// The server neither answers nor obeys a request to cancel.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Silent;

/// A stopped run ends within this time, or gives up its connection. Until then it asks the
/// server to cancel.
pub(crate) const PATIENCE: Duration = Duration::from_secs(10);

/// Pauses between two requests to cancel.
const PAUSE: Duration = Duration::from_millis(50);
const LONGEST_PAUSE: Duration = Duration::from_secs(1);

/// A healthy session answers within this time.
const ANSWER: Duration = Duration::from_millis(500);

impl Stop {
    /// Returns a `Stop` that has not been used.
    #[must_use]
    pub fn new() -> Stop {
        Stop::default()
    }

    /// Stops the runs. Does not wait for them to end.
    pub fn stop(&self) {
        self.0.send_if_modified(|since| {
            let is_first = since.is_none();
            since.get_or_insert_with(Instant::now);
            is_first
        });
    }

    /// Whether [`Stop::stop`] was called.
    #[must_use]
    pub fn is_stopped(&self) -> bool {
        self.0.borrow().is_some()
    }

    /// Waits until [`Stop::stop`] is called.
    pub async fn stopped(&self) {
        // An error would mean that no sender exists, but `self` is one.
        let _ = self.0.subscribe().wait_for(Option::is_some).await;
    }

    /// How long a stopped run still waits for the server.
    fn patience(&self) -> Duration {
        let since = *self.0.borrow();
        let since = since.map_or(Duration::ZERO, |since| since.elapsed());
        // Work that begins late gets at least the time of one answer.
        PATIENCE.saturating_sub(since).max(ANSWER)
    }

    /// Runs the last work of a run. Drops the work if the run was stopped and its time is over.
    pub(crate) async fn last<T>(&self, work: impl Future<Output = T>) -> Option<T> {
        let over = async {
            self.stopped().await;
            tokio::time::sleep(self.patience()).await;
        };
        tokio::select! {
            biased;
            done = work => Some(done),
            () = over => None,
        }
    }

    /// Runs `work` and returns its result, or `None` if [`Stop::stop`] is called first.
    pub async fn unless_stopped<T>(&self, work: impl Future<Output = T>) -> Option<T> {
        tokio::select! {
            biased;
            done = work => Some(done),
            () = self.stopped() => None,
        }
    }

    /// Waits for answers on a client's session. After a stop, asks the server to cancel its
    /// statement until the answers arrive.
    ///
    /// When this returns, no request to cancel is in progress.
    pub(crate) async fn attend<T>(
        &self,
        client: &Client,
        answers: impl Future<Output = T>,
    ) -> Result<T, Silent> {
        let mut answers = pin!(answers);
        match self.unless_stopped(&mut answers).await {
            Some(done) => Ok(done),
            None => cancelled(client, answers, self.patience()).await,
        }
    }

    /// Reads over a client's session. If a stop cancels the read, that is not a failure.
    pub(crate) async fn read<T>(
        &self,
        client: &Client,
        work: impl Future<Output = Result<T, ErrorKind>>,
    ) -> Result<T, ErrorKind> {
        let read = self.attend(client, work).await;
        self.conclude(client, read.unwrap_or_else(|silent| Err(silent.into())))
            .await
    }

    /// The result of a run: after a stop, the session is left fit for use.
    pub(crate) async fn conclude<T>(
        &self,
        client: &Client,
        outcome: Result<T, ErrorKind>,
    ) -> Result<T, ErrorKind> {
        if !self.is_stopped() {
            return outcome;
        }
        let is_unknown = |kind: &ErrorKind| matches!(kind, ErrorKind::Stopped(stopped) if stopped.left() == Left::Unknown);
        if !outcome.as_ref().is_err_and(is_unknown) {
            self.quiet(client).await;
        }
        match outcome {
            // The stop has cancelled a query of the run itself.
            Err(ErrorKind::History { .. }) => Err(ErrorKind::Stopped(Stopped::default())),
            outcome => outcome,
        }
    }

    /// Cleans up after a query that was cancelled or given up: ends its transaction, or the query
    /// itself.
    pub(crate) async fn quiet(&self, client: &Client) {
        for _ in 0..3 {
            let mut rollback = pin!(client.roll_back("ROLLBACK"));
            let ended = match timeout(ANSWER, &mut rollback).await {
                Ok(ended) => ended.is_ok(),
                Err(_) => cancelled(client, rollback, self.patience())
                    .await
                    .is_ok_and(|ended| ended.is_ok()),
            };
            if ended || client.postgres().is_closed() {
                break;
            }
        }
    }
}

/// Cancels the statement of a client's session; ends the session if it does not obey.
async fn cancelled<T>(
    client: &Client,
    answers: impl Future<Output = T>,
    patience: Duration,
) -> Result<T, Silent> {
    let ended = cancel_until(client.cancel(), answers, patience).await;
    if ended.is_err() {
        // The server notices at its next answer, and then executes none of the messages that were
        // sent ahead.
        client.abort();
    }
    ended
}

/// Asks the server to cancel the statement of a session until the answers arrive.
///
/// When this returns, no request to cancel is in progress.
pub(crate) async fn cancel_until<T>(
    cancel: &Cancel,
    answers: impl Future<Output = T>,
    patience: Duration,
) -> Result<T, Silent> {
    let mut answers = pin!(answers);
    let started = Instant::now();
    let mut pause = PAUSE;
    while let Some(left) = patience.checked_sub(started.elapsed()) {
        // Boxed: it holds the state of a TLS handshake.
        let mut request = pin!(timeout(left, Box::pin(cancel.cancel())));
        tokio::select! {
            biased;
            done = &mut answers => {
                // Otherwise the request might cancel the next statement.
                drop(request.await);
                return Ok(done);
            }
            _ = &mut request => {}
        }
        if let Ok(done) = timeout(pause, &mut answers).await {
            return Ok(done);
        }
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
    Err(Silent)
}

impl From<Silent> for ErrorKind {
    fn from(_: Silent) -> ErrorKind {
        ErrorKind::Stopped(Stopped::default())
    }
}
