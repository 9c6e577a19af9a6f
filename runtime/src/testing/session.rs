//! A session that creates and drops databases, and holds the locks which show that their owner
//! is alive.
//!
//! An advisory lock belongs to a database (Postgres's manual, *Advisory Locks*). So all such
//! sessions of a server connect to the same database, whichever one `DATABASE_URL` names.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use migrator_connect::backoff::jitter;
use migrator_connect::{ConnectError, Connection, Refusal, Settings};
use tokio_postgres::SimpleQueryMessage;

use super::error::Error;
use super::name::{self, Name};
use crate::session::quote::{quote_identifier, quote_literal};
use crate::session::send::rows;

/// A session that outlives the test.
#[derive(Debug)]
pub(super) struct Session {
    connection: Connection,
}

/// The database for these sessions. `initdb` creates it for such use.
const MEETING_PLACE: &str = "postgres";

/// A session that takes longer to end is left to the server.
const LONGEST_PAUSE: Duration = Duration::from_millis(64);

/// How long to wait for a free connection: other tests end and free theirs.
pub(super) const PATIENCE: Duration = Duration::from_secs(20);

const FIRST_PAUSE: Duration = Duration::from_millis(20);

const LONGEST_WAIT: Duration = Duration::from_millis(500);

/// Sessions of dropped databases, for reuse by the next databases.
static IDLE: Mutex<Vec<Session>> = Mutex::new(Vec::new());

/// Settings of each session. Names refer to the catalog, whatever the role's search path. No
/// timeout of the role ends a long statement or the session. Old servers lack some timeouts.
const SETUP: &str = "SET search_path TO pg_catalog, pg_temp; \
     SELECT set_config(name, '0', false) FROM unnest(ARRAY['statement_timeout', 'lock_timeout', \
     'idle_in_transaction_session_timeout', 'idle_session_timeout', 'transaction_timeout']) \
     AS name WHERE current_setting(name, true) IS NOT NULL";

impl Session {
    /// Opens a session that shows other processes that a test process is running, and returns the
    /// answer to a first query. Everything is one message, because tests wait for it.
    pub(super) async fn present(
        settings: &Settings,
        question: &str,
    ) -> Result<(Self, Vec<Vec<String>>), Error> {
        let idle = IDLE.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let idle = idle.filter(|session| !session.connection.client.is_closed());
        let (session, sql) = match idle {
            Some(session) => (session, question.to_owned()),
            None => {
                let session = Self::connect(settings).await?;
                let present = format!(
                    "DO $$ BEGIN PERFORM pg_try_advisory_lock_shared({}); END $$",
                    name::PRESENT
                );
                (session, format!("{SETUP}; {present}; {question}"))
            }
        };
        let answer = session.ask("looking round", &sql).await?;
        Ok((session, answer))
    }

    /// Opens a session that does not count as a test process.
    pub(super) async fn open(settings: &Settings) -> Result<Self, Error> {
        let session = Self::connect(settings).await?;
        session.run("setting up a session", SETUP).await?;
        Ok(session)
    }

    async fn connect(settings: &Settings) -> Result<Self, Error> {
        let mut settings = settings.clone();
        settings.application_name("migrator-testing");
        let started = Instant::now();
        let mut pause = FIRST_PAUSE;
        loop {
            match meet(&settings).await {
                Err(error) if is_full(&error) && started.elapsed() < PATIENCE => {
                    tokio::time::sleep(jitter(pause)).await;
                    pause = (pause * 2).min(LONGEST_WAIT);
                }
                opened => {
                    let connection = opened?;
                    return Ok(Self { connection });
                }
            }
        }
    }

    /// Keeps the session for the next database. It holds only the lock of [`Session::present`].
    pub(super) fn keep(self) {
        let mut idle = IDLE.lock().unwrap_or_else(PoisonError::into_inner);
        idle.push(self);
    }

    /// Runs statements.
    pub(super) async fn run(&self, doing: &str, sql: &str) -> Result<(), Error> {
        with_context(doing, self.connection.client.batch_execute(sql).await)
    }

    /// Returns the rows of all answers. Their columns must be text.
    pub(super) async fn ask(&self, doing: &str, sql: &str) -> Result<Vec<Vec<String>>, Error> {
        let answer = self.connection.client.simple_query(sql).await;
        let messages: Vec<SimpleQueryMessage> = with_context(doing, answer)?;
        let columns = |row: &tokio_postgres::SimpleQueryRow| {
            let columns = 0..row.len();
            columns
                .map(|at| row.get(at).unwrap_or_default().to_owned())
                .collect()
        };
        Ok(rows(messages).map(|row| columns(&row)).collect())
    }

    /// Whether a condition holds.
    pub(super) async fn holds(&self, doing: &str, condition: &str) -> Result<bool, Error> {
        let rows = self.ask(doing, &format!("SELECT {condition}")).await?;
        Ok(rows
            .first()
            .and_then(|row| row.first())
            .is_some_and(|text| text == "t"))
    }

    /// Takes a lock unless another session holds it. Never waits inside the server.
    pub(super) async fn try_lock(&self, key: i64) -> Result<bool, Error> {
        let condition = format!("pg_try_advisory_lock({key})");
        self.holds("trying a lock", &condition).await
    }

    /// Releases a lock.
    pub(super) async fn unlock(&self, key: i64) -> Result<(), Error> {
        let sql = format!("SELECT pg_advisory_unlock({key})");
        self.run("releasing a lock", &sql).await
    }

    /// Drops a database and ends the sessions that are connected to it.
    ///
    /// DROP DATABASE can end other sessions by itself. But then it checks only every 100 ms whether
    /// they have ended (`CountOtherDBBackends` in Postgres's `procarray.c`).
    pub(super) async fn drop_database(&self, database: &str) -> Result<(), Error> {
        let mut pause = Duration::from_millis(1);
        let sql = format!(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = {}",
            quote_literal(database)
        );
        while let Ok(others) = self.ask("ending sessions", &sql).await {
            if others.is_empty() || pause > LONGEST_PAUSE {
                break;
            }
            tokio::time::sleep(pause).await;
            pause *= 2;
        }
        let sql = format!(
            "DROP DATABASE IF EXISTS {} WITH (FORCE)",
            quote_identifier(database)
        );
        self.run(&format!("dropping the database `{database}`"), &sql)
            .await
    }

    /// Drops a database, and then releases its lock.
    pub(super) async fn give_back(&self, name: &Name) -> Result<(), Error> {
        let dropped = self.drop_database(&name.text).await;
        self.unlock(name.key).await?;
        dropped
    }
}

/// Opens a connection to the database for these sessions.
async fn meet(settings: &Settings) -> Result<Connection, ConnectError> {
    let elsewhere = settings.clone().with_new_database(MEETING_PLACE);
    match migrator_connect::open(&elsewhere).await {
        Err(error) if is_not_let_in(&error) => migrator_connect::open(settings).await,
        opened => opened,
    }
}

fn is_full(error: &ConnectError) -> bool {
    matches!(
        error,
        ConnectError::Refused {
            reason: Refusal::TooManyConnections,
            ..
        }
    )
}

/// Whether the server runs but will never accept this connection.
fn is_not_let_in(error: &ConnectError) -> bool {
    matches!(error, ConnectError::Refused { .. }) && !error.is_transient()
}

fn with_context<T>(doing: &str, answer: Result<T, tokio_postgres::Error>) -> Result<T, Error> {
    answer.map_err(|source| Error::Server {
        doing: doing.to_owned(),
        source,
    })
}
