//! Works on many databases of the same kind, such as one for each tenant.
//!
//! [`Migrator`] migrates a single database. The caller supplies the list of databases and prints
//! the results.

mod limit;
mod member;
mod pace;
mod phase;
mod shard;

use std::num::NonZeroUsize;
use std::pin::pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use futures_util::{Stream, StreamExt};
use migrator_connect::{ConnectError, Settings};
use migrator_model::Registry;
use migrator_model::file_name::Direction;
use migrator_plan::{Plan, Selection, Status, Target};

use crate::context::Context;
use crate::error::Error;
use crate::error::kind::ErrorKind;
use crate::error::stopped::Stopped;
use crate::event::Event;
use crate::event::report::Report;
use crate::history::History;
use crate::migrator::Migrator;
use crate::observe::activity::Activity;
use crate::options::Options;
use crate::session::client::{Client, connect};
use crate::session::stop::Stop;

pub use self::limit::FailureLimit;
pub use self::member::{FleetTotals, Member, MemberOutcome, MemberResult};
use self::pace::{Limits, Mark, Pace, Turn};
pub use self::phase::Phase;
pub use self::shard::Shard;

/// Works on many databases with one registry, several at a time.
///
/// A failure in one database does not stop the others. A second run skips the databases that
/// are current: each of those costs a connection and one round trip. If the list names a
/// database twice, one of the two runs waits for the other and then has nothing to do.
///
/// A fleet opens at most two connections for each database in progress. It opens the second
/// connection only if migrations are pending. Its memory does not grow with the number of
/// databases.
///
/// ```no_run
/// use futures_util::stream;
/// use migrator_runtime::{Fleet, Member, MemberOutcome, Registry, Settings, Target};
///
/// # async fn migrate(registry: &'static Registry) -> Result<(), migrator_runtime::Error> {
/// let member = |tenant: u32| Member {
///     key: tenant,
///     settings: Settings::parse(&format!("postgresql://app@db/tenant_{tenant}")),
///     wave: 0,
/// };
/// let members = stream::iter(1..=500).map(member);
/// # use futures_util::StreamExt;
/// let totals = Fleet::new(registry)
///     .up(members, &Target::all(), |result| {
///         if let MemberOutcome::Failed(error) = result.outcome {
///             eprintln!("tenant {}: {error}", result.key);
///         }
///     })
///     .await?;
/// assert_eq!(totals.failed, 0);
/// # Ok(())
/// # }
/// ```
pub struct Fleet {
    registry: &'static Registry,
    options: Options,
    jobs: NonZeroUsize,
    limits: Limits,
    listener: Option<Listener>,
    starts: Option<Starts>,
    phases: phase::Listener,
    stop: Stop,
}

/// Receives the events of all databases, each with the target of its database.
type Listener = Arc<Mutex<dyn FnMut(&str, &Event<'_>) + Send>>;

/// Receives the target of each database that starts.
type Starts = Arc<Mutex<dyn FnMut(&str) + Send>>;

impl Fleet {
    /// The number of databases that are migrated at a time, unless [`Fleet::jobs`] sets another.
    pub const JOBS: NonZeroUsize = NonZeroUsize::MIN.saturating_add(7);

    /// A fleet with the default options.
    #[must_use]
    pub fn new(registry: &'static Registry) -> Fleet {
        Fleet::with_options(registry, Options::default())
    }

    /// A fleet with these options for every database.
    #[must_use]
    pub fn with_options(registry: &'static Registry, options: Options) -> Fleet {
        Fleet {
            registry,
            options,
            jobs: Fleet::JOBS,
            limits: Limits::default(),
            listener: None,
            starts: None,
            phases: phase::Listener::default(),
            stop: Stop::new(),
        }
    }

    /// Migrates up to `jobs` databases at a time.
    #[must_use]
    pub fn jobs(mut self, jobs: NonZeroUsize) -> Fleet {
        self.jobs = jobs;
        self
    }

    /// Starts no further database after too many failures. Databases in progress continue.
    #[must_use]
    pub fn max_failures(mut self, failures: impl Into<FailureLimit>) -> Fleet {
        self.limits.failures = Some(failures.into());
        self
    }

    /// Starts the first `number` databases before all others. If one of them fails, no other
    /// database starts.
    #[must_use]
    pub fn canaries(mut self, number: NonZeroUsize) -> Fleet {
        self.limits.canaries = number.get();
        self
    }

    /// Waits this long after the canaries have succeeded, and after each [wave](Member::wave).
    #[must_use]
    pub fn settle(mut self, time: Duration) -> Fleet {
        self.limits.settle = time;
        self
    }

    /// Waits at least this time between the starts of two databases.
    #[must_use]
    pub fn start_interval(mut self, interval: Duration) -> Fleet {
        self.limits.interval = interval;
        self
    }

    /// Calls `listener` with every [`Event`] as it happens, and with the target of its database.
    #[must_use]
    pub fn on_event(mut self, listener: impl FnMut(&str, &Event<'_>) + Send + 'static) -> Fleet {
        self.listener = Some(Arc::new(Mutex::new(listener)));
        self
    }

    /// Calls `listener` with the target of each database when the work on the database starts. Its
    /// end is a [`MemberResult`].
    #[must_use]
    pub fn on_start(mut self, listener: impl FnMut(&str) + Send + 'static) -> Fleet {
        self.starts = Some(Arc::new(Mutex::new(listener)));
        self
    }

    /// Calls `listener` at the beginning of each [`Phase`]. If all members have the same wave, there is
    /// one [`Phase::Wave`].
    #[must_use]
    pub fn on_phase(mut self, listener: impl FnMut(Phase) + Send + 'static) -> Fleet {
        self.phases = phase::Listener::new(listener);
        self
    }

    /// Stops the fleet when `stop` is used: no further database starts, and the runs in progress
    /// stop.
    #[must_use]
    pub fn stopped_by(mut self, stop: &Stop) -> Fleet {
        self.stop = stop.clone();
        self
    }

    /// Applies the pending migrations of each database, and calls `tell` with each result.
    ///
    /// Takes a member from the stream only when a job is free for it.
    ///
    /// # Errors
    ///
    /// The target names a service that the registry does not have; no database is then started. A
    /// failure of one database is passed to `tell` instead.
    pub async fn up<K>(
        &self,
        members: impl Stream<Item = Member<K>>,
        target: &Target,
        tell: impl FnMut(MemberResult<K, Report>),
    ) -> Result<FleetTotals, Error> {
        self.migrate(members, Direction::Up, target, tell).await
    }

    /// Reverts the applied migrations of each database, newest first, and calls `tell` with each
    /// result.
    ///
    /// # Errors
    ///
    /// As [`Fleet::up`].
    pub async fn down<K>(
        &self,
        members: impl Stream<Item = Member<K>>,
        target: &Target,
        tell: impl FnMut(MemberResult<K, Report>),
    ) -> Result<FleetTotals, Error> {
        self.migrate(members, Direction::Down, target, tell).await
    }

    /// Plans what [`Fleet::up`] or [`Fleet::down`] would now do in each database.
    ///
    /// # Errors
    ///
    /// As [`Fleet::up`].
    pub async fn plan<K>(
        &self,
        members: impl Stream<Item = Member<K>>,
        direction: Direction,
        target: &Target,
        tell: impl FnMut(MemberResult<K, Plan<'static>>),
    ) -> Result<FleetTotals, Error> {
        self.check(&target.services)?;
        let work = |migrator: Migrator, client: Client| async move {
            let outcome = migrator.plan(&client, direction, target).await;
            client.close().await;
            outcome
        };
        Ok(self.each(members, work, tell).await)
    }

    /// Compares each database with the registry, as [`Migrator::observe`] does.
    ///
    /// # Errors
    ///
    /// As [`Fleet::up`].
    pub async fn status<K>(
        &self,
        members: impl Stream<Item = Member<K>>,
        services: &Selection,
        tell: impl FnMut(MemberResult<K, (Status, Activity)>),
    ) -> Result<FleetTotals, Error> {
        self.check(services)?;
        let work = |migrator: Migrator, client: Client| async move {
            let outcome = migrator.observe(&client, services).await;
            client.close().await;
            outcome
        };
        Ok(self.each(members, work, tell).await)
    }

    async fn migrate<K>(
        &self,
        members: impl Stream<Item = Member<K>>,
        direction: Direction,
        target: &Target,
        tell: impl FnMut(MemberResult<K, Report>),
    ) -> Result<FleetTotals, Error> {
        self.check(&target.services)?;
        let work = |mut migrator: Migrator, mut client: Client| {
            let target = target.clone();
            async move {
                let outcome = match direction {
                    Direction::Up => migrator.up(&mut client, target).await,
                    Direction::Down => migrator.down(&mut client, target).await,
                };
                client.close().await;
                outcome
            }
        };
        Ok(self.each(members, work, tell).await)
    }

    /// Checks the names of services for all databases at once.
    fn check(&self, services: &Selection) -> Result<(), Error> {
        let context = Context::new(self.registry, self.options.clone());
        context.check_names(services, &History::default())
    }

    /// Does any other work on each database, and calls `tell` with each result. A stop of the fleet
    /// does not interrupt the work on a database: the work itself must obey the stop.
    pub async fn each<K, T, E, F>(
        &self,
        members: impl Stream<Item = Member<K>>,
        work: impl Fn(Migrator, Client) -> F,
        mut tell: impl FnMut(MemberResult<K, T, E>),
    ) -> FleetTotals
    where
        E: From<Error>,
        F: Future<Output = Result<T, E>>,
    {
        let started = Instant::now();
        let pace = Pace::new(self.limits, self.phases.clone());
        let mut totals = FleetTotals::default();
        let members = members.take_until(self.stop.stopped());
        let runs = members.map(|member| {
            let turn = pace.turn(member.wave);
            self.one(turn, member, &work, &pace)
        });
        let mut running = pin!(runs.buffer_unordered(self.jobs.get()));
        while let Some(result) = running.next().await {
            match &result.outcome {
                MemberOutcome::Done(_) => totals.done += 1,
                MemberOutcome::Failed(_) => totals.failed += 1,
                MemberOutcome::Skipped => totals.skipped += 1,
            }
            tell(result);
        }
        totals.elapsed = started.elapsed();
        totals
    }

    async fn one<K, T, E, F>(
        &self,
        turn: Turn,
        member: Member<K>,
        work: &impl Fn(Migrator, Client) -> F,
        pace: &Pace,
    ) -> MemberResult<K, T, E>
    where
        E: From<Error>,
        F: Future<Output = Result<T, E>>,
    {
        let Member { key, settings, .. } = member;
        let admitted = self.stop.unless_stopped(pace.admits(turn)).await;
        let started = Instant::now();
        let target = settings.as_ref().ok().map(Settings::display_target);
        let outcome = match admitted.unwrap_or(false) && !self.stop.is_stopped() {
            false => MemberOutcome::Skipped,
            // Boxed: the future is large, and would otherwise be moved into the list of jobs.
            true => match Box::pin(self.work(settings, work)).await {
                Ok(done) => MemberOutcome::Done(done),
                Err(error) => MemberOutcome::Failed(error),
            },
        };
        let mark = match outcome {
            MemberOutcome::Done(_) => Mark::Done,
            MemberOutcome::Failed(_) => Mark::Failed,
            MemberOutcome::Skipped => Mark::Skipped,
        };
        pace.ended(turn, mark);
        MemberResult {
            key,
            target,
            took: started.elapsed(),
            outcome,
        }
    }

    async fn work<T, E, F>(
        &self,
        settings: Result<Settings, ConnectError>,
        work: &impl Fn(Migrator, Client) -> F,
    ) -> Result<T, E>
    where
        E: From<Error>,
        F: Future<Output = Result<T, E>>,
    {
        let client = self.open(settings).await?;
        let migrator = self.migrator(&client);
        work(migrator, client).await
    }

    async fn open(&self, settings: Result<Settings, ConnectError>) -> Result<Client, Error> {
        let mut settings = settings?;
        if let Some(starts) = &self.starts {
            let mut starts = starts.lock().unwrap_or_else(PoisonError::into_inner);
            starts(&settings.display_target());
        }
        settings.application_name(&self.options.application);
        let opening = Box::pin(connect(settings));
        let client = self.stop.unless_stopped(opening).await;
        Ok(client.ok_or_else(|| ErrorKind::Stopped(Stopped::default()))??)
    }

    /// The migrator of one database.
    fn migrator(&self, client: &Client) -> Migrator {
        let migrator = Migrator::with_options(self.registry, self.options.clone());
        let migrator = migrator.stopped_by(&self.stop);
        let Some(listener) = self.listener.clone() else {
            return migrator;
        };
        let target = client.target();
        migrator.on_event(move |event| {
            let mut listener = listener.lock().unwrap_or_else(PoisonError::into_inner);
            listener(&target, event);
        })
    }
}
