//! Names what a step waits for at the server: other sessions, prepared transactions, or a
//! synchronous standby.
//!
//! Once a step has exceeded `lock_timeout`, the server no longer knows whom the step waited
//! for. So this module asks while the step waits, from half of that time on; a quick step costs
//! no round trip. It opens a separate connection when it first asks: an error in the
//! transaction that holds the locks of the run would end them.

use std::pin::pin;
use std::time::{Duration, Instant};

use migrator_connect::Connection;
use tokio::time::timeout;
use tokio_postgres::SimpleQueryRow;

use crate::event::blocker::{Blocker, BlockerKind, Holder, WaitingFor};
use crate::options::{Connections, Options};
use crate::session::client::Client;
use crate::session::quote::quote_literal;
use crate::session::send::rows;

/// Finds out what the steps of one connection wait for.
#[derive(Default)]
pub(crate) struct Watch {
    connections: Connections,
    connection: Option<Connection>,
    /// The blockers, and when they were seen.
    seen: Option<(Instant, Vec<Blocker>)>,
}

/// What to ask about. The waiting session is found by its message, because a pooler may use
/// another session for each transaction.
#[derive(Clone, Copy)]
pub(crate) struct Waiting<'a> {
    pub(crate) client: &'a Client,
    pub(crate) application: &'a str,
    /// The message that is in progress: at least its first [`TELLING`] characters.
    pub(crate) message: &'a str,
    /// How long the message waits for a lock; zero means no limit.
    pub(crate) limit: Duration,
}

/// This many bytes identify a message. They are well below the part that the server shows
/// (`track_activity_query_size`, 1024 bytes by default).
pub(crate) const TELLING: usize = 400;

/// How much of a statement is shown.
const SHOWN: usize = 100;

/// The shortest time between two questions.
const LEAST: Duration = Duration::from_millis(5);

/// The longest time between two questions. A wait is reported once two answers show it: when
/// the wait has lasted 5 seconds or a little longer.
const MOST: Duration = Duration::from_millis(2500);

impl Watch {
    /// A watch that asks over a connection of its own, if the options allow one.
    pub(crate) fn new(options: &Options) -> Watch {
        Watch {
            connections: options.connections,
            ..Watch::default()
        }
    }

    /// Waits for answers, asks what they wait for, and reports waits that last. `None` reports the
    /// end of the wait that was reported last.
    pub(crate) async fn during<T>(
        &mut self,
        waiting: Waiting<'_>,
        tell: impl Fn(Option<&WaitingFor>),
        answers: impl Future<Output = T>,
    ) -> T {
        self.seen = None;
        if self.connections == Connections::Single {
            return answers.await;
        }
        let mut answers = pin!(answers);
        let half = waiting.limit / 2;
        let pause = match waiting.limit.is_zero() {
            true => MOST,
            false => half.clamp(LEAST, MOST),
        };
        // A short wait for a lock is reported by the error or by the next try.
        let reports_locks = waiting.limit.is_zero() || half > MOST;
        let (mut before, mut reported) = (None, None);
        let answer = loop {
            if let Ok(answer) = timeout(pause, &mut answers).await {
                break answer;
            }
            // Boxed: it may open a connection.
            let asked = Box::pin(self.ask(waiting));
            let seen = tokio::select! {
                biased;
                answer = &mut answers => break answer,
                seen = asked => seen,
            };
            let key = seen.as_ref().map(WaitingFor::key);
            let is_reported = match &seen {
                Some(WaitingFor::Standby { .. }) => true,
                Some(WaitingFor::Blockers(_)) => reports_locks,
                None => false,
            };
            match seen {
                Some(seen) if is_reported && key == before && key != reported => {
                    tell(Some(&seen));
                    reported.clone_from(&key);
                }
                None if reported.take().is_some() => tell(None),
                Some(_) | None => {}
            }
            before = key;
        };
        if reported.is_some() {
            tell(None);
        }
        answer
    }

    /// The blockers of a step that has just exceeded its `lock_timeout`.
    pub(crate) fn blockers(&mut self, limit: Duration) -> Vec<Blocker> {
        match self.seen.take() {
            Some((at, blockers)) if at.elapsed() <= limit.max(LEAST) * 2 => blockers,
            Some(_) | None => Vec::new(),
        }
    }

    /// Best effort: if the server cannot be asked, no blocker is named.
    async fn ask(&mut self, waiting: Waiting<'_>) -> Option<WaitingFor> {
        let Waiting {
            client,
            application,
            ..
        } = waiting;
        if self
            .connection
            .as_ref()
            .is_none_or(|c| c.client.is_closed())
        {
            self.connection = client.sibling(application).await.ok();
        }
        let connection = self.connection.as_ref()?;
        let query = query(waiting.message);
        let Ok(answer) = connection.client.simple_query(&query).await else {
            // Dropping the connection ends its failed transaction.
            self.connection = None;
            return None;
        };
        let rows: Vec<SimpleQueryRow> = rows(answer).collect();
        let is_standby = |row: &&SimpleQueryRow| row.get(0) == Some("standby");
        if let Some(row) = rows.iter().find(is_standby) {
            let names = row.get(1).unwrap_or_default().to_owned();
            return Some(WaitingFor::Standby { names });
        }
        let blockers: Vec<Blocker> = rows.iter().map(blocker).collect();
        if blockers.is_empty() {
            return None;
        }
        self.seen = Some((Instant::now(), blockers.clone()));
        Some(WaitingFor::Blockers(blockers))
    }
}

/// The modes of a lock that conflict with the mode `held` (Postgres's manual, *Table-Level
/// Locks*).
const CONFLICTS: &str = "CASE h.mode \
    WHEN 'AccessShareLock' THEN l.mode = 'AccessExclusiveLock' \
    WHEN 'RowShareLock' THEN l.mode IN ('ExclusiveLock', 'AccessExclusiveLock') \
    WHEN 'RowExclusiveLock' THEN l.mode NOT IN \
      ('AccessShareLock', 'RowShareLock', 'RowExclusiveLock', 'ShareUpdateExclusiveLock') \
    WHEN 'ShareUpdateExclusiveLock' THEN l.mode NOT IN \
      ('AccessShareLock', 'RowShareLock', 'RowExclusiveLock') \
    WHEN 'ShareLock' THEN l.mode NOT IN ('AccessShareLock', 'RowShareLock', 'ShareLock') \
    WHEN 'ShareRowExclusiveLock' THEN l.mode NOT IN ('AccessShareLock', 'RowShareLock') \
    WHEN 'ExclusiveLock' THEN l.mode <> 'AccessShareLock' \
    ELSE true END";

/// A condition: `h` and `l` are locks on the same object.
fn same() -> String {
    let columns = [
        "locktype",
        "database",
        "relation",
        "page",
        "tuple",
        "virtualxid",
        "transactionid",
        "classid",
        "objid",
        "objsubid",
    ];
    let same = columns.map(|column| format!("h.{column} IS NOT DISTINCT FROM l.{column}"));
    same.join(" AND ")
}

/// The query for what the message waits for. It takes no lock that lasts, and shows only what
/// the role of the run may see.
///
/// `pg_blocking_pids` returns zero for every prepared transaction, whose locks have no process.
/// A prepared transaction also locks its own transaction id, which identifies its other locks.
fn query(message: &str) -> String {
    let message: String = message.chars().take(TELLING).collect();
    let message = quote_literal(&message);
    let time = |time| {
        format!("pg_catalog.to_char({time} AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS') || ' UTC'")
    };
    format!(
        "BEGIN READ ONLY;\
         SET LOCAL search_path = pg_catalog, pg_temp;SET LOCAL statement_timeout = '5s';\
         WITH w AS MATERIALIZED (SELECT a.pid, a.wait_event_type, a.wait_event \
           FROM pg_catalog.pg_stat_activity a \
           WHERE a.datname = pg_catalog.current_database() AND a.state = 'active' \
             AND a.wait_event IS NOT NULL AND a.pid <> pg_catalog.pg_backend_pid() \
             AND pg_catalog.left(a.query, {TELLING}) = {message}), \
         b AS MATERIALIZED (SELECT DISTINCT \
             pg_catalog.unnest(pg_catalog.pg_blocking_pids(w.pid)) AS pid \
           FROM w WHERE w.wait_event_type = 'Lock') \
         (SELECT 'standby', pg_catalog.current_setting('synchronous_standby_names'), \
             NULL, NULL, NULL, NULL, NULL, NULL \
           FROM w WHERE w.wait_event = 'SyncRep' LIMIT 1) \
         UNION ALL \
         (SELECT coalesce(a.backend_type, ''), b.pid::text, a.application_name, \
             a.usename::text, {began}, pg_catalog.left(a.query, 1000), a.state, \
             (SELECT s.slot_name::text FROM pg_catalog.pg_replication_slots s \
               WHERE s.active_pid = b.pid LIMIT 1) \
           FROM b LEFT JOIN pg_catalog.pg_stat_activity a ON a.pid = b.pid \
           WHERE b.pid <> 0 ORDER BY a.xact_start, b.pid LIMIT 5) \
         UNION ALL \
         (SELECT 'prepared', p.gid, p.database::text, p.owner::text, {prepared}, '', '', NULL \
           FROM pg_catalog.pg_prepared_xacts p \
           WHERE EXISTS (SELECT FROM b WHERE b.pid = 0) AND EXISTS (SELECT \
             FROM w JOIN pg_catalog.pg_locks l ON l.pid = w.pid AND NOT l.granted \
             JOIN pg_catalog.pg_locks h ON h.granted AND h.pid IS NULL \
               AND {same} AND {CONFLICTS} \
             JOIN pg_catalog.pg_locks x ON x.granted AND x.pid IS NULL \
               AND x.virtualtransaction = h.virtualtransaction \
               AND x.transactionid = p.transaction) \
           ORDER BY p.prepared, p.gid LIMIT 5);\
         COMMIT",
        began = time("a.xact_start"),
        prepared = time("p.prepared"),
        same = same(),
    )
}

fn blocker(row: &SimpleQueryRow) -> Blocker {
    let cell = |index| row.get(index).unwrap_or_default().to_owned();
    let kind = match (row.get(0), row.get(6)) {
        (Some("prepared"), _) => BlockerKind::Prepared {
            gid: cell(1),
            database: cell(2),
        },
        (Some("autovacuum worker"), _) => BlockerKind::Autovacuum,
        (Some("walsender"), _) => BlockerKind::Replication {
            slot: row.get(7).map(str::to_owned),
        },
        (_, Some(state)) if state.starts_with("idle in transaction") => {
            BlockerKind::IdleInTransaction
        }
        _ => BlockerKind::Session,
    };
    let is_prepared = matches!(kind, BlockerKind::Prepared { .. });
    let of_session = |index| match is_prepared {
        true => String::new(),
        false => cell(index),
    };
    Blocker {
        session: Holder {
            pid: of_session(1).parse().ok(),
            application: of_session(2),
            role: cell(3),
            since: cell(4),
        },
        query: shorten(&cell(5)),
        kind,
    }
}

/// Shortens a statement to one readable line, and hides what may be a password.
fn shorten(query: &str) -> String {
    if query == "<insufficient privilege>" {
        return String::new();
    }
    let line = query.split_whitespace().collect::<Vec<_>>().join(" ");
    if line.to_ascii_lowercase().contains("password") {
        return "a statement with a password".to_owned();
    }
    match line.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line,
    }
}

#[cfg(test)]
mod tests {
    use super::shorten;

    #[test]
    fn a_statement_is_shown_in_one_short_line() {
        assert_eq!(shorten("UPDATE t\n   SET x = 1"), "UPDATE t SET x = 1");
        let long = shorten(&"ü ".repeat(200));
        assert_eq!((long.chars().count(), long.ends_with('…')), (101, true));
        assert_eq!(shorten("<insufficient privilege>"), "");
        let secret = shorten("ALTER ROLE app PASSWORD 'hunter2'");
        assert_eq!(secret, "a statement with a password");
    }
}
