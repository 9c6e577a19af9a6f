//! What users call. How a run goes is in [`run`](crate::run).

use std::collections::BTreeSet;

use migrator_model::Registry;
use migrator_model::file_name::Direction;
use migrator_plan::Plan;
use migrator_plan::Status;
use migrator_plan::{Selection, Target};
use tokio_postgres::error::{DbError, Severity};

use crate::client::Client;
use crate::error::{Error, ErrorKind};
use crate::event::{Event, Listener};
use crate::history::guard::{self, Purpose};
use crate::history::read::{self, ReadError, Reader};
use crate::history::schema::Tables;
use crate::history::write;
use crate::history::{History, RecordedMigration};
use crate::lock::{self, Held, Locks, Seen, Taking};
use crate::options::Options;
use crate::report::Report;
use crate::run::Order;
use crate::source::describe;
use crate::stop::{Stop, Stopped};

/// Applies and reverts the migrations of a registry.
///
/// A run takes back what was set in its session, the role too, before the first
/// script and after each.
///
/// A script and its entry are committed together or not at all. So a script that
/// ends its transaction (COMMIT, ROLLBACK, PREPARE TRANSACTION) is refused before
/// anything of it is sent, and so is one that exchanges data with the client
/// (COPY … FROM STDIN, COPY … TO STDOUT), of which there are none. One that opens
/// with `-- migrator: no-transaction` may have transactions of its own.
pub struct Migrator {
    pub(crate) registry: &'static Registry,
    pub(crate) options: Options,
    pub(crate) tables: Tables,
    pub(crate) listener: Option<Listener>,
    pub(crate) stop: Stop,
}

impl Migrator {
    /// A migrator with the default options.
    #[must_use]
    pub fn new(registry: &'static Registry) -> Migrator {
        Migrator::with_options(registry, Options::default())
    }

    /// A migrator with options of its own.
    #[must_use]
    pub fn with_options(registry: &'static Registry, options: Options) -> Migrator {
        Migrator {
            registry,
            tables: Tables::new(&options.schema),
            options,
            listener: None,
            stop: Stop::new(),
        }
    }

    /// Has every [`Event`] told to `listener` as it happens.
    #[must_use]
    pub fn on_event(mut self, listener: impl FnMut(&Event<'_>) + Send + 'static) -> Migrator {
        self.listener = Some(Listener::new(listener));
        self
    }

    /// Has its runs stopped by `stop`, which may stop others' too.
    #[must_use]
    pub fn stopped_by(mut self, stop: &Stop) -> Migrator {
        self.stop = stop.clone();
        self
    }

    /// What stops its runs, this one and all later ones.
    #[must_use]
    pub fn stop(&self) -> Stop {
        self.stop.clone()
    }

    /// The registry it was made with.
    #[must_use]
    pub fn registry(&self) -> &'static Registry {
        self.registry
    }

    /// The options it was made with.
    #[must_use]
    pub fn options(&self) -> &Options {
        &self.options
    }

    /// Applies what is pending, in plan order. With nothing pending it takes no
    /// lock and writes nothing.
    ///
    /// To end it before its time, use [`Migrator::stop`]. If its future is dropped
    /// instead, a task is left behind that has the server cancel what is under way and
    /// then ends the client's session: [`Client::reconnect`] opens it again.
    ///
    /// # Errors
    ///
    /// See [`ErrorKind`]; the error carries the report of what was done before.
    pub async fn up(&mut self, client: &mut Client, target: Target) -> Result<Report, Error> {
        let order = Order {
            client,
            direction: Direction::Up,
            target: &target,
        };
        self.run(order).await
    }

    /// Reverts what is applied, newest first.
    ///
    /// # Errors
    ///
    /// As [`Migrator::up`].
    pub async fn down(&mut self, client: &mut Client, target: Target) -> Result<Report, Error> {
        let order = Order {
            client,
            direction: Direction::Down,
            target: &target,
        };
        self.run(order).await
    }

    /// What a run would do at this moment; of what another run is at outside a
    /// transaction, what it would do when that is done.
    ///
    /// # Errors
    ///
    /// Everything that keeps the run from starting.
    pub async fn plan(
        &self,
        client: &Client,
        direction: Direction,
        target: &Target,
    ) -> Result<Plan<'static>, Error> {
        let order = Order {
            client,
            direction,
            target,
        };
        let (history, at_work) = self.looked(client).await?;
        self.check_target(order, &history)?;
        let (history, notes) = history.when_done(&at_work);
        let plan = self.make_plan(&history, order);
        let mut plan = plan.map_err(ErrorKind::Refused)?;
        plan.notes.extend(notes);
        Ok(plan)
    }

    /// How the database stands to the registry.
    ///
    /// # Errors
    ///
    /// A service is not known, or the history cannot be read.
    pub async fn status(&self, client: &Client, services: &Selection) -> Result<Status, Error> {
        let (history, at_work) = self.looked(client).await?;
        self.check_names(services, &history)?;
        Ok(Status::seen(self.registry, &history, services, &at_work))
    }

    /// Reads the history; a database without one has an empty one.
    ///
    /// # Errors
    ///
    /// It cannot be read, or is of a format that this version does not know.
    pub async fn history(&self, client: &Client) -> Result<History, Error> {
        self.history_to(Purpose::Look, client).await
    }

    /// Reads the history for a purpose.
    pub(crate) async fn history_to(
        &self,
        purpose: Purpose,
        client: &Client,
    ) -> Result<History, Error> {
        let read = async {
            let read = read::history(&self.reader(client, purpose)).await;
            read.map_err(|error| read_failed(client, READING, error))
        };
        Ok(self.stop.read(client, read).await?)
    }

    /// Reads how each entry of the history came about, in the order in which the
    /// migrations were applied.
    ///
    /// # Errors
    ///
    /// As [`Migrator::history`].
    pub async fn recorded(&self, client: &Client) -> Result<Vec<RecordedMigration>, Error> {
        let read = async {
            let read = read::recorded(&self.reader(client, Purpose::Act)).await;
            read.map_err(|error| read_failed(client, READING, error))
        };
        Ok(self.stop.read(client, read).await?)
    }

    /// Reads the history for a purpose over a client's session. A read waits for a lock as long
    /// as a script does, and says who holds that lock.
    pub(crate) fn reader<'a>(&'a self, client: &'a Client, purpose: Purpose) -> Reader<'a> {
        let reader = Reader::new(client, &self.tables, &self.options, purpose);
        reader.told_to(self.listener.as_ref())
    }

    /// The history, and the services that a run is changing.
    async fn looked(&self, client: &Client) -> Result<(History, BTreeSet<String>), ErrorKind> {
        let looked = async {
            let reader = self.reader(client, Purpose::Look);
            let looked = self.history_and_work(&reader).await;
            looked.map_err(|error| read_failed(client, READING, error))
        };
        self.stop.read(client, looked).await
    }

    pub(crate) async fn lock(
        &self,
        client: &Client,
        locks: &Locks,
    ) -> Result<(Held, Seen), ErrorKind> {
        let taking = Taking {
            tables: &self.tables,
            options: &self.options,
            listener: self.listener.as_ref(),
        };
        // Given up, its connection closes, and the locks go with it.
        let locked = Box::pin(lock::acquire(client, locks, taking));
        let locked = self.stop.unless_stopped(locked).await;
        locked.ok_or_else(|| ErrorKind::Stopped(Stopped::default()))?
    }

    /// Every service named is in the registry, or at least in this history.
    pub(crate) fn check_names(&self, services: &Selection, history: &History) -> Result<(), Error> {
        let Selection::Named(names) = services else {
            return Ok(());
        };
        let mut unrecorded = names.iter().filter(|name| history.newest(name).is_none());
        let checked = unrecorded.try_for_each(|name| self.registry.service(name).map(drop));
        Ok(checked.map_err(ErrorKind::from)?)
    }
}

/// What most reads do.
pub(crate) const READING: &str = "reading the history";

pub(crate) fn read_failed(client: &Client, doing: &str, error: ReadError) -> ErrorKind {
    let doing = doing.to_owned();
    match error {
        ReadError::Format(format) => ErrorKind::Format(format),
        ReadError::Row(row) => ErrorKind::History {
            doing,
            why: format!("this entry of the history is malformed: {row}"),
            sqlstate: None,
            blockers: Vec::new(),
        },
        ReadError::Postgres { error, blockers } => failed(client, doing, &error).behind(blockers),
    }
}

/// A query of ours failed: the server said why, or the connection is gone.
pub(crate) fn failed(client: &Client, doing: String, error: &tokio_postgres::Error) -> ErrorKind {
    let said = error.as_db_error().filter(|said| !ends_the_session(said));
    if let Some(conflicts) = said.and_then(guard::conflicts) {
        return ErrorKind::Refused(conflicts);
    }
    match (said, client.postgres().is_closed()) {
        (Some(said), false) => ErrorKind::History {
            doing,
            why: guard::raised(said).unwrap_or(said.message()).to_owned(),
            sqlstate: Some(said.code().code().to_owned()),
            blockers: Vec::new(),
        },
        _ => ErrorKind::Connection {
            doing,
            why: client.lost().unwrap_or_else(|| describe(error)),
        },
    }
}

/// What a message that writes under a lock, behind its check, failed of.
pub(crate) fn write_failed(
    client: &Client,
    held: &Held,
    error: &tokio_postgres::Error,
) -> ErrorKind {
    let doing = "writing the history".to_owned();
    match error.as_db_error().and_then(write::gone) {
        Some(_) => ErrorKind::LockLost {
            doing,
            why: held.why_lost(),
        },
        None => failed(client, doing, error),
    }
}

/// Whether the server ended the session with this error, as when it shuts down; it
/// may be a moment before the connection is seen to be closed.
fn ends_the_session(said: &DbError) -> bool {
    matches!(
        said.parsed_severity(),
        Some(Severity::Fatal | Severity::Panic)
    )
}
