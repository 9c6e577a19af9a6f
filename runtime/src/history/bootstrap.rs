//! Creates the tables that the history lacks.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use migrator_connect::backoff::jitter;
use migrator_plan::{Plan, Step};

use super::failure::{ReadError, read_failed};
use super::guard::{self, Purpose};
use super::read;
use super::reader::Reader;
use super::schema::Tables;
use super::{FORMAT, History};
use crate::error::kind::ErrorKind;
use crate::event::blocker::Holder;
use crate::event::listener::Listener;
use crate::event::operation::Operation;
use crate::options::Options;
use crate::session::advisory::table_key;
use crate::session::client::Client;
use crate::session::send::rows;
use crate::session::timeouts::milliseconds;

/// The services whose tables a plan needs.
pub(crate) fn services(plan: &Plan<'_>) -> BTreeSet<String> {
    let services = plan.steps.iter().map(Step::service);
    services.map(str::to_owned).collect()
}

const CREATING: Operation = Operation::CreateHistory;

/// Creates the history's tables and upgrades them.
///
/// Runs of unrelated services may create tables at the same time. So the short transaction that
/// creates them holds an advisory lock.
#[derive(Clone, Copy)]
pub(crate) struct Bootstrap<'a> {
    pub(crate) client: &'a Client,
    pub(crate) tables: &'a Tables,
    pub(crate) options: &'a Options,
    pub(crate) listener: Option<&'a Listener>,
}

/// Why the tables could not be created or upgraded.
pub(crate) enum Trouble {
    Read(ReadError),
    /// Another run held the lock of the tables for this time.
    Locked(Duration),
}

impl From<tokio_postgres::Error> for Trouble {
    fn from(error: tokio_postgres::Error) -> Trouble {
        Trouble::Read(error.into())
    }
}

impl From<ReadError> for Trouble {
    fn from(error: ReadError) -> Trouble {
        Trouble::Read(error)
    }
}

impl<'a> Bootstrap<'a> {
    /// Creates the tables that services need and the history lacks. Returns the format of the
    /// tables, if any table was missing.
    pub(crate) async fn create(
        self,
        history: &History,
        services: &BTreeSet<String>,
    ) -> Result<Option<i32>, ErrorKind> {
        let missing = missing(history, services);
        if missing.is_empty() {
            return Ok(None);
        }
        let first = self.at_once(history, &missing);
        let Err(failure) = self.reader(CREATING).ask(&first).await else {
            return Ok(Some(history.format().unwrap_or(FORMAT)));
        };
        let created = match self.client.postgres().batch_execute("ROLLBACK").await {
            Ok(()) if failure.is_locked() => Err(failure.into()),
            Ok(()) => self.create_alone(services).await,
            Err(error) => Err(error.into()),
        };
        let format = created.map_err(|trouble| self.failed(CREATING, trouble))?;
        Ok(Some(format))
    }

    /// One message that creates the tables, if no other run does so and the history is as it
    /// was read. Otherwise the message fails, and [`Bootstrap::create_alone`] costs more round
    /// trips.
    fn at_once(self, history: &History, missing: &[&str]) -> String {
        let common = match history.tables() {
            Some(_) => String::new(),
            None => self.tables.create_schema() + &self.tables.create_common(),
        };
        let services = missing.iter().map(|name| self.tables.create_service(name));
        format!(
            "{}SELECT 1 OPERATOR(pg_catalog./) \
               CASE WHEN pg_catalog.pg_try_advisory_xact_lock({}) THEN 1 ELSE 0 END;\
             {common}{}COMMIT;",
            self.opening(),
            table_key(&self.options.schema),
            services.collect::<String>()
        )
    }

    /// Waits until no other run creates tables, reads the history again, and creates what is
    /// missing. Returns the format of the tables.
    async fn create_alone(self, services: &BTreeSet<String>) -> Result<i32, Trouble> {
        self.begin(Instant::now()).await?;
        let created = self.create_locked(services).await;
        let end = match created {
            Ok(_) => "COMMIT",
            Err(_) => "ROLLBACK",
        };
        let ended = self.client.postgres().batch_execute(end).await;
        let format = created?;
        ended?;
        Ok(format)
    }

    async fn create_locked(self, services: &BTreeSet<String>) -> Result<i32, ReadError> {
        let (reader, tables) = (self.reader(CREATING), self.tables);
        let known = existing(&reader).await?;
        let mut statements = String::new();
        if known.tables().is_none() {
            let schema = reader.ask(&tables.schema_exists()).await?;
            statements += &match rows(schema).next() {
                None => tables.create_schema(),
                // Another role may have created the schema a moment ago.
                Some(_) => guard::check_trust(tables, Purpose::Act),
            };
            statements += &tables.create_common();
        }
        for service in missing(&known, services) {
            statements += &tables.create_service(service);
        }
        reader.ask(&statements).await?;
        Ok(known.format().unwrap_or(FORMAT))
    }

    /// Begins a transaction in which no other run creates or upgrades the tables. Waits for
    /// another run that does, until [`Options::lock_wait`] after `started`.
    pub(crate) async fn begin(self, started: Instant) -> Result<(), Trouble> {
        let postgres = self.client.postgres();
        let lock = format!(
            "{}SELECT pg_catalog.pg_try_advisory_xact_lock({});",
            self.opening(),
            table_key(&self.options.schema)
        );
        while !rows(postgres.simple_query(&lock).await?).any(|row| row.get(0) == Some("t")) {
            postgres.batch_execute("ROLLBACK").await?;
            if started.elapsed() >= self.options.lock_wait {
                return Err(Trouble::Locked(started.elapsed()));
            }
            tokio::time::sleep(jitter(Duration::from_millis(50))).await;
        }
        Ok(())
    }

    /// The start of a transaction that changes the tables. The commit of the first step makes
    /// that change durable too.
    ///
    /// READ COMMITTED: a snapshot from before the advisory lock would not contain what its last
    /// holder created.
    fn opening(self) -> String {
        format!(
            "BEGIN ISOLATION LEVEL READ COMMITTED;\
             SET LOCAL idle_in_transaction_session_timeout = 0;\
             SET LOCAL synchronous_commit = off;\
             SET LOCAL lock_timeout = {};",
            milliseconds(self.options.lock_timeout)
        )
    }

    /// A reader whose events about long waits name this operation.
    pub(crate) fn reader(self, doing: Operation) -> Reader<'a> {
        let reader = Reader::new(self.client, self.tables, self.options, Purpose::Act);
        reader.reporting_to(self.listener).doing(doing)
    }

    /// The error of an operation that failed.
    pub(crate) fn failed(self, doing: Operation, trouble: Trouble) -> ErrorKind {
        match trouble {
            Trouble::Read(error) => read_failed(self.client, doing, error),
            Trouble::Locked(waited) => ErrorKind::Locked {
                holder: Holder::unseen(),
                waited: waited.as_secs(),
            },
        }
    }
}

/// The services without a table.
fn missing<'s>(history: &History, services: &'s BTreeSet<String>) -> Vec<&'s str> {
    let is_missing = |service: &&String| !history.has_table(service);
    let missing = services.iter().filter(is_missing);
    missing.map(String::as_str).collect()
}

/// The history, read in a transaction. A read that fails would end the transaction, so a
/// savepoint comes before it.
async fn existing(reader: &Reader<'_>) -> Result<History, ReadError> {
    let postgres = reader.session;
    postgres.batch_execute("SAVEPOINT look").await?;
    let history = read::history(reader).await?;
    if history.tables().is_none() {
        postgres.batch_execute("ROLLBACK TO SAVEPOINT look").await?;
    }
    Ok(history)
}
