//! The answers of the service.

use std::fmt;
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use axum::http::StatusCode;
use migrator_runtime::connect::ConnectError;
use migrator_runtime::{
    Client, DatabaseState, Error, Migrator, Registry, Settings, Target, connect, connect_within,
};
use tokio::sync::{Mutex, MutexGuard};

/// The status and the body of an answer.
pub(crate) type Answer = (StatusCode, String);

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

    /// Whether the service is open, and the database is current at this moment.
    pub(crate) async fn ready(&self) -> Answer {
        match self.state().await {
            Ok(state) if state.is_ready() && self.opened.get().is_none() => starting(),
            Ok(state) if state.is_ready() => (StatusCode::OK, format!("{state}\n")),
            Ok(state) => unavailable(state),
            Err(error) => unavailable(error),
        }
    }

    /// The public plans, in the order of their codes, one on each line.
    pub(crate) async fn plans(&self) -> Answer {
        if self.opened.get().is_none() {
            return starting();
        }
        match self.read_plans().await {
            Ok(plans) => (StatusCode::OK, format!("{}\n", plans.join("\n"))),
            Err(error) => unavailable(format!("the plans cannot be read: {error}")),
        }
    }

    async fn state(&self) -> Result<DatabaseState, Error> {
        let (mut place, client) = self.client().await?;
        let state = self.migrator.state(&client, &self.target).await;
        *place = Some(client);
        state
    }

    async fn read_plans(&self) -> Result<Vec<String>, Box<dyn std::error::Error + Send + Sync>> {
        let query = "SELECT code || ': ' || name FROM tenant.plans WHERE is_public ORDER BY code";
        let (mut place, client) = self.client().await?;
        let rows = client.postgres().query(query, &[]).await;
        *place = Some(client);
        let plans: Result<Vec<String>, _> = rows?.iter().map(|row| row.try_get(0)).collect();
        Ok(plans?)
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

/// The answer before the service is open.
fn starting() -> Answer {
    unavailable("the service is starting")
}

/// The answer with the reason why the service cannot serve.
fn unavailable(reason: impl fmt::Display) -> Answer {
    (StatusCode::SERVICE_UNAVAILABLE, format!("{reason}\n"))
}
