//! Many databases of the same kind, such as one a tenant, some at a time.
//!
//! How one of them is migrated is [`Migrator`]'s; where the list of them comes from,
//! and what is said of them, is the caller's.

use std::num::NonZeroUsize;
use std::pin::pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use futures_util::{Stream, StreamExt};
use migrator_connect::{ConnectError, Settings};
use migrator_model::Registry;
use migrator_model::file_name::Direction;
use migrator_plan::Plan;
use migrator_plan::Target;

use crate::context::Context;
use crate::error::Error;
use crate::error::kind::ErrorKind;
use crate::error::stopped::Stopped;
use crate::event::Event;
use crate::event::report::Report;
use crate::history::History;
use crate::migrator::Migrator;
use crate::options::Options;
use crate::session::client::{Client, connect};
use crate::session::stop::Stop;

/// Migrates many databases with one registry, side by side.
///
/// What fails in one database stops nothing in another. Run again, it passes over what
/// is done: a database that is current costs a connection and one round trip. The same
/// database named twice is migrated once, as two processes would: one waits.
///
/// It opens at most two connections for each database that it is at, the second as long
/// as there is work. Its memory does not grow with the number of databases.
///
/// ```no_run
/// use futures_util::stream;
/// use migrator_runtime::{Ending, Fleet, Member, Registry, Settings, Target};
///
/// # async fn migrate(registry: &'static Registry) -> Result<(), migrator_runtime::Error> {
/// let member = |tenant: u32| Member {
///     key: tenant,
///     settings: Settings::parse(&format!("postgresql://app@db/tenant_{tenant}")),
/// };
/// let members = stream::iter(1..=500).map(member);
/// # use futures_util::StreamExt;
/// let tally = Fleet::new(registry)
///     .up(members, &Target::all(), |ended| {
///         if let Ending::Failed(error) = ended.ending {
///             eprintln!("tenant {}: {error}", ended.key);
///         }
///     })
///     .await?;
/// assert_eq!(tally.failed, 0);
/// # Ok(())
/// # }
/// ```
pub struct Fleet {
    registry: &'static Registry,
    options: Options,
    jobs: NonZeroUsize,
    max_failures: Option<NonZeroUsize>,
    listener: Option<Listener>,
    stop: Stop,
}

/// Told of what happens in any of the databases, by its target.
type Listener = Arc<Mutex<dyn FnMut(&str, &Event<'_>) + Send>>;

/// A database of a fleet.
#[derive(Debug)]
pub struct Member<K> {
    /// What the caller knows it by.
    pub key: K,
    /// The way to it; settings that make no sense are a failure of this database.
    pub settings: Result<Settings, ConnectError>,
}

/// What became of a database.
#[derive(Debug)]
pub struct Ended<K, T> {
    /// What the caller knows it by.
    pub key: K,
    /// Its URL without the password; nothing if the settings make no sense.
    pub target: Option<String>,
    /// How long it took, the connection included.
    pub took: Duration,
    /// How it ended.
    pub ending: Ending<T>,
}

/// How the work on a database ended.
#[derive(Debug)]
pub enum Ending<T> {
    /// Well.
    Done(T),
    /// It failed; the error has what was done before.
    Failed(Error),
    /// It was not begun: too many others had failed.
    NotStarted,
}

/// How many databases ended how.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Well.
    pub done: usize,
    /// By an error.
    pub failed: usize,
    /// They were not begun.
    pub not_started: usize,
    /// How long all of it took.
    pub elapsed: Duration,
}

impl Fleet {
    /// How many databases are migrated at a time unless [`Fleet::jobs`] says otherwise.
    pub const JOBS: NonZeroUsize = NonZeroUsize::MIN.saturating_add(7);

    /// A fleet with the default options.
    #[must_use]
    pub fn new(registry: &'static Registry) -> Fleet {
        Fleet::with_options(registry, Options::default())
    }

    /// A fleet with options of its own, the same for each database.
    #[must_use]
    pub fn with_options(registry: &'static Registry, options: Options) -> Fleet {
        Fleet {
            registry,
            options,
            jobs: Fleet::JOBS,
            max_failures: None,
            listener: None,
            stop: Stop::new(),
        }
    }

    /// Migrates so many databases at a time.
    #[must_use]
    pub fn jobs(mut self, jobs: NonZeroUsize) -> Fleet {
        self.jobs = jobs;
        self
    }

    /// Begins no further database once so many have failed; what is under way goes on.
    #[must_use]
    pub fn max_failures(mut self, failures: NonZeroUsize) -> Fleet {
        self.max_failures = Some(failures);
        self
    }

    /// Has every [`Event`] told to `listener` as it happens, with the target of the
    /// database in which it does.
    #[must_use]
    pub fn on_event(mut self, listener: impl FnMut(&str, &Event<'_>) + Send + 'static) -> Fleet {
        self.listener = Some(Arc::new(Mutex::new(listener)));
        self
    }

    /// Has it stopped by `stop`: no further database is taken from the list, and in each
    /// that is under way the run is stopped.
    #[must_use]
    pub fn stopped_by(mut self, stop: &Stop) -> Fleet {
        self.stop = stop.clone();
        self
    }

    /// Applies what is pending in each database; `tell` is told of each as it ends.
    ///
    /// A member is taken from the stream when there is room for it, and not before.
    ///
    /// # Errors
    ///
    /// The target names a service that the registry does not have; nothing is begun.
    /// What fails in a database is told to `tell`.
    pub async fn up<K>(
        &self,
        members: impl Stream<Item = Member<K>>,
        target: &Target,
        tell: impl FnMut(Ended<K, Report>),
    ) -> Result<Tally, Error> {
        let apply = |mut migrator: Migrator, mut client: Client| {
            let target = target.clone();
            async move {
                let outcome = migrator.up(&mut client, target).await;
                client.close().await;
                outcome
            }
        };
        self.check(target)?;
        Ok(self.each(members, apply, tell).await)
    }

    /// Plans what [`Fleet::up`] would apply in each database at this moment.
    ///
    /// # Errors
    ///
    /// As [`Fleet::up`].
    pub async fn plan<K>(
        &self,
        members: impl Stream<Item = Member<K>>,
        target: &Target,
        tell: impl FnMut(Ended<K, Plan<'static>>),
    ) -> Result<Tally, Error> {
        let plan = |migrator: Migrator, client: Client| async move {
            let outcome = migrator.plan(&client, Direction::Up, target).await;
            client.close().await;
            outcome
        };
        self.check(target)?;
        Ok(self.each(members, plan, tell).await)
    }

    /// What is wrong with the target for every database alike.
    fn check(&self, target: &Target) -> Result<(), Error> {
        let context = Context::new(self.registry, self.options.clone());
        context.check_names(&target.services, &History::default())
    }

    async fn each<K, T, F>(
        &self,
        members: impl Stream<Item = Member<K>>,
        work: impl Fn(Migrator, Client) -> F,
        mut tell: impl FnMut(Ended<K, T>),
    ) -> Tally
    where
        F: Future<Output = Result<T, Error>>,
    {
        let started = Instant::now();
        let failures = AtomicUsize::new(0);
        let mut tally = Tally::default();
        let members = members.take_until(self.stop.stopped());
        let work = members.map(|member| self.one(member, &work, &failures));
        let mut running = pin!(work.buffer_unordered(self.jobs.get()));
        while let Some(ended) = running.next().await {
            match &ended.ending {
                Ending::Done(_) => tally.done += 1,
                Ending::Failed(_) => tally.failed += 1,
                Ending::NotStarted => tally.not_started += 1,
            }
            tell(ended);
        }
        tally.elapsed = started.elapsed();
        tally
    }

    async fn one<K, T, F>(
        &self,
        member: Member<K>,
        work: &impl Fn(Migrator, Client) -> F,
        failures: &AtomicUsize,
    ) -> Ended<K, T>
    where
        F: Future<Output = Result<T, Error>>,
    {
        let Member { key, settings } = member;
        let started = Instant::now();
        let target = settings.as_ref().ok().map(Settings::display_target);
        let ending = match self.begins(failures) {
            false => Ending::NotStarted,
            // Boxed: it is large, and would be moved to its place among those under way.
            true => match Box::pin(self.work(settings, work)).await {
                Ok(done) => Ending::Done(done),
                Err(error) => Ending::Failed(error),
            },
        };
        if matches!(ending, Ending::Failed(_)) {
            failures.fetch_add(1, Ordering::Relaxed);
        }
        Ended {
            key,
            target,
            took: started.elapsed(),
            ending,
        }
    }

    /// Whether another database is begun.
    fn begins(&self, failures: &AtomicUsize) -> bool {
        let failures = failures.load(Ordering::Relaxed);
        !self.stop.is_stopped()
            && self
                .max_failures
                .is_none_or(|allowed| failures < allowed.get())
    }

    async fn work<T, F>(
        &self,
        settings: Result<Settings, ConnectError>,
        work: &impl Fn(Migrator, Client) -> F,
    ) -> Result<T, Error>
    where
        F: Future<Output = Result<T, Error>>,
    {
        let mut settings = settings?;
        settings.application_name(&self.options.application);
        let opening = Box::pin(connect(settings));
        let client = self.stop.unless_stopped(opening).await;
        let client = client.ok_or_else(|| ErrorKind::Stopped(Stopped::default()))??;
        let migrator = self.migrator(&client);
        work(migrator, client).await
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
