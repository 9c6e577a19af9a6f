//! A server, and direct queries to it.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use migrator_localpg::{Programs, Throwaway};
use tokio::runtime::Runtime;
use tokio_postgres::{Client, NoTls, SimpleQueryMessage};

use super::Outcome;
use super::tree::LOG;

/// The time limit for everything that must happen.
pub(super) const PATIENCE: Duration = Duration::from_secs(60);

/// Settings that separate commits that a crash may lose from those that it must not: some wait
/// for the disk, and the others are written late.
const DURABLE: [(&str, &str); 6] = [
    ("fsync", "on"),
    ("synchronous_commit", "on"),
    ("full_page_writes", "on"),
    ("wal_writer_delay", "10s"),
    ("wal_writer_flush_after", "1GB"),
    ("wal_buffers", "16MB"),
];

/// A server of this process.
pub(super) struct Server {
    pub(super) throwaway: Throwaway,
    runtime: Runtime,
    /// The time limit of a wait.
    pub(super) patience: Duration,
}

/// A row, with a text for each column.
pub(super) type Row = Vec<String>;

impl Server {
    /// A fast server that does not wait for its disk.
    pub(super) fn quick() -> Outcome<Server> {
        Self::with(&[])
    }

    /// A server that keeps every commit that waited for its disk.
    pub(super) fn durable() -> Outcome<Server> {
        Self::with(&DURABLE)
    }

    /// A server with few connections. A run uses two or more.
    pub(super) fn small() -> Outcome<Server> {
        Self::with(&[("max_connections", "12")])
    }

    /// A durable server with further settings.
    pub(super) fn replicated(settings: &[(&str, &str)]) -> Outcome<Server> {
        Self::with(&[&DURABLE[..], settings].concat())
    }

    /// The same on a copy of another server's data.
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

    /// The folder of its socket.
    pub(super) fn socket(&self) -> PathBuf {
        self.throwaway.folder().join(".s.PGSQL.5432")
    }

    /// Creates a database that has only the log, and returns its URL.
    pub(super) fn database(&self) -> Outcome<String> {
        let url = self.runtime.block_on(self.throwaway.create_database())?;
        self.session(&url)?.execute(LOG)?;
        Ok(url)
    }

    /// A session for the fault itself.
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

    /// Returns the rows of a query.
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

    /// Waits until a query returns a row, or none.
    pub(super) fn wait_until(&self, wanted: Wanted, sql: &str) -> Outcome<()> {
        let started = Instant::now();
        loop {
            let rows = self.rows(sql)?;
            if rows.is_empty() == (wanted == Wanted::Nothing) {
                return Ok(());
            }
            if started.elapsed() > self.patience {
                return Err(
                    format!("{sql}: after {:?} the rows are {rows:?}", self.patience).into(),
                );
            }
            std::thread::sleep(Duration::from_millis(3));
        }
    }
}

/// Whether the query must return a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wanted {
    Nothing,
    Something,
}

fn described(error: &tokio_postgres::Error) -> String {
    match error.as_db_error() {
        Some(db_error) => db_error.message().to_owned(),
        None => error.to_string(),
    }
}
