//! How a run goes about its work.

use std::num::NonZeroUsize;
use std::time::Duration;

use migrator_plan::Policy;

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
    /// What the run's connections call themselves; it is in every event.
    pub application: String,
    /// `lock_timeout` of transactional scripts that do not set their own, and of reads of the
    /// history; zero is none.
    ///
    /// A script that runs into it is tried again, [`Options::tries`] times in all.
    pub lock_timeout: Duration,
    /// `statement_timeout` of scripts that do not set their own; zero is none.
    pub statement_timeout: Duration,
    /// How long to wait for another run to let go of the lock.
    pub lock_wait: Duration,
    /// How often a connection that holds the lock, or waits for its turn, sends a query, so
    /// that no proxy ends it for having nothing to do: less than a proxy's idle timeout.
    pub lock_heartbeat: Duration,
    /// How often a script is tried that meets a lock, a deadlock or a serialization failure.
    pub tries: u32,
    /// How many connections run scripts side by side, those of services of the same tier
    /// that do not need each other. The first is the caller's; a further one is opened
    /// when there is work for it, and done without if there is none to be had.
    pub jobs: NonZeroUsize,
    /// What is allowed.
    pub policy: Policy,
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
            policy: Policy::default(),
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

    /// Sets what the connections of a run call themselves. See [`Options::application`](field@Options::application).
    #[must_use]
    pub fn application(mut self, application: impl Into<String>) -> Options {
        self.application = application.into();
        self
    }

    /// Sets the `lock_timeout` of scripts; zero is none. See [`Options::lock_timeout`](field@Options::lock_timeout).
    #[must_use]
    pub fn lock_timeout(mut self, lock_timeout: Duration) -> Options {
        self.lock_timeout = lock_timeout;
        self
    }

    /// Sets the `statement_timeout` of scripts; zero is none. See [`Options::statement_timeout`](field@Options::statement_timeout).
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

    /// Sets what is allowed. See [`Options::policy`](field@Options::policy).
    #[must_use]
    pub fn policy(mut self, policy: Policy) -> Options {
        self.policy = policy;
        self
    }
}
