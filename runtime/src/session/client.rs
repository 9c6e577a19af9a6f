//! A connection to the database that is migrated, and the way to open another.

use std::mem;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use migrator_connect::{
    Cancel, ConnectError, Connection, Notice, SHORTAGE, Settings, open_when_up, open_with_retry,
};
use tokio::task::AbortHandle;

use crate::session::timeouts::Limits;

/// An open connection that knows how it was opened.
#[derive(Debug)]
pub struct Client {
    connection: Connection,
    settings: Settings,
    /// What was found when the session was made ready.
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
/// An attempt that has begun is not cut short when the time is over: its
/// `connect_timeout` bounds it.
///
/// # Errors
///
/// Returns an error that waiting cannot mend at once (see [`ConnectError::is_transient`]),
/// and any other when the time is over.
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

    /// The connection itself, for queries of the caller's own.
    #[must_use]
    pub fn postgres(&self) -> &tokio_postgres::Client {
        &self.connection.client
    }

    /// Where it is connected to, without any password.
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

    /// Opens another connection to the same database, that can do all that this one can.
    pub(crate) async fn another(&self, application: &str) -> Result<Client, ConnectError> {
        Ok(Client {
            connection: self.sibling(application).await?,
            settings: self.settings.clone(),
            limits: Mutex::new(self.limits()),
        })
    }

    /// Opens the connection again, after it was lost or when it does not answer; what was set
    /// in its session is lost.
    ///
    /// # Errors
    ///
    /// See [`ConnectError`]; the connection is then as it was.
    pub async fn reconnect(&mut self) -> Result<(), ConnectError> {
        // Boxed: it is some 20 kB, which every caller's future would hold.
        let new = Box::pin(migrator_connect::open(&self.settings)).await?;
        mem::replace(&mut self.connection, new).abandon();
        Ok(())
    }

    /// Notes what ends sessions here.
    pub(crate) fn note(&self, limits: Limits) {
        *self.limits.lock().unwrap_or_else(PoisonError::into_inner) = limits;
    }

    /// What ends sessions here, as far as is known.
    pub(crate) fn limits(&self) -> Limits {
        *self.limits.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What the server said unasked since the last call.
    pub(crate) fn take_notices(&self) -> Vec<Notice> {
        self.connection.notices.take()
    }

    /// Whether the server has said that a COMMIT stands on it alone, since notices were
    /// last taken.
    pub(crate) fn has_local_commit(&self) -> bool {
        self.connection.notices.has_local_commit()
    }

    /// Ends the transaction, if there is one, by statements of ours: that there was none
    /// is not told.
    pub(crate) async fn roll_back(&self, statements: &str) -> Result<(), tokio_postgres::Error> {
        let before = self.connection.notices.count();
        let ended = self.postgres().batch_execute(statements).await;
        self.connection.notices.forget_no_transaction(before);
        ended
    }

    /// Ends the session, however it stands.
    pub(crate) fn driver(&self) -> AbortHandle {
        self.connection.abort_handle()
    }

    /// The way to cancel what the session is at.
    pub(crate) fn cancel(&self) -> &Cancel {
        &self.connection.cancel
    }

    /// Why the connection was lost, if it was.
    pub(crate) fn lost(&self) -> Option<String> {
        self.connection.lost()
    }
}
