//! Stops a run in order.
//!
//! The server is asked to cancel the running statement again and again until it answers,
//! because a request between two messages cancels nothing. The callers that wait for the
//! answers decide what follows from them.

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

/// Stops runs: all of those that were made with it, now and later.
///
/// The step in progress is cancelled at the server and rolled back, unless its commit
/// had begun; nothing further is started; the locks are released. A run that waits,
/// for the lock or between two tries, ends at once. It ends by
/// [`ErrorKind::Stopped`], or well if the last step was done before.
///
/// The clones of one are the same.
#[derive(Clone, Debug, Default)]
pub struct Stop(Arc<watch::Sender<Option<Instant>>>);

/// The server does not answer, nor heed a request to cancel.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Silent;

/// A run ends within this time of the moment at which it was told to stop, or it gives up
/// its connection: until then the server is asked to cancel.
pub(crate) const PATIENCE: Duration = Duration::from_secs(10);

/// Pauses between two requests to cancel.
const PAUSE: Duration = Duration::from_millis(50);
const LONGEST_PAUSE: Duration = Duration::from_secs(1);

/// A session that is well answers within this time.
const ANSWER: Duration = Duration::from_millis(500);

impl Stop {
    /// One that nobody has used yet.
    #[must_use]
    pub fn new() -> Stop {
        Stop::default()
    }

    /// Stops the runs. It does not wait for them.
    pub fn stop(&self) {
        self.0.send_if_modified(|since| {
            let is_first = since.is_none();
            since.get_or_insert_with(Instant::now);
            is_first
        });
    }

    /// Whether it was used.
    #[must_use]
    pub fn is_stopped(&self) -> bool {
        self.0.borrow().is_some()
    }

    /// Waits until it is used.
    pub async fn stopped(&self) {
        // It fails only if there is no sender left, and this is one.
        let _ = self.0.subscribe().wait_for(Option::is_some).await;
    }

    /// How long the server may still take for what a stopped run waits for.
    fn patience(&self) -> Duration {
        let since = *self.0.borrow();
        let since = since.map_or(Duration::ZERO, |since| since.elapsed());
        // What is begun late has at least the time of an answer.
        PATIENCE.saturating_sub(since).max(ANSWER)
    }

    /// Does the last work of a run, and drops it unfinished once the run was stopped and
    /// its time is over.
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

    /// Does work that may be given up, unless this is used before it is done.
    pub async fn unless_stopped<T>(&self, work: impl Future<Output = T>) -> Option<T> {
        tokio::select! {
            biased;
            done = work => Some(done),
            () = self.stopped() => None,
        }
    }

    /// Waits for answers of a client's session, and once this is used has the server
    /// cancel what it is at until the answers are in.
    ///
    /// When it returns, no request to cancel is under way any more.
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

    /// Reads something over a client's session: a read that a stop cancels is no failure.
    pub(crate) async fn read<T>(
        &self,
        client: &Client,
        work: impl Future<Output = Result<T, ErrorKind>>,
    ) -> Result<T, ErrorKind> {
        let read = self.attend(client, work).await;
        self.conclude(client, read.unwrap_or_else(|silent| Err(silent.into())))
            .await
    }

    /// What a run ends in: once this was used, with a session that is fit for use.
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
            // A query of ours was cancelled.
            Err(ErrorKind::History { .. }) => Err(ErrorKind::Stopped(Stopped::default())),
            outcome => outcome,
        }
    }

    /// Ends what a query that was cancelled, or given up, may have left: its transaction,
    /// or itself.
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

/// Has the server cancel what a client's session is at, or ends that if it does not heed.
async fn cancelled<T>(
    client: &Client,
    answers: impl Future<Output = T>,
    patience: Duration,
) -> Result<T, Silent> {
    let ended = cancel_until(client.cancel(), answers, patience).await;
    if ended.is_err() {
        // The server finds out when it next has something to say, and then runs
        // nothing more of what was sent ahead.
        client.driver().abort();
    }
    ended
}

/// Has the server cancel what a session is at, until the answers are in.
///
/// When it returns, no request to cancel is under way any more.
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
                // Else it might meet what comes next.
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
