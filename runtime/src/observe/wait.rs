//! Compares a database with a registry, once or until the database is current.
//!
//! `migrator-plan` decides which state the database is in. Nothing here writes or locks.

use std::time::{Duration, Instant};

use migrator_connect::backoff::{FIRST_PAUSE, LONGEST_PAUSE, jitter};
use migrator_connect::{ConnectError, Refusal, Settings, Unreachable};
use migrator_model::Code;
use migrator_plan::DatabaseState;
use migrator_plan::Target;

use crate::context::Context;
use crate::error::Error;
use crate::error::kind::ErrorKind;
use crate::error::stopped::Stopped;
use crate::event::Event;
use crate::event::operation::Operation;
use crate::history::History;
use crate::history::digest::digests;
use crate::history::failure::{ReadError, read_failed};
use crate::history::guard::Purpose;
use crate::history::read;
use crate::history::reader::Reader;
use crate::session::client::{Client, connect};

impl Context {
    pub(crate) async fn state(
        &self,
        client: &Client,
        target: &Target,
    ) -> Result<DatabaseState, Error> {
        self.check_names(&target.services, &History::default())?;
        let reader = self.reader(client, Purpose::Show);
        let read = self.read_state(&reader, target).await;
        Ok(read.map_err(|error| read_failed(client, Operation::ReadHistory, error))?)
    }

    async fn read_state(
        &self,
        reader: &Reader<'_>,
        target: &Target,
    ) -> Result<DatabaseState, ReadError> {
        let services = DatabaseState::deciding_services(self.registry, target);
        let (history, at_work) = match services {
            None => self.history_and_work(reader).await?,
            Some(services) => {
                let digests = digests(self.registry, &services);
                let query = self.work_query();
                let read = read::history_unless_same(reader, &query, &digests).await?;
                match read {
                    (None, _) => return Ok(DatabaseState::Current),
                    (Some(history), locks) => (history, self.services_at_work(&locks)),
                }
            }
        };
        let policy = self.options.policy;
        Ok(DatabaseState::new(
            self.registry,
            &history,
            target,
            policy,
            &at_work,
        ))
    }

    pub(crate) async fn wait_until_current(
        &self,
        client: &mut Client,
        target: &Target,
        timeout: Duration,
    ) -> Result<DatabaseState, Error> {
        self.check_names(&target.services, &History::default())?;
        let mut wait = Wait::new(timeout);
        let looks = self.look_until_current(client, target, &mut wait);
        match self.stop.unless_stopped(Box::pin(looks)).await {
            Some(outcome) => outcome,
            None => {
                self.stop.quiet(client).await;
                Err(ErrorKind::Stopped(Stopped::default()).into())
            }
        }
    }

    pub(crate) async fn wait_for_database(
        &self,
        settings: &Settings,
        target: &Target,
        timeout: Duration,
    ) -> Result<DatabaseState, Error> {
        self.check_names(&target.services, &History::default())?;
        let waited = async {
            let mut wait = Wait::new(timeout);
            let mut client = self.open_in_time(settings, &mut wait).await?;
            let state = self.look_until_current(&mut client, target, &mut wait);
            let state = state.await?;
            client.close().await;
            Ok(state)
        };
        let waited = self.stop.unless_stopped(Box::pin(waited)).await;
        waited.unwrap_or_else(|| Err(ErrorKind::Stopped(Stopped::default()).into()))
    }

    /// Opens a connection as soon as the database accepts one.
    async fn open_in_time(&self, settings: &Settings, wait: &mut Wait) -> Result<Client, Error> {
        let mut pause = FIRST_PAUSE;
        loop {
            let patience = wait.left().max(LEAST);
            let opened = tokio::time::timeout(patience, connect(settings.clone())).await;
            let opened = opened.unwrap_or_else(|_| Err(unanswered(settings, patience)));
            match opened {
                Ok(client) => return Ok(client),
                Err(error) if !may_appear(&error) => return Err(error.into()),
                Err(error) => wait.failed(ErrorKind::Connect(error)),
            }
            self.pause(wait, &mut pause).await?;
        }
    }

    async fn look_until_current(
        &self,
        client: &mut Client,
        target: &Target,
        wait: &mut Wait,
    ) -> Result<DatabaseState, Error> {
        let mut pause = FIRST_PAUSE;
        loop {
            match self.look(client, target, wait).await {
                Ok(state) if state.is_ready() => return Ok(state),
                Ok(state) if !may_pass(&state) => return Err(wait.not_current(state).into()),
                Ok(state) => wait.saw(state),
                Err(LookFailure::Final(kind)) => return Err(kind.into()),
                Err(LookFailure::Passing(kind)) => wait.failed(kind),
                Err(LookFailure::Silent(patience)) => wait.heard_nothing(patience),
            }
            self.pause(wait, &mut pause).await?;
        }
    }

    /// Reports why the database is not current, and pauses. Fails if the time is over.
    async fn pause(&self, wait: &mut Wait, pause: &mut Duration) -> Result<(), Error> {
        if wait.left().is_zero() {
            return Err(wait.over().into());
        }
        if let Some(why) = wait.news() {
            self.tell(&Event::NotCurrent { why });
        }
        tokio::time::sleep(jitter(*pause).min(wait.left())).await;
        *pause = (*pause * 2).min(LONGEST_PAUSE);
        Ok(())
    }

    /// Reads the state once; opens a new connection if the old one is lost or does not answer.
    async fn look(
        &self,
        client: &mut Client,
        target: &Target,
        wait: &Wait,
    ) -> Result<DatabaseState, LookFailure> {
        if client.postgres().is_closed() || wait.is_silent {
            // Opening has its own limit, `connect_timeout`, which may be long.
            let opened = within(wait.left().max(LEAST), client.reconnect()).await?;
            opened.map_err(|error| LookFailure::of(ErrorKind::Connect(error)))?;
        }
        let patience = wait.left().clamp(LEAST, MOST);
        let mut reader = self.reader(client, Purpose::Show);
        // A locked history is not a silent connection: the server answers within this bound.
        let bound = patience * 3 / 4;
        reader.lock_timeout = match reader.lock_timeout.is_zero() {
            true => bound,
            false => reader.lock_timeout.min(bound),
        };
        let read = within(patience, self.read_state(&reader, target)).await?;
        read.map_err(|error| match error.may_pass() {
            true => LookFailure::Passing(read_failed(client, Operation::ReadHistory, error)),
            false => LookFailure::of(read_failed(client, Operation::ReadHistory, error)),
        })
    }
}

/// The least time for each read of the state, also for the last or only read.
const LEAST: Duration = Duration::from_secs(1);

/// A connection that does not answer within this time counts as lost.
const MOST: Duration = Duration::from_secs(5);

/// Why the state could not be read.
enum LookFailure {
    /// The cause may pass in a moment.
    Passing(ErrorKind),
    /// Waiting does not help.
    Final(ErrorKind),
    /// The connection gave no answer within this time.
    Silent(Duration),
}

impl LookFailure {
    fn of(kind: ErrorKind) -> LookFailure {
        match is_passing(&kind) {
            true => LookFailure::Passing(kind),
            false => LookFailure::Final(kind),
        }
    }
}

async fn within<T>(patience: Duration, work: impl Future<Output = T>) -> Result<T, LookFailure> {
    let answer = tokio::time::timeout(patience, work).await;
    answer.map_err(|_| LookFailure::Silent(patience))
}

/// The time limit of a wait, and what the wait has seen.
struct Wait {
    started: Instant,
    timeout: Duration,
    /// The last state that was read.
    seen: Option<DatabaseState>,
    /// Why the last read failed.
    failure: Option<ErrorKind>,
    /// Whether the connection gave no answer and has not been reopened since.
    is_silent: bool,
    /// The last reason that the wait has reported.
    told: String,
}

impl Wait {
    fn new(timeout: Duration) -> Wait {
        Wait {
            started: Instant::now(),
            timeout,
            seen: None,
            failure: None,
            is_silent: false,
            told: String::new(),
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
            doing: Operation::ReadHistory,
            why: format!("no answer within {:.1} s", patience.as_secs_f64()),
        });
    }

    fn not_current(&self, state: DatabaseState) -> ErrorKind {
        let waited = self.waited();
        ErrorKind::NotCurrent { state, waited }
    }

    /// Why the database is not current, if the wait has not reported that reason yet.
    fn news(&mut self) -> Option<&str> {
        let why = match (&self.failure, &self.seen) {
            (Some(kind), _) => kind.to_string(),
            (None, Some(state)) => state.to_string(),
            (None, None) => return None,
        };
        if why == self.told {
            return None;
        }
        self.told = why;
        Some(&self.told)
    }

    /// The error when the wait ends without success.
    fn over(&mut self) -> ErrorKind {
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
            // Cannot happen: a wait reads the state at least once.
            (None, None) => ErrorKind::Connection {
                doing: Operation::ReadHistory,
                why: before,
            },
        }
    }
}

/// Whether a state can become current without a new binary or an edited file.
fn may_pass(state: &DatabaseState) -> bool {
    match state {
        DatabaseState::Conflict(conflicts) => conflicts.iter().all(|c| c.code == Code::M0404),
        DatabaseState::Current | DatabaseState::Behind(_) | DatabaseState::Ahead(_) => true,
    }
}

/// Whether the cause may pass in a moment: the server is starting or failing over.
fn is_passing(kind: &ErrorKind) -> bool {
    match kind {
        ErrorKind::Connection { .. } => true,
        ErrorKind::Connect(error) => may_appear(error),
        ErrorKind::UnknownService(_)
        | ErrorKind::Refused(_)
        | ErrorKind::NotCurrent { .. }
        | ErrorKind::Locked { .. }
        | ErrorKind::LockLost { .. }
        | ErrorKind::Script(_)
        | ErrorKind::Stopped(_)
        | ErrorKind::ReadOnly(_)
        | ErrorKind::SecondConnection { .. }
        | ErrorKind::Format(_)
        | ErrorKind::History { .. }
        | ErrorKind::Scripts(_)
        | ErrorKind::Engine(_) => false,
    }
}

/// Whether the server or the database may appear in a moment. Its name, its process or the database
/// may not exist yet.
fn may_appear(error: &ConnectError) -> bool {
    let is_missing = matches!(
        error,
        ConnectError::Unreachable { .. }
            | ConnectError::Refused {
                reason: Refusal::NoDatabase { .. },
                ..
            }
    );
    is_missing || error.is_transient()
}

/// The error of a server that did not answer within the time of the wait.
fn unanswered(settings: &Settings, patience: Duration) -> ConnectError {
    ConnectError::Unreachable {
        target: settings.display_target(),
        reason: Unreachable::TimedOut(patience),
        source: None,
    }
}
