//! A test's database, as long as the value lives.

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

/// A migrated database that nobody else has. It is dropped, and what sessions it still has
/// end, at the end of a test that has it by the attribute; with the value if it is a function's.
pub struct TestDatabase {
    name: String,
    settings: Settings,
    url: String,
    handed_out_in: Duration,
    /// None for the attribute's tests, where the harness has it.
    owner: Option<Owner>,
}

/// A database, until it is dropped, and the session that holds its lock.
#[derive(Debug)]
pub(super) struct Owner {
    name: Name,
    /// None when it is dropped.
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

    /// The value with what drops the database.
    pub(super) fn owning(mut self, owner: Owner) -> Self {
        self.owner = Some(owner);
        self
    }

    /// The database's URL, with the password if there is one, for any library.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The same as settings for [`connect`](crate::connect()).
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

    /// How long it took to have the database.
    #[must_use]
    pub fn handed_out_in(&self) -> Duration {
        self.handed_out_in
    }
}

/// Without the password.
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
            // A session that failed is closed, by which others know whose database is left.
            if session.give_back(&name).await.is_ok() {
                session.keep();
            }
            // Nobody waits any more if it took too long.
            let _ = done.send(());
        });
        let _ = wait.recv_timeout(PATIENCE);
    }
}
