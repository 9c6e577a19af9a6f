//! A connection to the database that is migrated, and the way to open another.

use crate::connect::{self, ConnectError, Connection, Notice, Settings};

/// An open connection that knows how it was opened.
#[derive(Debug)]
pub struct Client {
    connection: Connection,
    settings: Settings,
}

/// Connects to a database.
///
/// # Errors
///
/// See [`ConnectError`].
pub async fn connect(settings: Settings) -> Result<Client, ConnectError> {
    let connection = connect::open(&settings).await?;
    Ok(Client {
        connection,
        settings,
    })
}

impl Client {
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
        connect::open(&settings).await
    }

    /// Opens the connection again, after it was lost; what was set in its session
    /// is lost.
    ///
    /// # Errors
    ///
    /// See [`ConnectError`].
    pub async fn reconnect(&mut self) -> Result<(), ConnectError> {
        // Boxed: it is some 20 kB, which every caller's future would hold.
        self.connection = Box::pin(connect::open(&self.settings)).await?;
        Ok(())
    }

    /// What the server said unasked since the last call.
    pub(crate) fn take_notices(&self) -> Vec<Notice> {
        self.connection.notices.take()
    }

    /// Why the connection was lost, if it was.
    pub(crate) fn lost(&self) -> Option<String> {
        self.connection.lost()
    }
}
