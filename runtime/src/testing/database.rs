//! A test's database, which exists as long as its value.

use std::fmt;
use std::sync::mpsc;
use std::time::Duration;

use migrator_connect::{ConnectError, Settings};

use super::keeper;
use super::name::Name;
use super::session::Session;
use crate::session::client::{Client, connect};

/// How long dropping a value waits for the server.
const PATIENCE: Duration = Duration::from_secs(60);

/// A migrated database for one test alone. With the attribute, it is dropped at the end of the
/// test; otherwise with this value. Dropping it ends the sessions that are still connected.
pub struct TestDatabase {
    name: String,
    settings: Settings,
    url: String,
    handed_out_in: Duration,
    /// `None` for tests with the attribute, where the harness holds the owner.
    owner: Option<Owner>,
}

/// A database that this value drops, and the session that holds the lock of the database.
#[derive(Debug)]
pub(super) struct Owner {
    name: Name,
    /// `None` after the database was dropped.
    session: Option<Session>,
}

impl Owner {
    pub(super) fn new(name: Name, session: Session) -> Self {
        Self {
            name,
            session: Some(session),
        }
    }
}

impl TestDatabase {
    pub(super) fn new(owner: &Owner, server: &Settings, handed_out_in: Duration) -> Self {
        let name = owner.name.text.clone();
        let settings = server.clone().with_new_database(&name);
        Self {
            url: settings.to_url(),
            name,
            settings,
            handed_out_in,
            owner: None,
        }
    }

    /// Makes this value drop the database.
    pub(super) fn owning(mut self, owner: Owner) -> Self {
        self.owner = Some(owner);
        self
    }

    /// The URL of the database for any library; includes the password if there is one.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The settings of the database for [`connect`](crate::connect()).
    #[must_use]
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// The database's name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Opens a connection.
    ///
    /// # Errors
    ///
    /// See [`ConnectError`].
    pub async fn client(&self) -> Result<Client, ConnectError> {
        connect(self.settings.clone()).await
    }

    /// How long it took to create this database.
    #[must_use]
    pub fn handed_out_in(&self) -> Duration {
        self.handed_out_in
    }
}

/// Shows no password.
impl fmt::Debug for TestDatabase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TestDatabase")
            .field("name", &self.name)
            .field("settings", &self.settings)
            .field("handed_out_in", &self.handed_out_in)
            .finish_non_exhaustive()
    }
}

impl Drop for Owner {
    fn drop(&mut self) {
        let (Some(session), Ok(keeper)) = (self.session.take(), keeper::handle()) else {
            return;
        };
        let name = self.name.clone();
        let (done, wait) = mpsc::channel();
        keeper.spawn(async move {
            // If the session failed, it is closed: its lock ends, so that others drop the database.
            if session.give_back(&name).await.is_ok() {
                session.keep();
            }
            // After the time limit nobody waits for the session.
            let _ = done.send(());
        });
        let _ = wait.recv_timeout(PATIENCE);
    }
}
