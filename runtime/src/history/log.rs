//! The event log as data.

use std::time::Duration;

use migrator_model::MigrationId;
use migrator_plan::Selection;

/// The kind of an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum EventKind {
    /// A migration was applied.
    Apply,
    /// A migration was reverted.
    Revert,
    /// A script failed.
    Failure,
    /// An interrupted script was resumed.
    Resume,
    /// The outcome of an interrupted script was recorded.
    Repair,
    /// A changed script was recorded.
    Accept,
    /// A migration was recorded without a run.
    Baseline,
    /// A migration of another tool was recorded.
    Adopt,
}

impl EventKind {
    /// All kinds.
    pub const ALL: &[EventKind] = &[
        EventKind::Apply,
        EventKind::Revert,
        EventKind::Failure,
        EventKind::Resume,
        EventKind::Repair,
        EventKind::Accept,
        EventKind::Baseline,
        EventKind::Adopt,
    ];

    /// The word in the event log.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            EventKind::Apply => "apply",
            EventKind::Revert => "revert",
            EventKind::Failure => "failure",
            EventKind::Resume => "resume",
            EventKind::Repair => "repair",
            EventKind::Accept => "accept",
            EventKind::Baseline => "baseline",
            EventKind::Adopt => "adopt",
        }
    }

    /// What happened, as a sentence without a full stop.
    #[must_use]
    pub fn meaning(self) -> &'static str {
        match self {
            EventKind::Apply => "A migration was applied",
            EventKind::Revert => "A migration was reverted",
            EventKind::Failure => "A script failed",
            EventKind::Resume => "An interrupted script was resumed",
            EventKind::Repair => "The outcome of an interrupted script was recorded",
            EventKind::Accept => "A changed script was recorded",
            EventKind::Baseline => "A migration was recorded without a run",
            EventKind::Adopt => "A migration of another tool was recorded",
        }
    }

    /// The kind with this word.
    #[must_use]
    pub fn find(word: &str) -> Option<EventKind> {
        EventKind::ALL
            .iter()
            .copied()
            .find(|kind| kind.as_str() == word)
    }

    /// Whether the event adds an entry to the history, or decides that an entry stays.
    pub(super) fn records(self) -> bool {
        match self {
            EventKind::Apply | EventKind::Repair | EventKind::Baseline | EventKind::Adopt => true,
            EventKind::Revert | EventKind::Failure | EventKind::Resume | EventKind::Accept => false,
        }
    }
}

/// Which entries of the event log to read. The default is all of them.
#[derive(Clone, Debug)]
pub struct LogFilter {
    /// Only those of these services. A service need not be in the registry.
    pub services: Selection,
    /// Only those of these kinds; empty for all kinds.
    pub kinds: Vec<EventKind>,
    /// Only those since this time, in RFC 3339.
    pub since: Option<String>,
    /// Only the newest of those that the other members select, at most this number.
    pub newest: Option<usize>,
}

impl Default for LogFilter {
    fn default() -> LogFilter {
        LogFilter {
            services: Selection::All,
            kinds: Vec::new(),
            since: None,
            newest: None,
        }
    }
}

/// An entry of the event log.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct LogEntry {
    /// When it was written, by the server's clock: UTC, in RFC 3339 with milliseconds.
    pub at: String,
    /// What happened, such as `apply`, `revert`, `failure` or `repair`.
    pub kind: String,
    /// The migration.
    pub id: MigrationId,
    /// How long the script ran, if that was recorded.
    pub took: Option<Duration>,
    /// The error of a failure, or a remark.
    pub message: Option<String>,
    /// The application name of the session.
    pub application: String,
    /// The version of migrator.
    pub migrator_version: String,
    /// The role.
    pub role: String,
    /// The address of the client. `None` for a Unix socket.
    pub client: Option<String>,
}
