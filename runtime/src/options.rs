//! How a run goes about its work.

use std::num::NonZeroUsize;
use std::time::Duration;

use migrator_plan::Policy;

/// The settings of a [`Migrator`](crate::Migrator).
#[derive(Clone, Debug)]
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
