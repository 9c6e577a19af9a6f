//! The advisory locks of a run: exclusive on the services that the run changes, shared on those
//! that they depend on.
//!
//! The locks are transaction-level locks of a separate connection that does nothing else, unless
//! the run has only one connection ([`by_scripts`](super::by_scripts)). So they work through a
//! pooler in transaction mode, hold no snapshot (READ COMMITTED, idle), and end with the process.
//! No statement ever waits inside the server: a waiting statement's snapshot and CREATE INDEX
//! CONCURRENTLY would wait for each other. Instead the run tries the lock again after a pause.

use std::time::{Duration, Instant};

use migrator_connect::Connection;
use migrator_connect::backoff::{FIRST_PAUSE, LONGEST_PAUSE, jitter};
use tokio::time::timeout;

use super::held::Held;
use super::keep::awake;
use super::keys::{
    EarlyRead, Keys, LockSettings, Locks, STAY, holder, keep, keys, try_all, try_and_read,
};
use super::opening::{self, Opening, SHORTEST_TRY};
use super::{evict, second};
use crate::error::kind::ErrorKind;
use crate::error::stopped::Stopped;
use crate::event::Event;
use crate::event::blocker::Holder;
use crate::event::operation::Operation;
use crate::event::second::SecondConnection;
use crate::session::advisory::LockHolder;
use crate::session::client::Client;

/// The longest time that a try may take. Between this and the shortest one, a try may take the rest
/// of the time to wait.
const LONGEST_TRY: Duration = Duration::from_secs(30);

/// The locks of a run.
pub(crate) struct Acquired {
    pub(crate) held: Held,
    /// The history, if the locks were free.
    pub(crate) seen: EarlyRead,
    /// The server process of the session that holds the locks.
    pub(crate) process: i32,
}

/// Takes the locks over a connection of their own, and waits for at most
/// [`Options::lock_wait`](crate::Options::lock_wait). If the locks are free, reads
/// the history in the same round trip.
pub(crate) async fn acquire(
    client: &Client,
    opening: Option<Opening>,
    locks: &Locks,
    taking: LockSettings<'_>,
) -> Result<Acquired, ErrorKind> {
    let options = taking.options;
    let opening = async {
        match opening {
            Some(opening) => opening.connection(client, options).await,
            None => opening::open(client, options).await,
        }
    };
    let opened = second::opened(taking.listener, opening).await;
    let connection = opened.map_err(|error| ErrorKind::SecondConnection {
        what: SecondConnection::NotOpen,
        waited: 0,
        error: Some(error),
    })?;
    let keys = keys(&taking, locks, LockHolder::OwnSession);
    let attempt = Attempt {
        session: Session::Own {
            connection: &connection,
            client,
        },
        patience: options.lock_wait,
        started: Instant::now(),
    };
    let take = attempt.take(&keys, &taking);
    match awake(client, options.lock_heartbeat, take).await {
        Ok(Taken { process, seen }) => Ok(Acquired {
            held: Held::new(connection, keys.nonce, options),
            seen,
            process,
        }),
        Err(kind) => {
            let is_unanswered = matches!(
                kind,
                ErrorKind::Connection { .. } | ErrorKind::SecondConnection { .. }
            );
            if is_unanswered {
                connection.abandon();
                // The server may have granted the lock in an answer that did not arrive.
                evict::end_holder(client, keys.nonce).await;
            }
            Err(kind)
        }
    }
}

/// Takes the locks over the session that also runs the scripts.
pub(super) async fn take(
    client: &Client,
    locks: &Locks,
    taking: &LockSettings<'_>,
) -> Result<Acquired, ErrorKind> {
    let keys = keys(taking, locks, LockHolder::ScriptSession);
    let attempt = Attempt {
        session: Session::OfScripts(client),
        patience: taking.options.lock_wait,
        started: Instant::now(),
    };
    let Taken { process, seen } = attempt.take(&keys, taking).await?;
    Ok(Acquired {
        held: Held::by_scripts(keys.nonce),
        seen,
        process,
    })
}

/// The session that takes the locks.
#[derive(Clone, Copy)]
enum Session<'a> {
    /// A session of its own; the client is the run's other connection.
    Own {
        connection: &'a Connection,
        client: &'a Client,
    },
    /// The session that runs the scripts.
    OfScripts(&'a Client),
}

impl<'a> Session<'a> {
    fn postgres(self) -> &'a tokio_postgres::Client {
        match self {
            Session::Own { connection, .. } => &connection.client,
            Session::OfScripts(client) => client.postgres(),
        }
    }

    fn failed(self, error: &tokio_postgres::Error) -> ErrorKind {
        let lost = match self {
            Session::Own { connection, .. } => connection.lost(),
            Session::OfScripts(client) => client.lost(),
        };
        ErrorKind::Connection {
            doing: Operation::TakeLock,
            why: lost.unwrap_or_else(|| error.to_string()),
        }
    }
}

/// The locks are taken.
struct Taken {
    /// The server process of their session.
    process: i32,
    seen: EarlyRead,
}

/// A wait for locks.
struct Attempt<'a> {
    session: Session<'a>,
    patience: Duration,
    started: Instant,
}

impl Attempt<'_> {
    async fn take(&self, keys: &Keys, taking: &LockSettings<'_>) -> Result<Taken, ErrorKind> {
        let postgres = self.session.postgres();
        let first = self.answered(try_and_read(postgres, keys, taking));
        let (taken, seen) = match self.session {
            Session::Own { client, .. } => second::answered(client, taking.listener, first).await?,
            Session::OfScripts(_) => first.await?,
        };
        if let Some(process) = taken {
            self.answered(keep(postgres, keys)).await?;
            return Ok(Taken { process, seen });
        }
        let process = self.wait(keys, taking).await?;
        self.answered(keep(postgres, keys)).await?;
        Ok(Taken {
            process,
            seen: None,
        })
    }

    /// Tries again until the locks are free. Returns the server process of their session.
    async fn wait(&self, keys: &Keys, taking: &LockSettings<'_>) -> Result<i32, ErrorKind> {
        let postgres = self.session.postgres();
        let mut pause = FIRST_PAUSE;
        let mut last: Option<Holder> = None;
        loop {
            let holder = self.answered(holder(postgres, keys)).await?;
            if self.left().is_zero() {
                return Err(ErrorKind::Locked {
                    holder,
                    waited: self.started.elapsed().as_secs(),
                });
            }
            if last.is_none() {
                // An error here also fails the next try.
                let _ = self.answered(postgres.batch_execute(STAY)).await;
            }
            if last.as_ref() != Some(&holder) {
                if let Some(listener) = taking.listener {
                    listener.tell(&Event::Waiting(&holder));
                }
                last = Some(holder);
            }
            let paused = tokio::time::sleep(jitter(pause).min(self.left()));
            if taking.stop.unless_stopped(paused).await.is_none() {
                return Err(ErrorKind::Stopped(Stopped::default()));
            }
            pause = (pause * 2).min(LONGEST_PAUSE);
            if let Some(process) = self.answered(try_all(postgres, keys)).await? {
                return Ok(process);
            }
        }
    }

    /// The time that is left of the wait.
    fn left(&self) -> Duration {
        self.patience.saturating_sub(self.started.elapsed())
    }

    /// Waits for an answer for a limited time: a dead network reports no error.
    async fn answered<T>(
        &self,
        answer: impl Future<Output = Result<T, tokio_postgres::Error>>,
    ) -> Result<T, ErrorKind> {
        let limit = self.left().clamp(SHORTEST_TRY, LONGEST_TRY);
        match timeout(limit, answer).await {
            Ok(answer) => answer.map_err(|error| self.session.failed(&error)),
            Err(_) => Err(ErrorKind::Connection {
                doing: Operation::WaitForLock,
                why: format!("the server did not answer for {} s", limit.as_secs()),
            }),
        }
    }
}
