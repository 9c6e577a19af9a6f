//! Names the sessions that a step waits for.
//!
//! Once a step has run into `lock_timeout` the server no longer knows whom it waited
//! for. So it is asked meanwhile, from half of that time on; a step that is quick costs
//! no round trip. A connection of its own asks, opened when it is first needed: an
//! error in the transaction that holds the locks of the run would end them.

use std::fmt;
use std::pin::pin;
use std::time::{Duration, Instant};

use tokio::time::timeout;

use crate::client::Client;
use crate::connect::Connection;
use crate::event::Holder;
use crate::history::schema::quote_literal;
use crate::session::rows;

/// A session that keeps a step waiting.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Blocker {
    /// Who it is, and since when its transaction lasts.
    pub session: Holder,
    /// Its statement, or its last one, shortened to one line; empty if our role may not
    /// know it.
    pub query: String,
}

/// Looks who keeps the steps of one connection waiting.
#[derive(Default)]
pub(crate) struct Watch {
    connection: Option<Connection>,
    /// Who it was, and when that was seen.
    seen: Option<(Instant, Vec<Blocker>)>,
}

/// What is asked, of whom: the session that waits is told by its message, as a pooler may
/// give each transaction to another one.
#[derive(Clone, Copy)]
pub(crate) struct Waiting<'a> {
    pub(crate) client: &'a Client,
    pub(crate) application: &'a str,
    /// The message that is under way.
    pub(crate) message: &'a str,
    /// How long it waits for a lock; zero is for ever.
    pub(crate) limit: Duration,
}

/// So much of a message tells it from others; it is well below what the server shows of
/// one (`track_activity_query_size`, 1024 bytes unless set).
const TELLING: usize = 400;

/// So much of a statement is shown.
const SHOWN: usize = 100;

/// Between two questions is at least this time.
const LEAST: Duration = Duration::from_millis(5);

impl Watch {
    /// Waits for answers, and asks whom they wait for.
    pub(crate) async fn during<T>(
        &mut self,
        waiting: Waiting<'_>,
        answers: impl Future<Output = T>,
    ) -> T {
        self.seen = None;
        if waiting.limit.is_zero() {
            return answers.await;
        }
        let mut answers = pin!(answers);
        let pause = (waiting.limit / 2).max(LEAST);
        loop {
            if let Ok(answer) = timeout(pause, &mut answers).await {
                return answer;
            }
            // Boxed: it may open a connection.
            let asked = Box::pin(self.ask(waiting));
            tokio::select! {
                biased;
                answer = &mut answers => return answer,
                () = asked => {}
            }
        }
    }

    /// Whom a step waited for that has just run into its limit.
    pub(crate) fn blockers(&mut self, limit: Duration) -> Vec<Blocker> {
        match self.seen.take() {
            Some((at, blockers)) if at.elapsed() <= limit.max(LEAST) * 2 => blockers,
            Some(_) | None => Vec::new(),
        }
    }

    /// Best effort: who cannot be asked is not named.
    async fn ask(&mut self, waiting: Waiting<'_>) {
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
        let Some(connection) = &self.connection else {
            return;
        };
        let query = query(waiting.message);
        let Ok(answer) = connection.client.simple_query(&query).await else {
            self.connection = None;
            return;
        };
        let blockers: Vec<Blocker> = rows(answer).map(|row| blocker(&row)).collect();
        if !blockers.is_empty() {
            self.seen = Some((Instant::now(), blockers));
        }
    }
}

/// Who blocks the session that is at this message. Of another role's session the server
/// shows no more than our role may see.
fn query(message: &str) -> String {
    let message: String = message.chars().take(TELLING).collect();
    let message = quote_literal(&message);
    format!(
        "BEGIN READ ONLY;\
         SET LOCAL search_path = pg_catalog, pg_temp;SET LOCAL statement_timeout = '5s';\
         SELECT b.pid, a.application_name, a.usename, \
           pg_catalog.to_char(a.xact_start AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS') \
             || ' UTC', \
           pg_catalog.left(a.query, 1000) \
         FROM (SELECT DISTINCT pg_catalog.unnest(pg_catalog.pg_blocking_pids(w.pid)) AS pid \
           FROM pg_catalog.pg_stat_activity w \
           WHERE w.datname = pg_catalog.current_database() AND w.state = 'active' \
             AND w.wait_event_type = 'Lock' AND w.pid <> pg_catalog.pg_backend_pid() \
             AND pg_catalog.left(w.query, {TELLING}) = {message}) b \
         LEFT JOIN pg_catalog.pg_stat_activity a ON a.pid = b.pid \
         ORDER BY a.xact_start, b.pid LIMIT 5;\
         COMMIT"
    )
}

fn blocker(row: &tokio_postgres::SimpleQueryRow) -> Blocker {
    let cell = |index| row.get(index).unwrap_or_default().to_owned();
    Blocker {
        session: Holder {
            // A prepared transaction has no process, and is told by a zero.
            pid: cell(0).parse().ok().filter(|pid| *pid != 0),
            application: cell(1),
            role: cell(2),
            since: cell(3),
        },
        query: shorten(&cell(4)),
    }
}

/// A statement in one line that can be read, and without what may be a password.
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

/// Who, since when, and at which statement.
impl fmt::Display for Blocker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.session.pid {
            Some(_) => self.session.fmt(f)?,
            None => f.write_str("a prepared transaction")?,
        }
        match self.query.is_empty() {
            true => Ok(()),
            false => write!(f, ", at `{}`", self.query),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Blocker, shorten};
    use crate::event::Holder;

    #[test]
    fn a_statement_is_shown_in_one_short_line() {
        assert_eq!(shorten("UPDATE t\n   SET x = 1"), "UPDATE t SET x = 1");
        let long = shorten(&"ü ".repeat(200));
        assert_eq!((long.chars().count(), long.ends_with('…')), (101, true));
        assert_eq!(shorten("<insufficient privilege>"), "");
        let secret = shorten("ALTER ROLE app PASSWORD 'hunter2'");
        assert_eq!(secret, "a statement with a password");
    }

    #[test]
    fn a_blocker_is_told_as_far_as_it_is_known() {
        let mut blocker = Blocker {
            session: Holder {
                pid: Some(4711),
                application: "psql".to_owned(),
                role: "app".to_owned(),
                since: "2026-11-22 18:00:00 UTC".to_owned(),
            },
            query: "SELECT 1".to_owned(),
        };
        let whole = "`psql` (pid 4711, role app, since 2026-11-22 18:00:00 UTC), at `SELECT 1`";
        assert_eq!(blocker.to_string(), whole);
        blocker.session.since.clear();
        blocker.query.clear();
        assert_eq!(blocker.to_string(), "`psql` (pid 4711, role app)");
        blocker.session.application.clear();
        let nameless = "a session without a name (pid 4711, role app)";
        assert_eq!(blocker.to_string(), nameless);
        blocker.session.role.clear();
        assert_eq!(blocker.to_string(), "a session without a name (pid 4711)");
        blocker.session.pid = None;
        assert_eq!(blocker.to_string(), "a prepared transaction");
    }
}
