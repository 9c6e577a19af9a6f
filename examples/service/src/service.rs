//! The answers of the service.

use std::sync::OnceLock;
use std::time::{Duration, Instant};

use migrator_runtime::connect::ConnectError;
use migrator_runtime::{
    Client, DatabaseState, Error, Migrator, Registry, Settings, Target, connect, connect_within,
};
use tokio::sync::{Mutex, MutexGuard};
use tokio::time::timeout;

use crate::http::{Response, Status};

/// How long the database may take for an answer. After that, the service opens a new connection.
const PATIENCE: Duration = Duration::from_secs(3);

/// The service: its database, and whether the service is open.
pub(crate) struct Service {
    migrator: Migrator,
    /// The migrations that the deploy job applies: `migrator up --service=tenant`.
    target: Target,
    settings: Settings,
    /// `None` before the first query, and after a query without an answer.
    client: Mutex<Option<Client>>,
    /// Set as soon as all migrations are applied.
    opened: OnceLock<DatabaseState>,
}

impl Service {
    /// Makes a service that is not open yet.
    pub(crate) fn new(registry: &'static Registry, settings: Settings) -> Service {
        Service {
            migrator: Migrator::new(registry),
            target: Target::service("tenant"),
            settings,
            client: Mutex::new(None),
            opened: OnceLock::new(),
        }
    }

    /// Waits for the server and the migrations, and opens the service.
    pub(crate) async fn open(&self, timeout: Duration) -> Result<(), Error> {
        let started = Instant::now();
        // The wait has its own connection, so that `/ready` gets an answer meanwhile.
        let mut client = connect_within(self.settings.clone(), timeout).await?;
        let left = timeout.saturating_sub(started.elapsed());
        let wait = self
            .migrator
            .wait_until_current(&mut client, &self.target, left);
        let found = wait.await?;
        client.close().await;
        self.opened.get_or_init(|| found);
        Ok(())
    }

    /// The answer to `GET path`, within `PATIENCE`.
    pub(crate) async fn answer(&self, path: &str) -> Response {
        let answer = timeout(PATIENCE, self.answer_to(path)).await;
        answer
            .unwrap_or_else(|_| Response::new(Status::Unavailable, "the database does not answer"))
    }

    async fn answer_to(&self, path: &str) -> Response {
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
            _ => Response::new(Status::NotFound, "not found"),
        }
    }

    /// Whether the service is open, and the database is current at this moment.
    async fn ready(&self) -> Response {
        match self.state().await {
            Ok(state) if state.is_ready() && self.opened.get().is_none() => {
                Response::new(Status::Unavailable, "the service is starting")
            }
            Ok(state) if state.is_ready() => Response::new(Status::Ok, state),
            Ok(state) => Response::new(Status::Unavailable, state),
            Err(error) => Response::new(Status::Unavailable, error),
        }
    }

    async fn state(&self) -> Result<DatabaseState, Error> {
        let (mut place, client) = self.client().await?;
        let state = self.migrator.state(&client, &self.target).await;
        *place = Some(client);
        state
    }

    /// The public plans, in the order of their codes, one on each line.
    async fn plans(&self) -> Result<Response, Box<dyn std::error::Error>> {
        let query = "SELECT code || ': ' || name FROM tenant.plans WHERE is_public ORDER BY code";
        let (mut place, client) = self.client().await?;
        let rows = client.postgres().query(query, &[]).await;
        *place = Some(client);
        let rows = rows?;
        let plans: Result<Vec<String>, _> = rows.iter().map(|row| row.try_get(0)).collect();
        Ok(Response::new(Status::Ok, plans?.join("\n")))
    }

    /// Returns the connection, and the place to put it back after an answer. A query that takes
    /// too long does not put it back. Opens a new connection if there is none.
    async fn client(&self) -> Result<(MutexGuard<'_, Option<Client>>, Client), ConnectError> {
        let mut place = self.client.lock().await;
        let client = match place.take() {
            Some(client) if !client.postgres().is_closed() => client,
            _ => connect(self.settings.clone()).await?,
        };
        Ok((place, client))
    }
}
