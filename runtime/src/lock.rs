//! The advisory locks of a run: exclusive on the services it changes, shared
//! on those they depend on.
//!
//! They are transaction-level locks of a connection of their own, which does
//! nothing else: so they work through a pooler in transaction mode, hold no
//! snapshot (READ COMMITTED, idle), and go when the process does. Nothing ever
//! blocks inside the server, where a waiting statement's snapshot and CREATE
//! INDEX CONCURRENTLY would wait for each other: a lock is tried, and tried again.

use std::collections::BTreeSet;
use std::hash::{BuildHasher, Hash, Hasher, RandomState};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use futures_util::future::join3;
use migrator_connect::Connection;
use migrator_connect::backoff::{FIRST_PAUSE, LONGEST_PAUSE, jitter};
use siphasher::sip::SipHasher13;
use tokio::runtime::Handle;
use tokio::time::timeout;
use tokio_postgres::{SimpleQueryMessage, SimpleQueryRow};

use crate::client::Client;
use crate::dropped::Orphan;
use crate::error::ErrorKind;
use crate::event::{Event, Holder, Listener};
use crate::evict;
use crate::history::History;
use crate::history::guard::Purpose;
use crate::history::read::{self, ReadError, Reader};
use crate::history::schema::{Tables, quote_literal};
use crate::history::write::CLAIM;
use crate::keep::{self, Ending, Kept};
use crate::options::Options;
use crate::session::rows;

/// The services of a run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Locks {
    pub(crate) exclusive: BTreeSet<String>,
    pub(crate) shared: BTreeSet<String>,
}

impl Locks {
    /// Whether these locks are enough where `needed` are.
    pub(crate) fn cover(&self, needed: &Locks) -> bool {
        let either = |name: &String| self.exclusive.contains(name) || self.shared.contains(name);
        needed.exclusive.is_subset(&self.exclusive) && needed.shared.iter().all(either)
    }
}

/// Locks that are held, until this is dropped or the connection is lost.
pub(crate) struct Held {
    /// None once they are released.
    connection: Option<Kept>,
    /// What has to end before they are.
    orphans: Mutex<Vec<Orphan>>,
    /// The key of a lock of this run alone, which goes with the others: what other
    /// connections of the run look at to know whether these are still held.
    pub(crate) nonce: i64,
}

/// Whether the server has let go of the locks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Release {
    /// It has.
    Done,
    /// It may hold them yet, because of this.
    Unknown(String),
}

impl Held {
    fn new(connection: Connection, nonce: i64, options: &Options) -> Held {
        Held {
            connection: Some(Kept::new(connection, options.lock_heartbeat)),
            orphans: Mutex::default(),
            nonce,
        }
    }

    /// Whether the server still knows of us.
    pub(crate) fn is_held(&self) -> bool {
        self.connection.as_ref().is_some_and(Kept::is_well)
    }

    /// Why the locks are lost.
    pub(crate) fn why_lost(&self) -> String {
        let why = self.connection.as_ref().and_then(Kept::why_lost);
        why.unwrap_or_else(|| "the server has ended its session".to_owned())
    }

    /// Keeps the locks until this has ended.
    pub(crate) fn leave_to(&self, orphan: Orphan) {
        let mut orphans = self.orphans.lock().unwrap_or_else(PoisonError::into_inner);
        orphans.push(orphan);
    }

    fn take_orphans(&mut self) -> Vec<Orphan> {
        let orphans = self.orphans.get_mut();
        std::mem::take(orphans.unwrap_or_else(PoisonError::into_inner))
    }

    /// Lets go, and waits until the server has. Where that is not answered, the session
    /// that holds the locks is ended over another connection.
    pub(crate) async fn release(mut self, client: &Client) -> Release {
        for orphan in self.take_orphans() {
            orphan.end().await;
        }
        match self.connection.take() {
            None => Release::Done,
            Some(connection) => match connection.end(ANSWER).await {
                Ending::Answered => Release::Done,
                Ending::Unanswered => evict::end_holder(client, self.nonce).await,
            },
        }
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        let (orphans, connection) = (self.take_orphans(), self.connection.take());
        let (false, Ok(runtime)) = (orphans.is_empty(), Handle::try_current()) else {
            return;
        };
        runtime.spawn(async move {
            for orphan in orphans {
                orphan.end().await;
            }
            drop(connection);
        });
    }
}

/// For so long the server is waited for when the locks are released: what lies between may
/// have forgotten a connection that was idle for all of a run.
const ANSWER: Duration = Duration::from_secs(3);

/// The shortest and the longest time that a try may take: what is left of the time to
/// wait, within these.
const SHORTEST_TRY: Duration = Duration::from_secs(10);
const LONGEST_TRY: Duration = Duration::from_secs(30);

/// How locks are taken.
pub(crate) struct Taking<'a> {
    pub(crate) tables: &'a Tables,
    pub(crate) options: &'a Options,
    pub(crate) listener: Option<&'a Listener>,
}

/// The history as it was read with the locks held; nothing if it was not read.
pub(crate) type Seen = Option<Result<History, ReadError>>;

/// Takes the locks, waiting for at most the options' time. Where they are free, the
/// history is read in the same round trip.
pub(crate) async fn acquire(
    client: &Client,
    locks: &Locks,
    taking: Taking<'_>,
) -> Result<(Held, Seen), ErrorKind> {
    let (options, patience) = (taking.options, taking.options.lock_wait);
    let shortage = patience.min(SHORTEST_TRY);
    let sibling = client.sibling_within(&options.application, shortage);
    let connection = sibling.await.map_err(ErrorKind::Connect)?;
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
                // The lock may have been obtained without our having heard so.
                evict::end_holder(client, nonce).await;
            }
            Err(kind)
        }
    }
}

/// One wait for locks.
struct Attempt<'a> {
    connection: &'a Connection,
    patience: Duration,
    started: Instant,
}

impl Attempt<'_> {
    async fn take(&self, keys: &Keys, taking: &Taking<'_>) -> Result<Seen, ErrorKind> {
        let connection = self.connection;
        let mut pause = FIRST_PAUSE;
        let mut last: Option<Holder> = None;
        let first = try_and_look(connection, keys, taking);
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
                // Should it fail, so does the next try.
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

    /// What is left of the time to wait.
    fn left(&self) -> Duration {
        self.patience.saturating_sub(self.started.elapsed())
    }

    /// Waits for an answer, but not for ever: a network that is dead says nothing.
    async fn answered<T>(
        &self,
        answer: impl Future<Output = Result<T, tokio_postgres::Error>>,
    ) -> Result<T, ErrorKind> {
        let limit = self.left().clamp(SHORTEST_TRY, LONGEST_TRY);
        match timeout(limit, answer).await {
            Ok(answer) => answer.map_err(|error| failed(self.connection, &error)),
            Err(_) => Err(ErrorKind::Connection {
                doing: "waiting for the lock".to_owned(),
                why: format!("the server did not answer for {} s", limit.as_secs()),
            }),
        }
    }
}

/// The key of the lock under which the history's tables are made.
pub(crate) fn table_key(schema: &str) -> i64 {
    key(schema, "")
}

fn random() -> u64 {
    RandomState::new().build_hasher().finish()
}

/// Asks which of these services a run is changing; [`at_work`] reads the answer.
pub(crate) fn at_work_query(schema: &str, services: &[&str]) -> String {
    let keys = services.iter().map(|service| key(schema, service));
    format!(
        "SELECT 'also', {KEY} FROM pg_catalog.pg_locks l \
         WHERE {} AND l.mode OPERATOR(pg_catalog.=) 'ExclusiveLock';",
        held(keys)
    )
}

/// The services that a run is changing, by the answer to [`at_work_query`].
pub(crate) fn at_work(
    schema: &str,
    services: &[&str],
    answer: &[SimpleQueryRow],
) -> BTreeSet<String> {
    let keys: BTreeSet<&str> = answer.iter().filter_map(|row| row.get(1)).collect();
    let is_at_work = |service: &&&str| keys.contains(key(schema, service).to_string().as_str());
    let at_work = services.iter().filter(is_at_work);
    at_work.map(|&service| service.to_owned()).collect()
}

/// The key of a row of `pg_locks`, which has its halves (Postgres's manual, on that view).
const KEY: &str = "((l.classid::pg_catalog.int8 OPERATOR(pg_catalog.<<) 32) \
                    OPERATOR(pg_catalog.|) l.objid::pg_catalog.int8)";

/// The oid of this database.
const DATABASE: &str = "(SELECT oid FROM pg_catalog.pg_database \
                        WHERE datname OPERATOR(pg_catalog.=) pg_catalog.current_database())";

/// That a row of `pg_locks` is one of these keys, held, in this database.
pub(crate) fn held(keys: impl Iterator<Item = i64>) -> String {
    let keys: Vec<String> = keys.map(|key| key.to_string()).collect();
    format!(
        "l.locktype OPERATOR(pg_catalog.=) 'advisory' AND l.granted \
         AND l.objsubid OPERATOR(pg_catalog.=) 1 \
         AND l.database OPERATOR(pg_catalog.=) {DATABASE} \
         AND {KEY} OPERATOR(pg_catalog.=) ANY (ARRAY[{}]::pg_catalog.int8[])",
        keys.join(", ")
    )
}

/// What is taken, and what must not be at work meanwhile.
struct Keys {
    /// Each key and how it is taken, in one fixed order for all runs.
    taken: Vec<(i64, &'static str)>,
    nonce: i64,
    /// The names of the services' history tables, as literals.
    tables: Vec<String>,
}

impl Keys {
    /// That a row `l` of `pg_locks` is the claim of a message on one of the services.
    ///
    /// The server goes on with a message whose sender is dead, and its lock gone.
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

fn key(schema: &str, service: &str) -> i64 {
    let mut hasher = SipHasher13::new();
    ("migrator", schema, service).hash(&mut hasher);
    hasher.finish().cast_signed()
}

/// Takes all locks or none.
async fn try_all(connection: &Connection, keys: &Keys) -> Result<bool, tokio_postgres::Error> {
    let answers = connection.client.simple_query(&tries(keys)).await?;
    settle(connection, answers).await
}

/// Takes all locks or none, and reads the history with them held.
///
/// The savepoint keeps the transaction whole where there is no history yet, and gives
/// back the locks on the tables that were read.
async fn try_and_look(
    connection: &Connection,
    keys: &Keys,
    taking: &Taking<'_>,
) -> Result<(bool, Seen), tokio_postgres::Error> {
    let client = &connection.client;
    let tries = tries(keys) + "SAVEPOINT look;";
    let reader = Reader {
        session: client,
        tables: taking.tables,
        purpose: Purpose::Act,
        lock_timeout: GLANCE,
        watcher: None,
    };
    // Each is sent before those ahead of it have answered.
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

/// So long the read that comes with the lock waits for a table of the history. A run that finds
/// the history locked reads it again over its own session, and names who holds the lock.
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

/// Whether all locks were taken; if not, those that were are let go.
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

/// Keeps the session open between two tries, where the server would end it.
const STAY: &str = "SELECT pg_catalog.set_config('idle_session_timeout', '0', false) \
                    WHERE pg_catalog.current_setting('idle_session_timeout', true) IS NOT NULL";

/// Who holds one of the locks. It may have let go meanwhile.
async fn holder(connection: &Connection, keys: &Keys) -> Result<Holder, tokio_postgres::Error> {
    let query = format!(
        "SELECT a.pid, a.application_name, a.usename, \
           pg_catalog.to_char(a.xact_start AT TIME ZONE 'UTC', \
             'YYYY-MM-DD HH24:MI:SS \"UTC\"') \
         FROM pg_catalog.pg_locks l \
         JOIN pg_catalog.pg_stat_activity a ON a.pid OPERATOR(pg_catalog.=) l.pid \
         WHERE ({}) OR ({}) ORDER BY a.xact_start, a.pid LIMIT 1",
        held(keys.taken.iter().map(|(key, _)| *key)),
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

/// The rows of an answer, each as its cells.
fn cells(messages: Vec<SimpleQueryMessage>) -> Vec<Vec<String>> {
    let row = |row: SimpleQueryRow| {
        let cells = (0..row.len()).map(|i| row.get(i).unwrap_or_default().to_owned());
        cells.collect()
    };
    rows(messages).map(row).collect()
}

fn failed(connection: &Connection, error: &tokio_postgres::Error) -> ErrorKind {
    ErrorKind::Connection {
        doing: "taking the lock".to_owned(),
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
