//! The options of a migrator.

use std::num::NonZeroUsize;
use std::time::Duration;

use migrator_plan::Policy;

/// How a run connects.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Connections {
    /// The run opens connections of its own: one that holds its locks, one that finds out what a
    /// step waits for, and those of [`Options::jobs`].
    #[default]
    Several,
    /// The run uses nothing but the caller's connection, for a database or a pool that has no
    /// second one. See [`Options::single_connection`].
    Single,
}

/// The settings of a [`Migrator`](crate::Migrator).
///
/// ```
/// use std::time::Duration;
/// use migrator_runtime::Options;
///
/// let options = Options::default()
///     .schema("migrations")
///     .lock_wait(Duration::from_secs(60));
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Options {
    /// The schema of the history.
    pub schema: String,
    /// The `application_name` of the run's connections. Each event in the history records it.
    pub application: String,
    /// `lock_timeout` for reads of the history, and for transactional scripts that do not set their
    /// own. Zero means no limit.
    ///
    /// A script that exceeds it is tried again, at most [`Options::tries`] times in all.
    pub lock_timeout: Duration,
    /// `statement_timeout` for scripts that do not set their own. Zero means no limit.
    pub statement_timeout: Duration,
    /// How long a run waits for the lock of another run.
    pub lock_wait: Duration,
    /// How often a connection sends a query while it holds the lock or waits for its turn. Choose
    /// less than the idle timeout of any proxy, so that the proxy does not close the connection.
    pub lock_heartbeat: Duration,
    /// How often a script is tried if it fails at a lock, a deadlock or a serialization failure.
    pub tries: u32,
    /// How many connections run scripts side by side. Services of the same tier that do not need
    /// each other run at the same time. The first connection is the caller's. The run opens a
    /// further connection when there is work for it, and continues without if opening fails.
    pub jobs: NonZeroUsize,
    /// How many connections a run needs besides those of [`Options::jobs`].
    pub connections: Connections,
    /// Which exceptions the run makes from its default refusals.
    pub policy: Policy,
    /// Who has approved the run. Each event of a script that ran says so in its message.
    pub approved_by: Option<String>,
}

impl Default for Options {
    fn default() -> Options {
        Options {
            schema: "migrator".to_owned(),
            application: "migrator".to_owned(),
            lock_timeout: Duration::from_secs(5),
            statement_timeout: Duration::ZERO,
            lock_wait: Duration::from_secs(300),
            lock_heartbeat: Duration::from_secs(20),
            tries: 10,
            jobs: NonZeroUsize::MIN,
            connections: Connections::default(),
            policy: Policy::default(),
            approved_by: None,
        }
    }
}

impl Options {
    /// Sets the schema of the history. See [`Options::schema`](field@Options::schema).
    #[must_use]
    pub fn schema(mut self, schema: impl Into<String>) -> Options {
        self.schema = schema.into();
        self
    }

    /// Sets the `application_name` of a run's connections. See [`Options::application`](field@Options::application).
    #[must_use]
    pub fn application(mut self, application: impl Into<String>) -> Options {
        self.application = application.into();
        self
    }

    /// Sets the `lock_timeout` of scripts; zero means no limit. See [`Options::lock_timeout`](field@Options::lock_timeout).
    #[must_use]
    pub fn lock_timeout(mut self, lock_timeout: Duration) -> Options {
        self.lock_timeout = lock_timeout;
        self
    }

    /// Sets the `statement_timeout` of scripts; zero means no limit. See [`Options::statement_timeout`](field@Options::statement_timeout).
    #[must_use]
    pub fn statement_timeout(mut self, statement_timeout: Duration) -> Options {
        self.statement_timeout = statement_timeout;
        self
    }

    /// Sets how long a run waits for the lock of another run. See [`Options::lock_wait`](field@Options::lock_wait).
    #[must_use]
    pub fn lock_wait(mut self, lock_wait: Duration) -> Options {
        self.lock_wait = lock_wait;
        self
    }

    /// Sets how often a waiting connection sends a query. See [`Options::lock_heartbeat`](field@Options::lock_heartbeat).
    #[must_use]
    pub fn lock_heartbeat(mut self, lock_heartbeat: Duration) -> Options {
        self.lock_heartbeat = lock_heartbeat;
        self
    }

    /// Sets how often a script is tried. See [`Options::tries`](field@Options::tries).
    #[must_use]
    pub fn tries(mut self, tries: u32) -> Options {
        self.tries = tries;
        self
    }

    /// Sets how many connections run scripts side by side. See [`Options::jobs`](field@Options::jobs).
    #[must_use]
    pub fn jobs(mut self, jobs: NonZeroUsize) -> Options {
        self.jobs = jobs;
        self
    }

    /// Uses nothing but the caller's connection. Its session holds the locks of the run, and runs
    /// one step after the other.
    ///
    /// - If the session ends, the locks end with it. Each step is recorded only while its session
    ///   holds them.
    /// - A script must not release the advisory locks of its session (`pg_advisory_unlock_all`,
    ///   `DISCARD ALL`): the run then fails with M0528. Advisory locks that a script takes for its
    ///   session are released at the end of the run.
    /// - The run does not name the session that keeps a step waiting, and ignores
    ///   [`Options::jobs`].
    /// - To cancel a statement, Postgres needs another connection. If there is none, a
    ///   [`Stop`](crate::Stop) ends the session after 10 seconds.
    /// - A pooler must keep one session for the connection. If it uses another one for a later
    ///   transaction, the run fails with M0528.
    #[must_use]
    pub fn single_connection(mut self) -> Options {
        self.connections = Connections::Single;
        self
    }

    /// How many connections may run scripts at the same time.
    pub(crate) fn parallel(&self) -> usize {
        match self.connections {
            Connections::Several => self.jobs.get(),
            Connections::Single => 1,
        }
    }

    /// Sets who has approved the run. See [`Options::approved_by`](field@Options::approved_by).
    #[must_use]
    pub fn approved_by(mut self, name: impl Into<String>) -> Options {
        self.approved_by = Some(name.into());
        self
    }

    /// What the events of a run say about its approval.
    pub(crate) fn approval(&self) -> Option<String> {
        let name = self.approved_by.as_ref();
        name.map(|name| format!("approved by {name}"))
    }

    /// Sets which exceptions the run makes. See [`Options::policy`](field@Options::policy).
    #[must_use]
    pub fn policy(mut self, policy: Policy) -> Options {
        self.policy = policy;
        self
    }
}
