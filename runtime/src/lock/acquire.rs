//! The advisory locks of a run: exclusive on the services that the run changes, shared on those
//! that they depend on.
//!
//! The locks are transaction-level locks of a separate connection that does nothing else. So
//! they work through a pooler in transaction mode, hold no snapshot (READ COMMITTED, idle), and
//! end with the process. No statement ever waits inside the server: a waiting statement's
//! snapshot and CREATE INDEX CONCURRENTLY would wait for each other. Instead the run tries the
//! lock again after a pause.

use std::collections::BTreeSet;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::time::{Duration, Instant};

use futures_util::future::join3;
use migrator_connect::Connection;
use migrator_connect::backoff::{FIRST_PAUSE, LONGEST_PAUSE, jitter};
use tokio::time::timeout;
use tokio_postgres::{SimpleQueryMessage, SimpleQueryRow};

use super::held::Held;
use super::opening::{self, Opening, SHORTEST_TRY};
use super::{evict, keep};
use crate::error::kind::ErrorKind;
use crate::event::blocker::Holder;
use crate::event::operation::Operation;
use crate::event::{Event, Listener};
use crate::history::History;
use crate::history::failure::ReadError;
use crate::history::guard::Purpose;
use crate::history::read;
use crate::history::reader::Reader;
use crate::history::schema::Tables;
use crate::history::write::CLAIM;
use crate::options::Options;
use crate::session::advisory::{DATABASE, is_held_sql, key};
use crate::session::client::Client;
use crate::session::quote::quote_literal;
use crate::session::send::rows;

/// The services that a run locks.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Locks {
    pub(crate) exclusive: BTreeSet<String>,
    pub(crate) shared: BTreeSet<String>,
}

impl Locks {
    /// Whether these locks include the `needed` ones.
    pub(crate) fn cover(&self, needed: &Locks) -> bool {
        let either = |name: &String| self.exclusive.contains(name) || self.shared.contains(name);
        needed.exclusive.is_subset(&self.exclusive) && needed.shared.iter().all(either)
    }
}

/// The longest time that a try may take. Between this and the shortest one, a try may take the rest
/// of the time to wait.
const LONGEST_TRY: Duration = Duration::from_secs(30);

/// What [`acquire`] needs besides the services.
pub(crate) struct LockSettings<'a> {
    pub(crate) tables: &'a Tables,
    pub(crate) options: &'a Options,
    pub(crate) listener: Option<&'a Listener>,
}

/// The history, read while the locks are held; `None` if it was not read.
pub(crate) type EarlyRead = Option<Result<History, ReadError>>;

/// Takes the locks, and waits for at most [`Options::lock_wait`]. If the locks are free, reads
/// the history in the same round trip.
pub(crate) async fn acquire(
    client: &Client,
    opening: Option<Opening>,
    locks: &Locks,
    taking: LockSettings<'_>,
) -> Result<(Held, EarlyRead), ErrorKind> {
    let (options, patience) = (taking.options, taking.options.lock_wait);
    let opened = match opening {
        Some(opening) => opening.connection(client, options).await,
        None => opening::open(client, options).await,
    };
    let connection = opened.map_err(ErrorKind::Connect)?;
    let nonce = random().cast_signed();
    let keys = Keys {
        nonce,
        ..keys(&options.schema, taking.tables, locks)
    };
    let attempt = Attempt {
        connection: &connection,
        patience,
        started: Instant::now(),
    };
    let take = attempt.take(&keys, &taking);
    match keep::awake(client, options.lock_heartbeat, take).await {
        Ok(seen) => Ok((Held::new(connection, nonce, options), seen)),
        Err(kind) => {
            if matches!(kind, ErrorKind::Connection { .. }) {
                connection.abandon();
                // The server may have granted the lock in an answer that did not arrive.
                evict::end_holder(client, nonce).await;
            }
            Err(kind)
        }
    }
}

/// A wait for locks.
struct Attempt<'a> {
    connection: &'a Connection,
    patience: Duration,
    started: Instant,
}

impl Attempt<'_> {
    async fn take(&self, keys: &Keys, taking: &LockSettings<'_>) -> Result<EarlyRead, ErrorKind> {
        let connection = self.connection;
        let mut pause = FIRST_PAUSE;
        let mut last: Option<Holder> = None;
        let first = try_and_read(connection, keys, taking);
        let (mut taken, seen) = self.answered(first).await?;
        if taken {
            return Ok(seen);
        }
        loop {
            if taken {
                return Ok(None);
            }
            let holder = self.answered(holder(connection, keys)).await?;
            if self.left().is_zero() {
                return Err(ErrorKind::Locked {
                    holder,
                    waited: self.started.elapsed().as_secs(),
                });
            }
            if last.is_none() {
                // An error here also fails the next try.
                let _ = self.answered(connection.client.batch_execute(STAY)).await;
            }
            if last.as_ref() != Some(&holder) {
                if let Some(listener) = taking.listener {
                    listener.tell(&Event::Waiting(&holder));
                }
                last = Some(holder);
            }
            tokio::time::sleep(jitter(pause).min(self.left())).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
            taken = self.answered(try_all(connection, keys)).await?;
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
            Ok(answer) => answer.map_err(|error| failed(self.connection, &error)),
            Err(_) => Err(ErrorKind::Connection {
                doing: Operation::WaitForLock,
                why: format!("the server did not answer for {} s", limit.as_secs()),
            }),
        }
    }
}

fn random() -> u64 {
    RandomState::new().build_hasher().finish()
}

/// The advisory locks to take, and the services that no run may be changing meanwhile.
struct Keys {
    /// Each key and the function that takes its lock, in the same order in all runs.
    taken: Vec<(i64, &'static str)>,
    nonce: i64,
    /// The names of the services' history tables, as SQL literals.
    tables: Vec<String>,
}

impl Keys {
    /// A condition: row `l` of `pg_locks` is the claim of a message that changes one of the
    /// services.
    ///
    /// The server finishes such a message even if its sender has died and lost its lock.
    fn claimed(&self) -> String {
        let tables = self.tables.iter();
        let tables = tables.map(|table| format!("pg_catalog.to_regclass({table})"));
        format!(
            "l.locktype OPERATOR(pg_catalog.=) 'relation' AND l.granted \
             AND l.mode OPERATOR(pg_catalog.=) '{CLAIM}' \
             AND l.database OPERATOR(pg_catalog.=) {DATABASE} \
             AND l.relation OPERATOR(pg_catalog.=) ANY (ARRAY[{}]::pg_catalog.oid[])",
            tables.collect::<Vec<_>>().join(", ")
        )
    }
}

fn keys(schema: &str, tables: &Tables, locks: &Locks) -> Keys {
    let mut services: Vec<(&String, &'static str)> = Vec::new();
    services.extend(
        locks
            .exclusive
            .iter()
            .map(|s| (s, "pg_try_advisory_xact_lock")),
    );
    let shared = locks.shared.difference(&locks.exclusive);
    services.extend(shared.map(|s| (s, "pg_try_advisory_xact_lock_shared")));
    services.sort();
    let names = services.iter().map(|(service, _)| tables.of(service));
    Keys {
        tables: names.map(|name| quote_literal(&name)).collect(),
        nonce: 0,
        taken: services
            .into_iter()
            .map(|(service, function)| (key(schema, service), function))
            .collect(),
    }
}

/// Takes all locks or none.
async fn try_all(connection: &Connection, keys: &Keys) -> Result<bool, tokio_postgres::Error> {
    let answers = connection.client.simple_query(&tries(keys)).await?;
    settle(connection, answers).await
}

/// Takes all locks or none, and reads the history while they are held.
///
/// If there is no history yet, the savepoint keeps the transaction usable. It also releases the
/// locks on the tables that were read.
async fn try_and_read(
    connection: &Connection,
    keys: &Keys,
    taking: &LockSettings<'_>,
) -> Result<(bool, EarlyRead), tokio_postgres::Error> {
    let client = &connection.client;
    let tries = tries(keys) + "SAVEPOINT look;";
    let reader = Reader {
        session: client,
        tables: taking.tables,
        purpose: Purpose::Act,
        lock_timeout: GLANCE,
        watcher: None,
    };
    // Each message is sent before the earlier ones have answered.
    let (answers, seen, back) = join3(
        client.simple_query(&tries),
        read::history(&reader),
        client.batch_execute("ROLLBACK TO SAVEPOINT look"),
    )
    .await;
    let taken = settle(connection, answers?).await?;
    if taken {
        back?;
    }
    match seen {
        Err(error) if error.is_locked() => Ok((taken, None)),
        seen => Ok((taken, Some(seen))),
    }
}

/// How long the read that comes with the lock waits for a table of the history. If another
/// session has locked the table, the run reads it again over its own session, and names the
/// session that holds the lock.
const GLANCE: Duration = Duration::from_secs(1);

fn tries(keys: &Keys) -> String {
    let tries = keys
        .taken
        .iter()
        .map(|(key, function)| format!("SELECT pg_catalog.{function}({key});"));
    format!(
        "BEGIN ISOLATION LEVEL READ COMMITTED;\
         SET LOCAL statement_timeout = 0;\
         SET LOCAL idle_in_transaction_session_timeout = 0;{UNLIMITED}{tries}\
         SELECT pg_catalog.pg_try_advisory_xact_lock({nonce});\
         SELECT NOT EXISTS (SELECT FROM pg_catalog.pg_locks l WHERE {claimed});",
        tries = tries.collect::<String>(),
        nonce = keys.nonce,
        claimed = keys.claimed()
    )
}

/// Returns whether all locks were taken; if not, releases those that were.
async fn settle(
    connection: &Connection,
    answers: Vec<SimpleQueryMessage>,
) -> Result<bool, tokio_postgres::Error> {
    let answers = cells(answers);
    let refused = answers
        .iter()
        .any(|row| row.first().is_some_and(|cell| cell == "f"));
    if refused {
        connection.client.batch_execute("ROLLBACK").await?;
    }
    Ok(!refused)
}

/// Switches `transaction_timeout` off, which servers before 17 do not have.
const UNLIMITED: &str = "SELECT pg_catalog.set_config(name, '0', true) \
                         FROM pg_catalog.pg_settings \
                         WHERE name OPERATOR(pg_catalog.=) 'transaction_timeout';";

/// Keeps the session open between two tries, where the server would end it as idle.
const STAY: &str = "SELECT pg_catalog.set_config('idle_session_timeout', '0', false) \
                    WHERE pg_catalog.current_setting('idle_session_timeout', true) IS NOT NULL";

/// The session that holds one of the locks. It may have released the lock meanwhile.
async fn holder(connection: &Connection, keys: &Keys) -> Result<Holder, tokio_postgres::Error> {
    let query = format!(
        "SELECT a.pid, a.application_name, a.usename, \
           pg_catalog.to_char(a.xact_start AT TIME ZONE 'UTC', \
             'YYYY-MM-DD HH24:MI:SS \"UTC\"') \
         FROM pg_catalog.pg_locks l \
         JOIN pg_catalog.pg_stat_activity a ON a.pid OPERATOR(pg_catalog.=) l.pid \
         WHERE ({}) OR ({}) ORDER BY a.xact_start, a.pid LIMIT 1",
        is_held_sql(keys.taken.iter().map(|(key, _)| *key)),
        keys.claimed()
    );
    let rows = cells(connection.client.simple_query(&query).await?);
    let mut cells = rows.into_iter().next().unwrap_or_default().into_iter();
    let mut cell = || cells.next().unwrap_or_default();
    Ok(Holder {
        pid: cell().parse().ok(),
        application: cell(),
        role: cell(),
        since: cell(),
    })
}

/// The rows of an answer, each as a list of cells.
fn cells(messages: Vec<SimpleQueryMessage>) -> Vec<Vec<String>> {
    let row = |row: SimpleQueryRow| {
        let cells = (0..row.len()).map(|i| row.get(i).unwrap_or_default().to_owned());
        cells.collect()
    };
    rows(messages).map(row).collect()
}

fn failed(connection: &Connection, error: &tokio_postgres::Error) -> ErrorKind {
    ErrorKind::Connection {
        doing: Operation::TakeLock,
        why: connection.lost().unwrap_or_else(|| error.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::{Locks, Tables, keys};

    #[test]
    fn a_service_is_locked_once_and_in_one_order() {
        let set = |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect();
        let locks = Locks {
            exclusive: set(&["tenant", "auth"]),
            shared: set(&["core", "tenant"]),
        };
        let of = |schema| keys(schema, &Tables::new(schema), &locks).taken;
        let functions: Vec<&str> = of("migrator").iter().map(|(_, f)| *f).collect();
        let (exclusive, shared) = (
            "pg_try_advisory_xact_lock",
            "pg_try_advisory_xact_lock_shared",
        );
        assert_eq!(functions, [exclusive, shared, exclusive]);
        assert_ne!(of("migrator"), of("other"));
    }
}
