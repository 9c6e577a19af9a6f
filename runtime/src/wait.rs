//! Looks at how a database stands to a registry, once or until it is current.
//!
//! What it is, [`state`](crate::state) decides. Nothing here writes or locks.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use migrator_model::Code;

use crate::client::Client;
use crate::error::{Error, ErrorKind};
use crate::history::{History, read};
use crate::lock::{self, FIRST_PAUSE, LONGEST_PAUSE, jitter};
use crate::migrator::{Migrator, failed, read_failed};
use crate::session::rows;
use crate::state::DatabaseState;
use crate::target::Target;

impl Migrator {
    /// How the database stands to the registry, in one round trip and without a
    /// lock: cheap enough for a probe of readiness.
    ///
    /// The target is that of the `up` which a deploy job runs for this service:
    /// mostly the service by its name. Of what a registry has of other services
    /// just as much counts as `up` would apply.
    ///
    /// It reads the tables `format` and `history` of the history's schema: USAGE on
    /// the schema and SELECT on these two is all that the role needs.
    ///
    /// # Errors
    ///
    /// A service is not known, or the history cannot be read.
    pub async fn state(&self, client: &Client, target: &Target) -> Result<DatabaseState, Error> {
        self.check_names(&target.services, &History::default())?;
        let services = self.registry.services.iter();
        let services: Vec<&str> = services.map(|service| service.name.as_ref()).collect();
        let locks = lock::at_work_query(&self.options.schema, &services);
        let read = read::history_and(client.postgres(), &self.tables, &locks).await;
        let (history, locks) = read.map_err(|error| read_failed(client, error))?;
        let at_work = lock::at_work(&self.options.schema, &services, &locks);
        let policy = self.options.policy;
        Ok(DatabaseState::new(
            self.registry,
            &history,
            target,
            policy,
            &at_work,
        ))
    }

    /// The services that a run is changing at this moment, as its locks tell.
    ///
    /// # Errors
    ///
    /// The locks cannot be read.
    pub async fn at_work(
        &self,
        client: &Client,
        services: &[&str],
    ) -> Result<BTreeSet<String>, Error> {
        let schema = &self.options.schema;
        let query = lock::at_work_query(schema, services);
        let asked = client.postgres().simple_query(&query).await;
        let answer = asked.map_err(|error| failed(client, "reading the locks".to_owned(), &error));
        let answer: Vec<_> = rows(answer?).collect();
        Ok(lock::at_work(schema, services, &answer))
    }

    /// Waits until a deploy job, or any other run, has applied what `up` with this
    /// target would, and returns the state that it found:
    /// [`Current`](DatabaseState::Current) or [`Ahead`](DatabaseState::Ahead).
    ///
    /// It looks at once, and again after a pause that grows from 20 ms to 1 s; with
    /// a timeout of zero it looks once. A
    /// changed migration and one out of order end it at once, as no waiting mends
    /// them. A dirty one does not: whoever is at it may have lost the lock and not
    /// the work, and a person may repair it meanwhile.
    ///
    /// A connection that is lost, because the server restarts or fails over, is
    /// opened again in the same `client`; what was set in its session is lost then.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::NotCurrent`] with the state that was seen last, or what kept it
    /// from being seen.
    pub async fn wait_until_current(
        &self,
        client: &mut Client,
        target: &Target,
        timeout: Duration,
    ) -> Result<DatabaseState, Error> {
        let wait = Wait {
            started: Instant::now(),
            timeout,
        };
        let mut pause = FIRST_PAUSE;
        let mut last = wait.unanswered();
        loop {
            let patience = wait.left().max(LEAST);
            match tokio::time::timeout(patience, self.look(client, target)).await {
                Ok(Ok(state)) if state.is_ready() => return Ok(state),
                Ok(Ok(state)) => {
                    let is_final = !may_pass(&state);
                    last = wait.not_current(state);
                    if is_final {
                        return Err(last.into());
                    }
                }
                Ok(Err(kind)) if is_passing(&kind) => last = kind,
                Ok(Err(kind)) => return Err(kind.into()),
                Err(_) => return Err(last.into()),
            }
            if wait.left().is_zero() {
                return Err(last.into());
            }
            tokio::time::sleep(jitter(pause).min(wait.left())).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }

    /// Looks once, over a new connection if the old one is gone.
    async fn look(&self, client: &mut Client, target: &Target) -> Result<DatabaseState, ErrorKind> {
        if client.postgres().is_closed() {
            client.reconnect().await.map_err(ErrorKind::Connect)?;
        }
        let state = self.state(client, target).await;
        state.map_err(|error| *error.kind)
    }
}

/// Every look has so much time, the last and only one too.
const LEAST: Duration = Duration::from_secs(1);

/// The time of a wait.
struct Wait {
    started: Instant,
    timeout: Duration,
}

impl Wait {
    fn left(&self) -> Duration {
        self.timeout.saturating_sub(self.started.elapsed())
    }

    fn not_current(&self, state: DatabaseState) -> ErrorKind {
        ErrorKind::NotCurrent {
            state,
            waited: self.started.elapsed().as_secs(),
        }
    }

    /// Why the wait is over if nothing was ever seen.
    fn unanswered(&self) -> ErrorKind {
        ErrorKind::Connection {
            doing: "reading the history".to_owned(),
            why: format!(
                "no answer within {} ms",
                self.timeout.max(LEAST).as_millis()
            ),
        }
    }
}

/// Whether a state can become current without another binary or another file.
fn may_pass(state: &DatabaseState) -> bool {
    match state {
        DatabaseState::Conflict(conflicts) => conflicts.iter().all(|c| c.code == Code::M0404),
        DatabaseState::Current | DatabaseState::Behind(_) | DatabaseState::Ahead(_) => true,
    }
}

/// Whether it may be otherwise in a moment: the server starts, or fails over.
fn is_passing(kind: &ErrorKind) -> bool {
    match kind {
        ErrorKind::Connection { .. } => true,
        ErrorKind::Connect(error) => error.is_transient(),
        ErrorKind::UnknownService { .. }
        | ErrorKind::NotDirty { .. }
        | ErrorKind::Refused(_)
        | ErrorKind::NotCurrent { .. }
        | ErrorKind::Locked { .. }
        | ErrorKind::Script(_)
        | ErrorKind::Format(_)
        | ErrorKind::History { .. }
        | ErrorKind::Engine(_) => false,
    }
}
