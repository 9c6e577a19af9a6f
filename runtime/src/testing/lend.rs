//! Lends a migrated database to a command, as a test gets one: for `migrator with`.
//!
//! The template, the names and the janitor are those of the tests. A process lends databases of one
//! server.

use std::env;

use migrator_connect::Settings;
use migrator_model::Registry;
use migrator_plan::Selection;

use super::create::{self, Care};
use super::database::TestDatabase;
use super::error::Error;
use super::janitor;
use super::server::Server;
use super::template::Content;

/// Lends databases on a server.
#[derive(Debug)]
pub struct Lender(Server);

/// A migrated database, which is dropped with this value.
#[derive(Debug)]
pub struct Lent {
    // The database is dropped before the server is left.
    database: TestDatabase,
    _server: Server,
}

impl Lender {
    /// Whether this process was started as a janitor; then call [`Lender::attend`], and end.
    #[must_use]
    pub fn is_janitor() -> bool {
        janitor::is_this_process()
    }

    /// Lends databases on this server, beside the database of the settings.
    #[must_use]
    pub fn on(server: Settings) -> Lender {
        Lender(Server::of_user(server))
    }

    /// Lends databases on the temporary server that the tests use. Blocks while the server starts.
    ///
    /// # Errors
    ///
    /// The server cannot start.
    pub fn on_shared_server() -> Result<Lender, Error> {
        Ok(Lender(Server::shared()?))
    }

    /// Drops the databases of killed processes, and at last the templates.
    ///
    /// # Errors
    ///
    /// The server refuses.
    pub async fn attend(&self) -> Result<(), Error> {
        janitor::attend(&self.0.settings).await
    }

    /// Creates a database with the migrations of these services and of those that they need. If the
    /// server needs a janitor, starts this binary again with the same arguments.
    ///
    /// # Errors
    ///
    /// The server refuses, or a migration fails.
    pub async fn lend(
        self,
        registry: &'static Registry,
        services: Selection,
        schema: &str,
    ) -> Result<Lent, Error> {
        let content = Content {
            registry,
            services,
            schema: schema.to_owned(),
        };
        let (database, owner, care) = create::hand_out(&self.0, content).await?;
        if care == Care::Wanted {
            janitor::start(env::args_os().skip(1));
        }
        Ok(Lent {
            database: database.owning(owner),
            _server: self.0,
        })
    }
}

impl Lent {
    /// The database.
    #[must_use]
    pub fn database(&self) -> &TestDatabase {
        &self.database
    }
}
