//! A session on the server's own database, by which databases are made and dropped, and which
//! holds the locks that say that their owner lives.

use std::sync::{Mutex, PoisonError};

use tokio_postgres::SimpleQueryMessage;

use super::error::Error;
use super::name::{self, Name};
use crate::connect::{self, Connection, Settings};
use crate::history::schema::quote_identifier;
use crate::session::rows;

/// A session that outlives the test.
#[derive(Debug)]
pub(super) struct Session {
    connection: Connection,
}

/// Sessions of databases that are dropped, for the next.
static IDLE: Mutex<Vec<Session>> = Mutex::new(Vec::new());

impl Session {
    /// A session of a test process, by which others know that one is there.
    pub(super) async fn present(settings: &Settings) -> Result<Self, Error> {
        let idle = IDLE.lock().unwrap_or_else(PoisonError::into_inner).pop();
        if let Some(session) = idle.filter(|session| !session.connection.client.is_closed()) {
            return Ok(session);
        }
        let session = Self::open(settings).await?;
        let sql = format!("SELECT pg_try_advisory_lock_shared({})", name::PRESENT);
        session.run("saying that a test is there", &sql).await?;
        Ok(session)
    }

    /// A session that nobody takes for a test's. Names mean the catalog's, whatever the role's
    /// search path, and no timeout of the role's ends what takes long.
    pub(super) async fn open(settings: &Settings) -> Result<Self, Error> {
        let mut settings = settings.clone();
        settings.application_name("migrator-testing");
        let connection = connect::open(&settings).await?;
        let session = Self { connection };
        let sql = "SET search_path TO pg_catalog, pg_temp; SET statement_timeout TO 0; \
                   SET lock_timeout TO 0; SET idle_in_transaction_session_timeout TO 0";
        session.run("setting up a session", sql).await?;
        Ok(session)
    }

    /// Keeps the session for the next database. It holds no lock but that of [`Session::present`].
    pub(super) fn keep(self) {
        let mut idle = IDLE.lock().unwrap_or_else(PoisonError::into_inner);
        idle.push(self);
    }

    /// Runs a statement.
    pub(super) async fn run(&self, doing: &str, sql: &str) -> Result<(), Error> {
        said(doing, self.connection.client.batch_execute(sql).await)
    }

    /// The rows of a query, whose columns are text.
    pub(super) async fn ask(&self, doing: &str, sql: &str) -> Result<Vec<Vec<String>>, Error> {
        let answer = self.connection.client.simple_query(sql).await;
        let messages: Vec<SimpleQueryMessage> = said(doing, answer)?;
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

    /// Takes a lock unless somebody else has it. Nothing ever waits inside the server.
    pub(super) async fn try_lock(&self, key: i64) -> Result<bool, Error> {
        let condition = format!("pg_try_advisory_lock({key})");
        self.holds("trying a lock", &condition).await
    }

    /// Lets a lock go.
    pub(super) async fn unlock(&self, key: i64) -> Result<(), Error> {
        let sql = format!("SELECT pg_advisory_unlock({key})");
        self.run("letting a lock go", &sql).await
    }

    /// Drops a database, whoever is connected to it.
    pub(super) async fn drop_database(&self, database: &str) -> Result<(), Error> {
        let sql = format!(
            "DROP DATABASE IF EXISTS {} WITH (FORCE)",
            quote_identifier(database)
        );
        self.run(&format!("dropping the database `{database}`"), &sql)
            .await
    }

    /// Drops a database, and lets its lock go, as it is nobody's any more.
    pub(super) async fn give_back(&self, name: &Name) -> Result<(), Error> {
        let dropped = self.drop_database(&name.text).await;
        self.unlock(name.key).await?;
        dropped
    }
}

fn said<T>(doing: &str, answer: Result<T, tokio_postgres::Error>) -> Result<T, Error> {
    answer.map_err(|source| Error::Server {
        doing: doing.to_owned(),
        source,
    })
}
