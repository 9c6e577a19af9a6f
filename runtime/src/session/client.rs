//! A connection to the database that is migrated, and how to open another one.

use std::mem;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::FutureExt as _;
use migrator_connect::{
    Cancel, ConnectError, Connection, Creation, NoticeBatch, Notices, Refusal, SHORTAGE, Settings,
    create_database, open_when_up, open_with_retry,
};
use tokio::task::{AbortHandle, JoinHandle};
use tokio_postgres::SimpleQueryStream;

use crate::session::text::Text;
use crate::session::timeouts::Limits;

/// An open connection that keeps the settings it was opened with.
#[derive(Debug)]
pub struct Client {
    connection: Connection,
    settings: Settings,
    /// The timeouts of the role, the database and the server, as found at the start of the run.
    limits: Mutex<Limits>,
    /// Whether the server can check a script from a message, as found at the start of the run.
    checks_scripts: AtomicBool,
    /// The release of the locks of the last run, for which that run did not wait.
    release: Mutex<Option<JoinHandle<()>>>,
}

/// Connects to a database. While the server has no connection left, retries for 5 seconds.
///
/// # Errors
///
/// See [`ConnectError`].
pub async fn connect(settings: Settings) -> Result<Client, ConnectError> {
    let connection = open_with_retry(&settings, SHORTAGE).await?;
    Ok(Client::new(connection, settings))
}

/// Connects to a database, and waits up to `timeout` for a server that is down or starting.
///
/// Does not interrupt an attempt that is running when the time is over: `connect_timeout` limits
/// each attempt.
///
/// # Errors
///
/// Returns an error that waiting cannot solve at once (see [`ConnectError::is_transient`]), and
/// any other error when the time is over.
pub async fn connect_within(settings: Settings, timeout: Duration) -> Result<Client, ConnectError> {
    let connection = open_when_up(&settings, timeout).await?;
    Ok(Client::new(connection, settings))
}

/// Connects to a database. If the database does not exist, creates it and connects to it.
///
/// # Errors
///
/// See [`ConnectError`]. If the role may not create databases, the error is
/// [`Refusal::NotCreated`].
pub async fn connect_or_create(settings: Settings) -> Result<(Client, Creation), ConnectError> {
    let opened = connect(settings.clone()).await;
    let is_missing = |error: &ConnectError| {
        matches!(
            error,
            ConnectError::Refused {
                reason: Refusal::NoDatabase { .. },
                ..
            }
        )
    };
    match opened {
        Err(error) if is_missing(&error) => {
            let creation = create_database(&settings).await?;
            Ok((connect(settings).await?, creation))
        }
        opened => Ok((opened?, Creation::Existed)),
    }
}

impl Client {
    fn new(connection: Connection, settings: Settings) -> Client {
        Client {
            connection,
            settings,
            limits: Mutex::default(),
            checks_scripts: AtomicBool::default(),
            release: Mutex::default(),
        }
    }

    /// A client over a connection that the caller has opened, and whose task the caller runs.
    /// `settings` name the same database with the same role; from them the run opens its other
    /// connections, such as the one that holds its locks, unless the options ask for a
    /// [single connection](crate::Options::single_connection).
    ///
    /// ```no_run
    /// use migrator_runtime::tokio_postgres::{self, NoTls};
    /// use migrator_runtime::{Client, Settings};
    ///
    /// # async fn open() -> Result<(), Box<dyn std::error::Error>> {
    /// let url = "postgresql://app@localhost/shop";
    /// let (postgres, connection) = tokio_postgres::connect(url, NoTls).await?;
    /// tokio::spawn(connection);
    /// let client = Client::from_parts(postgres, Settings::parse(url)?)?;
    /// # let _ = client;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// Compared with [`connect`]:
    ///
    /// - A run resets the session, so settings, roles, temporary tables, cursors, LISTEN and
    ///   advisory locks of the caller are gone.
    /// - The caller's task gets the notices of the server. The run reports no notices, and does not
    ///   notice a commit that no standby has confirmed, unless the task passes them to
    ///   [`Client::notices`].
    /// - The connection has only the keepalives that the caller has set.
    /// - A long script is copied before it is sent.
    /// - If the server answers no request to cancel, the run cannot end the session: drop the
    ///   client.
    /// - If `settings` name another database, no step is applied: each fails with M0528.
    ///
    /// After [`Client::reconnect`], the connection is one of `settings`.
    ///
    /// # Errors
    ///
    /// The settings ask for TLS, and it cannot be prepared.
    pub fn from_parts(
        postgres: tokio_postgres::Client,
        settings: Settings,
    ) -> Result<Client, ConnectError> {
        let connection = Connection::of_client(postgres, &settings)?;
        Ok(Client::new(connection, settings))
    }

    /// The notices that the run reports. The task of a connection that the caller runs may add
    /// notices.
    #[must_use]
    pub fn notices(&self) -> Notices {
        self.connection.notices.clone()
    }

    /// The connection itself, for the caller's own queries.
    #[must_use]
    pub fn postgres(&self) -> &tokio_postgres::Client {
        &self.connection.client
    }

    /// The URL of the database, without the password.
    #[must_use]
    pub fn target(&self) -> String {
        self.settings.display_target()
    }

    /// The database's name.
    #[must_use]
    pub fn database(&self) -> &str {
        self.settings.database()
    }

    /// Ends the session. Waits until the last run has released its locks.
    pub async fn close(self) {
        self.released().await;
        self.connection.close().await;
    }

    /// Releases the locks of a run in the background.
    pub(crate) async fn release_behind(&self, release: impl Future<Output = ()> + Send + 'static) {
        self.released().await;
        // Boxed: it is polled here and then in a task.
        let mut release = Box::pin(release);
        // The first poll sends the message.
        if (&mut release).now_or_never().is_none() {
            *self.pending_release() = Some(tokio::spawn(release));
            // On a current-thread runtime, the connection's task writes the message now.
            tokio::task::yield_now().await;
        }
    }

    /// Waits until the last run has released its locks.
    pub(crate) async fn released(&self) {
        let release = self.pending_release().take();
        if let Some(release) = release {
            // It fails if the runtime ends.
            let _ = release.await;
        }
    }

    fn pending_release(&self) -> MutexGuard<'_, Option<JoinHandle<()>>> {
        self.release.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The settings of another connection to the same database.
    pub(crate) fn settings_as(&self, application: &str) -> Settings {
        let mut settings = self.settings.clone();
        settings.application_name(application);
        settings
    }

    /// Opens another connection to the same database.
    pub(crate) async fn sibling(&self, application: &str) -> Result<Connection, ConnectError> {
        migrator_connect::open(&self.settings_as(application)).await
    }

    /// Opens another connection to the same database. While the server has no connection
    /// left, retries for up to `shortage`.
    pub(crate) async fn sibling_within(
        &self,
        application: &str,
        shortage: Duration,
    ) -> Result<Connection, ConnectError> {
        open_with_retry(&self.settings_as(application), shortage).await
    }

    /// Opens another client for the same database, with everything that this one can do.
    pub(crate) async fn another(&self, application: &str) -> Result<Client, ConnectError> {
        Ok(Client {
            connection: self.sibling(application).await?,
            settings: self.settings.clone(),
            limits: Mutex::new(self.limits()),
            checks_scripts: AtomicBool::new(self.checks_scripts()),
            release: Mutex::default(),
        })
    }

    /// Opens the connection again, after it was lost or when it does not answer. The settings of
    /// the old session are lost.
    ///
    /// # Errors
    ///
    /// See [`ConnectError`]; the client then keeps its old connection.
    pub async fn reconnect(&mut self) -> Result<(), ConnectError> {
        // Boxed: otherwise each caller's future would hold its 20 kB.
        let new = Box::pin(migrator_connect::open(&self.settings)).await?;
        mem::replace(&mut self.connection, new).abandon();
        Ok(())
    }

    /// Stores the timeouts that end sessions on this server.
    pub(crate) fn note(&self, limits: Limits) {
        *self.limits.lock().unwrap_or_else(PoisonError::into_inner) = limits;
    }

    /// The timeouts that end sessions on this server, as far as known.
    pub(crate) fn limits(&self) -> Limits {
        *self.limits.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Stores whether the server can check a script from a message.
    pub(crate) fn note_checks_scripts(&self, checks_scripts: bool) {
        self.checks_scripts.store(checks_scripts, Ordering::Relaxed);
    }

    /// Whether the server is known to check a script from a message.
    pub(crate) fn checks_scripts(&self) -> bool {
        self.checks_scripts.load(Ordering::Relaxed)
    }

    /// The notices and warnings of the server since the last call.
    pub(crate) fn take_notices(&self) -> NoticeBatch {
        self.connection.notices.take()
    }

    /// Whether, among the notices not yet taken, the server has warned that a COMMIT is durable
    /// only locally.
    pub(crate) fn has_local_commit(&self) -> bool {
        self.connection.notices.has_local_commit()
    }

    /// Sends a text as a simple query, and does not copy its long scripts.
    pub(super) async fn query_in_pieces(
        &self,
        text: &Text,
    ) -> Result<SimpleQueryStream, tokio_postgres::Error> {
        self.connection.query_in_pieces(&text.pieces()).await
    }

    /// Ends the transaction, if there is one, by these statements. Drops the warning that there
    /// was none.
    pub(crate) async fn roll_back(&self, statements: &str) -> Result<(), tokio_postgres::Error> {
        let before = self.connection.notices.arrived();
        let ended = self.postgres().batch_execute(statements).await;
        self.connection.notices.forget_no_transaction(before);
        ended
    }

    /// Ends the session without waiting for the server, unless the caller drives the connection.
    pub(crate) fn abort(&self) {
        if let Some(driver) = self.driver() {
            driver.abort();
        }
    }

    /// A handle that ends the session without waiting for the server; `None` if the caller drives
    /// the connection.
    pub(crate) fn driver(&self) -> Option<AbortHandle> {
        self.connection.abort_handle()
    }

    /// A handle that cancels the session's current query.
    pub(crate) fn cancel(&self) -> &Cancel {
        &self.connection.cancel
    }

    /// Why the connection was lost, if it was.
    pub(crate) fn lost(&self) -> Option<String> {
        self.connection.lost()
    }
}
