//! The server on which a history is replayed.

use std::path::PathBuf;
use std::time::Duration;

use migrator_runtime::Settings;

/// A temporary server, which nobody else uses.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ThrowawayServer {
    /// The connection to an empty database, as a superuser.
    pub settings: Settings,
    /// The file that the server logs to.
    pub log: PathBuf,
    /// The time limit of each script, from the first script on that only the history has. `None` is
    /// no limit.
    pub time_limit: Option<Duration>,
}

impl ThrowawayServer {
    /// A server without a time limit for scripts.
    #[must_use]
    pub fn new(settings: Settings, log: PathBuf) -> ThrowawayServer {
        ThrowawayServer {
            settings,
            log,
            time_limit: None,
        }
    }

    /// Sets the time limit of a script.
    #[must_use]
    pub fn time_limit(mut self, limit: Option<Duration>) -> ThrowawayServer {
        self.time_limit = limit;
        self
    }
}
