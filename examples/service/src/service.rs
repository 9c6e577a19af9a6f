//! What the service answers.

use std::sync::OnceLock;
use std::time::Duration;

use migrator_runtime::connect::ConnectError;
use migrator_runtime::{
    Client, DatabaseState, Error, Migrator, Registry, Settings, Target, connect,
};
use tokio::sync::{Mutex, MutexGuard};

use crate::http::{Response, Status};

/// The service: its database, and whether it serves.
pub(crate) struct Service {
    migrator: Migrator,
    /// What the deploy job applies: `migrator up --service=tenant`.
    target: Target,
    settings: Settings,
    client: Mutex<Client>,
    /// Set once its migrations were all there.
    opened: OnceLock<DatabaseState>,
}

impl Service {
    /// A service that does not serve yet.
    pub(crate) async fn new(
        registry: &'static Registry,
        settings: Settings,
    ) -> Result<Service, Error> {
        let client = connect(settings.clone()).await?;
        Ok(Service {
            migrator: Migrator::new(registry),
            target: Target::service("tenant"),
            settings,
            client: Mutex::new(client),
            opened: OnceLock::new(),
        })
    }

    /// Waits for the migrations, and serves from then on.
    pub(crate) async fn open(&self, timeout: Duration) -> Result<(), Error> {
        // A connection of its own, so that it can be asked meanwhile whether it is ready.
        let mut client = connect(self.settings.clone()).await?;
        let wait = self
            .migrator
            .wait_until_current(&mut client, &self.target, timeout);
        let found = wait.await?;
        client.close().await;
        self.opened.get_or_init(|| found);
        Ok(())
    }

    /// The answer to `GET path`.
    pub(crate) async fn answer(&self, path: &str) -> Response {
        match path {
            "/ready" => self.ready().await,
            _ if self.opened.get().is_none() => {
                Response::new(Status::Unavailable, "the service is starting")
            }
            "/plans" => self.plans().await.unwrap_or_else(|error| {
                Response::new(
                    Status::Unavailable,
                    format!("the plans cannot be read: {error}"),
                )
            }),
            _ => Response::new(Status::NotFound, "there is nothing here"),
        }
    }

    /// Whether the database is, at this moment, as the queries here expect.
    async fn ready(&self) -> Response {
        match self.state().await {
            Ok(state) if state.is_ready() => Response::new(Status::Ok, state),
            Ok(state) => Response::new(Status::Unavailable, state),
            Err(error) => Response::new(Status::Unavailable, error),
        }
    }

    async fn state(&self) -> Result<DatabaseState, Error> {
        let client = self.client().await?;
        self.migrator.state(&client, &self.target).await
    }

    /// The plans that are offered, one a line, by code.
    async fn plans(&self) -> Result<Response, Box<dyn std::error::Error>> {
        let query = "SELECT code || ': ' || name FROM tenant.plans WHERE is_public ORDER BY code";
        let client = self.client().await?;
        let rows = client.postgres().query(query, &[]).await?;
        let plans: Result<Vec<String>, _> = rows.iter().map(|row| row.try_get(0)).collect();
        Ok(Response::new(Status::Ok, plans?.join("\n")))
    }

    /// The connection, opened again if it was lost.
    async fn client(&self) -> Result<MutexGuard<'_, Client>, ConnectError> {
        let mut client = self.client.lock().await;
        if client.postgres().is_closed() {
            *client = connect(self.settings.clone()).await?;
        }
        Ok(client)
    }
}
