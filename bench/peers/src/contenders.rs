//! The programs that are compared. Each runs the same scripts over one connection. The connection of
//! a library is open before the clock starts.

use std::borrow::Cow;
use std::error::Error;
use std::num::NonZeroUsize;
use std::time::{Duration, Instant};

use diesel::{Connection, PgConnection};
use diesel_migrations::{
    EmbeddedMigration, EmbeddedMigrations, EmbeddedName, MigrationHarness, TomlMetadataWrapper,
};
use migrator_model::Registry;
use migrator_runtime::{Migrator, Options, Settings, Target, connect};
use sqlx::migrate::MigrationType;
use tokio_postgres::NoTls;

use crate::commands;
use crate::scripts::Scripts;

pub(crate) type Outcome<T> = Result<T, Box<dyn Error>>;

/// A program that runs the scripts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Contender {
    Migrator,
    /// With this number of connections, and the migrations in as many services.
    SideBySide(usize),
    /// With the time to connect, as for `psql`.
    Connecting,
    Diesel,
    Sqlx,
    Refinery,
    Dbmate,
    Pgmt,
    /// A transaction for each migration, without a history.
    Transactions,
    /// All migrations in one message and one transaction, without a history.
    OneMessage,
    /// A message and a transaction for each migration.
    PsqlTransactions,
    /// All migrations in one message and one transaction.
    PsqlOneMessage,
}

/// The part of the work that is timed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Work {
    Up,
    Down,
}

impl Contender {
    pub(crate) const ALL: [Contender; 13] = [
        Contender::Migrator,
        Contender::SideBySide(2),
        Contender::SideBySide(4),
        Contender::Connecting,
        Contender::Diesel,
        Contender::Sqlx,
        Contender::Refinery,
        Contender::Dbmate,
        Contender::Pgmt,
        Contender::Transactions,
        Contender::OneMessage,
        Contender::PsqlTransactions,
        Contender::PsqlOneMessage,
    ];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Contender::Migrator => "migrator",
            Contender::SideBySide(2) => "migrator --jobs 2",
            Contender::SideBySide(_) => "migrator --jobs 4",
            Contender::Connecting => "migrator, connecting",
            Contender::Diesel => "diesel",
            Contender::Sqlx => "sqlx",
            Contender::Refinery => "refinery",
            Contender::Dbmate => "dbmate (command)",
            Contender::Pgmt => "pgmt (command)",
            Contender::Transactions => "a transaction each",
            Contender::OneMessage => "one message",
            Contender::PsqlTransactions => "psql, each (command)",
            Contender::PsqlOneMessage => "psql, one message (command)",
        }
    }

    /// The number of services that contain the migrations.
    pub(crate) fn services(self) -> usize {
        match self {
            Contender::SideBySide(jobs) => jobs * 2,
            _ => 1,
        }
    }

    /// Whether the program keeps a history.
    pub(crate) fn has_history(self) -> bool {
        self.is_peer() || self.is_own()
    }

    /// Whether the program is migrator.
    pub(crate) fn is_own(self) -> bool {
        matches!(
            self,
            Contender::Migrator | Contender::SideBySide(_) | Contender::Connecting
        )
    }

    /// Whether the program is another migration library or command.
    pub(crate) fn is_peer(self) -> bool {
        self.package().is_some() || matches!(self, Contender::Dbmate | Contender::Pgmt)
    }

    /// The package that has the library.
    pub(crate) fn package(self) -> Option<&'static str> {
        match self {
            Contender::Diesel => Some("diesel_migrations"),
            Contender::Sqlx => Some("sqlx"),
            Contender::Refinery => Some("refinery"),
            _ => None,
        }
    }

    /// The name of the command.
    pub(crate) fn command(self) -> Option<&'static str> {
        match self {
            Contender::Dbmate => Some("dbmate"),
            Contender::Pgmt => Some("pgmt"),
            Contender::PsqlTransactions | Contender::PsqlOneMessage => Some("psql"),
            _ => None,
        }
    }

    /// Whether the program is a library or an installed command.
    pub(crate) fn is_installed(self) -> bool {
        self.command()
            .is_none_or(|name| commands::version(name).is_some())
    }

    /// Whether the program can do this work.
    pub(crate) fn can(self, work: Work) -> bool {
        let is_forward = matches!(self, Contender::Refinery | Contender::Pgmt);
        work == Work::Up || (self.has_history() && !is_forward)
    }

    /// Runs the scripts, and returns how long it took.
    pub(crate) async fn run(
        self,
        url: &str,
        registry: &'static Registry,
        scripts: &[Scripts],
        work: Work,
    ) -> Outcome<Duration> {
        match self {
            Contender::Migrator => migrator(url, registry, work, 1).await,
            Contender::SideBySide(jobs) => migrator(url, registry, work, jobs).await,
            Contender::Connecting => {
                let started = Instant::now();
                migrator(url, registry, work, 1).await?;
                Ok(started.elapsed())
            }
            Contender::PsqlTransactions => {
                let each = |script: &Scripts| format!("BEGIN\\;\n{}COMMIT;\n", joined(script.up));
                commands::psql(url, scripts.iter().map(each).collect()).await
            }
            Contender::PsqlOneMessage => {
                let all: String = scripts.iter().map(|script| joined(script.up)).collect();
                commands::psql(url, format!("BEGIN\\;\n{all}COMMIT;\n")).await
            }
            Contender::Dbmate => commands::dbmate(url, scripts, work).await,
            Contender::Pgmt => commands::pgmt(url, scripts).await,
            Contender::Diesel => {
                let (url, scripts) = (url.to_owned(), scripts.to_vec());
                tokio::task::spawn_blocking(move || diesel(&url, &scripts, work).map_err(text))
                    .await?
                    .map_err(Into::into)
            }
            Contender::Sqlx => sqlx_run(url, scripts, work).await,
            Contender::Refinery => refinery_run(url, scripts).await,
            Contender::Transactions => plain(url, scripts, "BEGIN;", "COMMIT;").await,
            Contender::OneMessage => {
                let all: Vec<&str> = scripts.iter().map(|script| script.up).collect();
                let one = Scripts {
                    version: 0,
                    up: all.concat().leak(),
                    down: "",
                };
                plain(url, &[one], "BEGIN;", "COMMIT;").await
            }
        }
    }
}

fn text(error: Box<dyn Error>) -> String {
    error.to_string()
}

/// The statements of a script as parts of one message (psql's manual, on `\\;`).
fn joined(script: &str) -> String {
    script.replace(";\n", "\\;\n")
}

async fn migrator(
    url: &str,
    registry: &'static Registry,
    work: Work,
    jobs: usize,
) -> Outcome<Duration> {
    let mut client = connect(Settings::parse(url)?).await?;
    let options = Options::default().jobs(NonZeroUsize::new(jobs).ok_or("a connection at least")?);
    let started = Instant::now();
    let mut migrator = Migrator::with_options(registry, options);
    match work {
        Work::Up => migrator.up(&mut client, Target::all()).await?,
        Work::Down => migrator.down(&mut client, Target::all()).await?,
    };
    let elapsed = started.elapsed();
    // The proxy would count the end of the run's sessions for the next one.
    client.close().await;
    Ok(elapsed)
}

fn diesel(url: &str, scripts: &[Scripts], work: Work) -> Outcome<Duration> {
    let mut connection = PgConnection::establish(url)?;
    let migrations: Vec<EmbeddedMigration> = scripts
        .iter()
        .map(|script| {
            let name: &'static str = format!("{}_t", script.version).leak();
            EmbeddedMigration::new(
                script.up,
                Some(script.down),
                EmbeddedName::new(name),
                TomlMetadataWrapper::new(true),
            )
        })
        .collect();
    let source = EmbeddedMigrations::new(migrations.leak());
    let started = Instant::now();
    let done = match work {
        Work::Up => connection.run_pending_migrations(source).map(|_| ()),
        Work::Down => connection.revert_all_migrations(source).map(|_| ()),
    };
    done.map_err(|error| error.to_string())?;
    Ok(started.elapsed())
}

async fn sqlx_run(url: &str, scripts: &[Scripts], work: Work) -> Outcome<Duration> {
    use sqlx::Connection as _;
    let mut connection = sqlx::PgConnection::connect(url).await?;
    let migration = |script: &Scripts, kind, sql| {
        sqlx::migrate::Migration::new(
            script.version,
            Cow::Borrowed("t"),
            kind,
            sqlx::SqlStr::from_static(sql),
            false,
        )
    };
    let both = scripts.iter().flat_map(|script| {
        [
            migration(script, MigrationType::ReversibleUp, script.up),
            migration(script, MigrationType::ReversibleDown, script.down),
        ]
    });
    let migrator = sqlx::migrate::Migrator {
        migrations: Cow::Owned(both.collect()),
        ..sqlx::migrate::Migrator::DEFAULT
    };
    let started = Instant::now();
    match work {
        Work::Up => migrator.run_direct(None, &mut connection, false).await?,
        Work::Down => migrator.undo(&mut connection, 0).await?,
    }
    Ok(started.elapsed())
}

async fn refinery_run(url: &str, scripts: &[Scripts]) -> Outcome<Duration> {
    let mut client = session(url).await?;
    let migrations: Result<Vec<_>, _> = scripts
        .iter()
        .map(|script| refinery::Migration::unapplied(&format!("V{}__t", script.version), script.up))
        .collect();
    let runner = refinery::Runner::new(&migrations?);
    let started = Instant::now();
    runner.run_async(&mut client).await?;
    Ok(started.elapsed())
}

async fn plain(url: &str, scripts: &[Scripts], begin: &str, commit: &str) -> Outcome<Duration> {
    let client = session(url).await?;
    let started = Instant::now();
    for script in scripts {
        client
            .batch_execute(&format!("{begin}{}{commit}", script.up))
            .await?;
    }
    Ok(started.elapsed())
}

async fn session(url: &str) -> Outcome<tokio_postgres::Client> {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await?;
    tokio::spawn(connection);
    Ok(client)
}
