//! What a run did.

use std::time::Duration;

use migrator_model::MigrationId;
use migrator_runtime::connect::Creation;
use migrator_runtime::plan::Reason;
use migrator_runtime::{Direction, Report};
use serde::{Serialize, Serializer};

use super::lost::Lost;
use super::members;

/// The steps that a run has ended, in the order of the plan.
#[derive(Debug, Serialize)]
pub(crate) struct Run {
    pub(crate) done: Vec<Done>,
    /// Whether the command created the database.
    #[serde(skip_serializing_if = "members::is_false")]
    pub(crate) created_database: bool,
    /// How many notices of the server the run did not keep.
    #[serde(skip_serializing_if = "members::is_zero")]
    pub(crate) notices_omitted: u64,
    #[serde(rename = "milliseconds", serialize_with = "members::milliseconds")]
    pub(crate) elapsed: Duration,
    #[serde(
        rename = "lost",
        serialize_with = "lost",
        skip_serializing_if = "Request::removes_nothing"
    )]
    pub(crate) request: Request,
}

/// What the user asked for.
#[derive(Debug)]
pub(crate) enum Request {
    Up(Creation),
    Down,
    /// Of this service.
    Redo(String),
    /// What the run removed.
    Switch(Vec<Lost>),
}

impl Request {
    /// The data that the run removed, as far as its plan said so.
    fn lost(&self) -> &[Lost] {
        match self {
            Request::Switch(lost) => lost,
            Request::Up(_) | Request::Down | Request::Redo(_) => &[],
        }
    }

    fn removes_nothing(&self) -> bool {
        self.lost().is_empty()
    }
}

fn lost<S: Serializer>(request: &Request, to: S) -> Result<S::Ok, S::Error> {
    request.lost().serialize(to)
}

/// One step that has ended.
#[derive(Debug, Serialize)]
pub(crate) struct Done {
    #[serde(flatten, serialize_with = "members::migration")]
    pub(crate) id: MigrationId,
    #[serde(serialize_with = "members::direction")]
    pub(crate) direction: Direction,
    #[serde(serialize_with = "members::reason")]
    pub(crate) reason: Reason,
    /// How long the step took, if that could be measured.
    #[serde(
        rename = "milliseconds",
        serialize_with = "members::milliseconds_if_known"
    )]
    pub(crate) took: Option<Duration>,
}

impl Run {
    pub(crate) fn new(report: Report, request: Request) -> Run {
        let done = report.done.into_iter().map(Done::from);
        let created_database = matches!(request, Request::Up(Creation::Created));
        Run {
            created_database,
            done: done.collect(),
            notices_omitted: report.notices_omitted,
            elapsed: report.elapsed,
            request,
        }
    }
}

impl From<migrator_runtime::Done> for Done {
    fn from(done: migrator_runtime::Done) -> Done {
        Done {
            took: measured(done.took),
            id: done.id,
            direction: done.direction,
            reason: done.reason,
        }
    }
}

/// The time that a step took. If two answers of the server arrive together, the time between
/// them means nothing.
pub(crate) fn measured(took: Duration) -> Option<Duration> {
    (took >= Duration::from_micros(50)).then_some(took)
}
