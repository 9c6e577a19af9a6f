//! The messages that take the locks of a run.

use std::collections::BTreeSet;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::time::Duration;

use futures_util::future::join3;
use tokio_postgres::{Client, Error, SimpleQueryMessage, SimpleQueryRow};

use crate::event::blocker::Holder;
use crate::event::listener::Listener;
use crate::history::History;
use crate::history::checks::CLAIM;
use crate::history::failure::ReadError;
use crate::history::guard::Purpose;
use crate::history::read;
use crate::history::reader::Reader;
use crate::history::schema::Tables;
use crate::options::Options;
use crate::session::advisory::{DATABASE, LockHolder, is_held_here_sql, is_held_sql, key};
use crate::session::quote::quote_literal;
use crate::session::send::rows;
use crate::session::stop::Stop;

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

/// What taking the locks needs besides the services.
pub(crate) struct LockSettings<'a> {
    pub(crate) tables: &'a Tables,
    pub(crate) options: &'a Options,
    pub(crate) listener: Option<&'a Listener>,
    pub(crate) stop: &'a Stop,
}

/// The history, read while the locks are held; `None` if it was not read.
pub(crate) type EarlyRead = Option<Result<History, ReadError>>;

fn random() -> u64 {
    RandomState::new().build_hasher().finish()
}

/// The mode of a lock.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Mode {
    Exclusive,
    Shared,
}

impl Mode {
    /// The function that takes a lock for the transaction, if it is free.
    fn tried(self) -> &'static str {
        match self {
            Mode::Exclusive => "pg_try_advisory_xact_lock",
            Mode::Shared => "pg_try_advisory_xact_lock_shared",
        }
    }

    /// The function that takes a lock for the session.
    fn kept(self) -> &'static str {
        match self {
            Mode::Exclusive => "pg_advisory_lock",
            Mode::Shared => "pg_advisory_lock_shared",
        }
    }
}

/// The advisory locks to take, and the services that no run may be changing meanwhile.
pub(super) struct Keys {
    /// Each key and the mode of its lock, in the same order in all runs.
    taken: Vec<(i64, Mode)>,
    pub(super) nonce: i64,
    holder: LockHolder,
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

pub(super) fn keys(taking: &LockSettings<'_>, locks: &Locks, holder: LockHolder) -> Keys {
    let modes = modes(locks);
    let names = modes.iter().map(|(service, _)| taking.tables.of(service));
    let schema = &taking.options.schema;
    Keys {
        tables: names.map(|name| quote_literal(&name)).collect(),
        nonce: random().cast_signed(),
        holder,
        taken: modes
            .iter()
            .map(|&(service, mode)| (key(schema, service), mode))
            .collect(),
    }
}

/// Each service once, in one order.
fn modes(locks: &Locks) -> Vec<(&str, Mode)> {
    let exclusive = locks
        .exclusive
        .iter()
        .map(|service| (service, Mode::Exclusive));
    let shared = locks.shared.difference(&locks.exclusive);
    let shared = shared.map(|service| (service, Mode::Shared));
    let modes = exclusive.chain(shared);
    let mut modes: Vec<_> = modes
        .map(|(service, mode)| (service.as_str(), mode))
        .collect();
    modes.sort_unstable();
    modes
}

/// Takes all locks or none. Returns the server process of the session that has them.
pub(super) async fn try_all(client: &Client, keys: &Keys) -> Result<Option<i32>, Error> {
    let answers = client.simple_query(&tries(keys)).await?;
    settle(client, answers).await
}

/// If the session of the scripts has the locks, keeps them beyond the transaction that took them.
pub(super) async fn keep(client: &Client, keys: &Keys) -> Result<(), Error> {
    if keys.holder == LockHolder::OwnSession {
        return Ok(());
    }
    let nonce = [(keys.nonce, Mode::Exclusive)];
    let kept = keys.taken.iter().chain(&nonce).map(|(key, mode)| {
        let function = mode.kept();
        format!("SELECT pg_catalog.{function}({key});")
    });
    let kept = kept.collect::<String>();
    client.batch_execute(&format!("{kept}COMMIT")).await
}

/// Takes all locks or none, and reads the history while they are held.
///
/// If there is no history yet, the savepoint keeps the transaction usable. It also releases the
/// locks on the tables that were read.
pub(super) async fn try_and_read(
    client: &Client,
    keys: &Keys,
    taking: &LockSettings<'_>,
) -> Result<(Option<i32>, EarlyRead), Error> {
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
    let taken = settle(client, answers?).await?;
    if taken.is_some() {
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
    let tries = keys.taken.iter().map(|(key, mode)| {
        let function = mode.tried();
        format!("SELECT pg_catalog.{function}({key});")
    });
    let is_new = match keys.holder {
        LockHolder::OwnSession => String::new(),
        LockHolder::ScriptSession => {
            let is_held = is_held_here_sql(keys.taken.iter().map(|(key, _)| *key));
            format!("SELECT NOT {is_held};")
        }
    };
    format!(
        "BEGIN ISOLATION LEVEL READ COMMITTED;\
         SET LOCAL statement_timeout = 0;\
         SET LOCAL idle_in_transaction_session_timeout = 0;{UNLIMITED}{is_new}{tries}\
         SELECT pg_catalog.pg_try_advisory_xact_lock({nonce}), pg_catalog.pg_backend_pid();\
         SELECT NOT EXISTS (SELECT FROM pg_catalog.pg_locks l WHERE {claimed});",
        tries = tries.collect::<String>(),
        nonce = keys.nonce,
        claimed = keys.claimed()
    )
}

/// Returns the server process of the session, if all locks were taken; if not, releases those that
/// were.
async fn settle(client: &Client, answers: Vec<SimpleQueryMessage>) -> Result<Option<i32>, Error> {
    let answers = cells(answers);
    let refused = answers
        .iter()
        .any(|row| row.first().is_some_and(|cell| cell == "f"));
    if refused {
        client.batch_execute("ROLLBACK").await?;
        return Ok(None);
    }
    let mut process = answers.iter().filter_map(|row| row.get(1)?.parse().ok());
    Ok(Some(process.next().unwrap_or_default()))
}

/// Switches `transaction_timeout` off, which servers before 17 do not have.
const UNLIMITED: &str = "SELECT pg_catalog.set_config(name, '0', true) \
                         FROM pg_catalog.pg_settings \
                         WHERE name OPERATOR(pg_catalog.=) 'transaction_timeout';";

/// Keeps the session open between two tries, where the server would end it as idle.
pub(super) const STAY: &str = "SELECT pg_catalog.set_config('idle_session_timeout', '0', false) \
                    WHERE pg_catalog.current_setting('idle_session_timeout', true) IS NOT NULL";

/// The session that holds one of the locks. It may have released the lock meanwhile.
pub(super) async fn holder(client: &Client, keys: &Keys) -> Result<Holder, Error> {
    let query = format!(
        "SELECT a.pid, a.application_name, a.usename, \
           pg_catalog.to_char(COALESCE(a.xact_start, a.state_change) AT TIME ZONE 'UTC', \
             'YYYY-MM-DD HH24:MI:SS \"UTC\"') \
         FROM pg_catalog.pg_locks l \
         JOIN pg_catalog.pg_stat_activity a ON a.pid OPERATOR(pg_catalog.=) l.pid \
         WHERE ({}) OR ({}) ORDER BY a.xact_start, a.pid LIMIT 1",
        is_held_sql(keys.taken.iter().map(|(key, _)| *key)),
        keys.claimed()
    );
    let rows = cells(client.simple_query(&query).await?);
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

#[cfg(test)]
mod tests {
    use super::{Locks, Mode, modes};

    #[test]
    fn a_service_is_locked_once_and_in_one_order() {
        let set = |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect();
        let locks = Locks {
            exclusive: set(&["tenant", "auth"]),
            shared: set(&["core", "tenant"]),
        };
        let (exclusive, shared) = (Mode::Exclusive, Mode::Shared);
        let expected = [("auth", exclusive), ("core", shared), ("tenant", exclusive)];
        assert_eq!(modes(&locks), expected);
    }
}
