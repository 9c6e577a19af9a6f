//! Looks at how a database stands to a registry, once or until it is current.
//!
//! What it is, `migrator-plan` decides. Nothing here writes or locks.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use migrator_connect::backoff::{FIRST_PAUSE, LONGEST_PAUSE, jitter};
use migrator_model::Code;
use migrator_plan::DatabaseState;
use migrator_plan::Target;

use crate::client::Client;
use crate::error::{Error, ErrorKind};
use crate::history::History;
use crate::history::guard::Purpose;
use crate::history::read::{self, ReadError, Reader};
use crate::lock;
use crate::migrator::{Migrator, READING, failed, read_failed};
use crate::session::rows;
use crate::stop::Stopped;

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
        let reader = self.reader(client, Purpose::Look);
        let read = self.read_state(&reader, target).await;
        Ok(read.map_err(|error| read_failed(client, READING, error))?)
    }

    async fn read_state(
        &self,
        reader: &Reader<'_>,
        target: &Target,
    ) -> Result<DatabaseState, ReadError> {
        let (history, at_work) = self.history_and_work(reader).await?;
        let policy = self.options.policy;
        Ok(DatabaseState::new(
            self.registry,
            &history,
            target,
            policy,
            &at_work,
        ))
    }

    /// The history, and the services that a run is changing at this moment, in one
    /// round trip.
    pub(crate) async fn history_and_work(
        &self,
        reader: &Reader<'_>,
    ) -> Result<(History, BTreeSet<String>), ReadError> {
        let services = self.registry.services.iter();
        let services: Vec<&str> = services.map(|service| service.name.as_ref()).collect();
        let locks = lock::at_work_query(&self.options.schema, &services);
        let (history, locks) = read::history_and(reader, &locks).await?;
        let at_work = lock::at_work(&self.options.schema, &services, &locks);
        Ok((history, at_work))
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
        let asked = async {
            let asked = client.postgres().simple_query(&query).await;
            asked.map_err(|error| failed(client, "reading the locks".to_owned(), &error))
        };
        let answer: Vec<_> = rows(self.stop.read(client, asked).await?).collect();
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
    /// A connection that is lost, because the server restarts or fails over, or that
    /// gives no answer for 5 seconds, is opened again in the same `client`; what was set
    /// in its session is lost then. A role that may not read the history is waited for
    /// as well: nobody can let it before the first deploy job has made it.
    ///
    /// The wait may take some two seconds longer than the timeout: each look, the last
    /// too, is given at least one to connect and one to read.
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
        self.check_names(&target.services, &History::default())?;
        let looks = self.look_until_current(client, target, timeout);
        match self.stop.unless_stopped(Box::pin(looks)).await {
            Some(outcome) => outcome,
            None => {
                self.stop.quiet(client).await;
                Err(ErrorKind::Stopped(Stopped::default()).into())
            }
        }
    }

    async fn look_until_current(
        &self,
        client: &mut Client,
        target: &Target,
        timeout: Duration,
    ) -> Result<DatabaseState, Error> {
        let mut wait = Wait::new(timeout);
        let mut pause = FIRST_PAUSE;
        loop {
            match self.look(client, target, &wait).await {
                Ok(state) if state.is_ready() => return Ok(state),
                Ok(state) if !may_pass(&state) => return Err(wait.not_current(state).into()),
                Ok(state) => wait.saw(state),
                Err(Unseen::Final(kind)) => return Err(kind.into()),
                Err(Unseen::Passing(kind)) => wait.failed(kind),
                Err(Unseen::Silent(patience)) => wait.heard_nothing(patience),
            }
            if wait.left().is_zero() {
                return Err(wait.over().into());
            }
            tokio::time::sleep(jitter(pause).min(wait.left())).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }

    /// Looks once, over a new connection if the old one is gone or silent.
    async fn look(
        &self,
        client: &mut Client,
        target: &Target,
        wait: &Wait,
    ) -> Result<DatabaseState, Unseen> {
        if client.postgres().is_closed() || wait.is_silent {
            // It has its own `connect_timeout`, which may be a long one.
            let opened = within(wait.left().max(LEAST), client.reconnect()).await?;
            opened.map_err(|error| Unseen::of(ErrorKind::Connect(error)))?;
        }
        let patience = wait.left().clamp(LEAST, MOST);
        let mut reader = self.reader(client, Purpose::Look);
        // A locked history is no silent connection: the server answers before the time is over.
        let bound = patience * 3 / 4;
        reader.lock_timeout = match reader.lock_timeout.is_zero() {
            true => bound,
            false => reader.lock_timeout.min(bound),
        };
        let read = within(patience, self.read_state(&reader, target)).await?;
        read.map_err(|error| match error.may_pass() {
            true => Unseen::Passing(read_failed(client, READING, error)),
            false => Unseen::of(read_failed(client, READING, error)),
        })
    }
}

/// Every look has so much time, the last and only one too.
const LEAST: Duration = Duration::from_secs(1);

/// A connection that takes longer for an answer is as good as lost.
const MOST: Duration = Duration::from_secs(5);

/// Why a look saw no state.
enum Unseen {
    /// It may be otherwise in a moment.
    Passing(ErrorKind),
    /// No waiting mends it.
    Final(ErrorKind),
    /// No answer within this time.
    Silent(Duration),
}

impl Unseen {
    fn of(kind: ErrorKind) -> Unseen {
        match is_passing(&kind) {
            true => Unseen::Passing(kind),
            false => Unseen::Final(kind),
        }
    }
}

async fn within<T>(patience: Duration, work: impl Future<Output = T>) -> Result<T, Unseen> {
    let answer = tokio::time::timeout(patience, work).await;
    answer.map_err(|_| Unseen::Silent(patience))
}

/// The time of a wait, and what came of it.
struct Wait {
    started: Instant,
    timeout: Duration,
    /// The state that was seen last.
    seen: Option<DatabaseState>,
    /// Why the last look saw none.
    failure: Option<ErrorKind>,
    /// Whether the connection gave no answer, and has not been opened again.
    is_silent: bool,
}

impl Wait {
    fn new(timeout: Duration) -> Wait {
        Wait {
            started: Instant::now(),
            timeout,
            seen: None,
            failure: None,
            is_silent: false,
        }
    }

    fn left(&self) -> Duration {
        self.timeout.saturating_sub(self.started.elapsed())
    }

    fn waited(&self) -> u64 {
        self.started.elapsed().as_secs()
    }

    fn saw(&mut self, state: DatabaseState) {
        self.seen = Some(state);
        self.failure = None;
        self.is_silent = false;
    }

    fn failed(&mut self, kind: ErrorKind) {
        self.failure = Some(kind);
    }

    fn heard_nothing(&mut self, patience: Duration) {
        self.is_silent = true;
        self.failed(ErrorKind::Connection {
            doing: READING.to_owned(),
            why: format!("no answer within {:.1} s", patience.as_secs_f64()),
        });
    }

    fn not_current(&self, state: DatabaseState) -> ErrorKind {
        let waited = self.waited();
        ErrorKind::NotCurrent { state, waited }
    }

    /// Why the wait is over without success.
    fn over(mut self) -> ErrorKind {
        let before = match &self.seen {
            Some(state) => format!("; before, in {} s of waiting: {state}", self.waited()),
            None => format!("; in {} s of waiting nothing was seen", self.waited()),
        };
        match (self.failure.take(), self.seen.take()) {
            (Some(ErrorKind::Connection { doing, why }), _) => {
                let why = why + &before;
                ErrorKind::Connection { doing, why }
            }
            (
                Some(ErrorKind::History {
                    doing,
                    why,
                    sqlstate,
                    blockers,
                }),
                _,
            ) => ErrorKind::History {
                doing,
                why: why + &before,
                sqlstate,
                blockers,
            },
            (Some(kind), _) => kind,
            (None, Some(state)) => self.not_current(state),
            // Never, as a wait is not over before the first look.
            (None, None) => ErrorKind::Connection {
                doing: READING.to_owned(),
                why: before,
            },
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
        ErrorKind::UnknownService(_)
        | ErrorKind::NotDirty { .. }
        | ErrorKind::Refused(_)
        | ErrorKind::NotCurrent { .. }
        | ErrorKind::Locked { .. }
        | ErrorKind::LockLost { .. }
        | ErrorKind::Script(_)
        | ErrorKind::Stopped(_)
        | ErrorKind::ReadOnly(_)
        | ErrorKind::Format(_)
        | ErrorKind::History { .. }
        | ErrorKind::Scripts(_)
        | ErrorKind::Engine(_) => false,
    }
}
