//! A server, and what is asked of it directly.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use migrator_localpg::{Programs, Throwaway};
use tokio::runtime::Runtime;
use tokio_postgres::{Client, NoTls, SimpleQueryMessage};

use super::Outcome;
use super::tree::LOG;

/// How long anything that must happen may take.
pub(super) const PATIENCE: Duration = Duration::from_secs(60);

/// What a crash may take with it and what it may not is told apart as far as it can be:
/// what waits for the disk does, and what does not waits long.
const DURABLE: [(&str, &str); 6] = [
    ("fsync", "on"),
    ("synchronous_commit", "on"),
    ("full_page_writes", "on"),
    ("wal_writer_delay", "10s"),
    ("wal_writer_flush_after", "1GB"),
    ("wal_buffers", "16MB"),
];

/// A server of this process's own.
pub(super) struct Server {
    pub(super) throwaway: Throwaway,
    runtime: Runtime,
    /// How long to wait for what must come.
    pub(super) patience: Duration,
}

/// A row, a text a column.
pub(super) type Row = Vec<String>;

impl Server {
    /// One that is quick and forgets.
    pub(super) fn quick() -> Outcome<Server> {
        Self::with(&[])
    }

    /// One that keeps what it has promised to keep.
    pub(super) fn durable() -> Outcome<Server> {
        Self::with(&DURABLE)
    }

    /// One that takes few connections, of which a run has two or more.
    pub(super) fn small() -> Outcome<Server> {
        Self::with(&[("max_connections", "12")])
    }

    /// One that keeps what it has promised to keep, with settings besides.
    pub(super) fn replicated(settings: &[(&str, &str)]) -> Outcome<Server> {
        Self::with(&[&DURABLE[..], settings].concat())
    }

    /// The same on a copy of another's data.
    pub(super) fn on(data: &Path, settings: &[(&str, &str)]) -> Outcome<Server> {
        let settings = [&DURABLE[..], settings].concat();
        Self::of(Throwaway::start_on(Programs::find(None)?, data, &settings)?)
    }

    fn with(settings: &[(&str, &str)]) -> Outcome<Server> {
        Self::of(Throwaway::start_with_settings(
            Programs::find(None)?,
            settings,
        )?)
    }

    fn of(throwaway: Throwaway) -> Outcome<Server> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        Ok(Server {
            throwaway,
            runtime,
            patience: PATIENCE,
        })
    }

    /// Where it listens.
    pub(super) fn socket(&self) -> PathBuf {
        self.throwaway.folder().join(".s.PGSQL.5432")
    }

    /// The URL of a new database that has the log and nothing else.
    pub(super) fn database(&self) -> Outcome<String> {
        let url = self.runtime.block_on(self.throwaway.create_database())?;
        self.session(&url)?.execute(LOG)?;
        Ok(url)
    }

    /// A session of the fault's own.
    pub(super) fn session(&self, url: &str) -> Outcome<Session<'_>> {
        let client = self.runtime.block_on(async {
            let (client, connection) = tokio_postgres::connect(url, NoTls).await?;
            tokio::spawn(connection);
            Ok::<_, tokio_postgres::Error>(client)
        })?;
        Ok(Session {
            client,
            runtime: &self.runtime,
            patience: self.patience,
        })
    }
}

/// A session on a database.
pub(super) struct Session<'s> {
    client: Client,
    runtime: &'s Runtime,
    patience: Duration,
}

impl Session<'_> {
    pub(super) fn client(&self) -> &Client {
        &self.client
    }

    pub(super) fn block_on<T>(&self, future: impl Future<Output = T>) -> T {
        self.runtime.block_on(future)
    }

    /// Runs statements.
    pub(super) fn execute(&self, sql: &str) -> Outcome<()> {
        let done = self.runtime.block_on(self.client.batch_execute(sql));
        done.map_err(|error| format!("{sql}: {}", described(&error)).into())
    }

    /// The rows of a query.
    pub(super) fn rows(&self, sql: &str) -> Outcome<Vec<Row>> {
        let answer = self.runtime.block_on(self.client.simple_query(sql));
        let answer = answer.map_err(|error| format!("{sql}: {}", described(&error)))?;
        let row = |message: SimpleQueryMessage| {
            let SimpleQueryMessage::Row(row) = message else {
                return None;
            };
            let cell = |index| row.get(index).unwrap_or_default().to_owned();
            Some((0..row.len()).map(cell).collect())
        };
        Ok(answer.into_iter().filter_map(row).collect())
    }

    /// Waits until a query has no row, or has one: what is looked for, and what is there.
    pub(super) fn wait_until(&self, wanted: Wanted, sql: &str) -> Outcome<()> {
        let started = Instant::now();
        loop {
            let rows = self.rows(sql)?;
            if rows.is_empty() == (wanted == Wanted::Nothing) {
                return Ok(());
            }
            if started.elapsed() > self.patience {
                return Err(format!("{sql}: after long waiting there is {rows:?}").into());
            }
            std::thread::sleep(Duration::from_millis(3));
        }
    }
}

/// What a query is to find.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wanted {
    Nothing,
    Something,
}

fn described(error: &tokio_postgres::Error) -> String {
    match error.as_db_error() {
        Some(said) => said.message().to_owned(),
        None => error.to_string(),
    }
}
