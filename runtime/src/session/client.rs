//! A connection to the database that is migrated, and how to open another one.

use std::mem;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use migrator_connect::{
    Cancel, ConnectError, Connection, Notice, SHORTAGE, Settings, open_when_up, open_with_retry,
};
use tokio::task::AbortHandle;
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

impl Client {
    fn new(connection: Connection, settings: Settings) -> Client {
        Client {
            connection,
            settings,
            limits: Mutex::default(),
        }
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

    /// Ends the session.
    pub async fn close(self) {
        self.connection.close().await;
    }

    /// Opens another connection to the same database.
    pub(crate) async fn sibling(&self, application: &str) -> Result<Connection, ConnectError> {
        let mut settings = self.settings.clone();
        settings.application_name(application);
        migrator_connect::open(&settings).await
    }

    /// Opens another connection to the same database. While the server has no connection
    /// left, retries for up to `shortage`.
    pub(crate) async fn sibling_within(
        &self,
        application: &str,
        shortage: Duration,
    ) -> Result<Connection, ConnectError> {
        let mut settings = self.settings.clone();
        settings.application_name(application);
        open_with_retry(&settings, shortage).await
    }

    /// Opens another client for the same database, with everything that this one can do.
    pub(crate) async fn another(&self, application: &str) -> Result<Client, ConnectError> {
        Ok(Client {
            connection: self.sibling(application).await?,
            settings: self.settings.clone(),
            limits: Mutex::new(self.limits()),
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

    /// The notices and warnings of the server since the last call.
    pub(crate) fn take_notices(&self) -> Vec<Notice> {
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
        let before = self.connection.notices.count();
        let ended = self.postgres().batch_execute(statements).await;
        self.connection.notices.forget_no_transaction(before);
        ended
    }

    /// Aborts the session without waiting for the server.
    pub(crate) fn driver(&self) -> AbortHandle {
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
