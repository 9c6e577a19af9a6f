//! What an interrupted script has left, and what was recorded about it.

use migrator_model::MigrationId;
use migrator_runtime::{Direction, Inspected, Inspection, Trace};
use serde::Serialize;

/// What `repair` found and recorded.
#[derive(Debug, Serialize)]
pub(crate) struct Repair {
    /// What each statement of the script has left.
    pub(crate) found: Vec<StatementState>,
    /// The migration, if it was recorded.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) repaired: Option<String>,
    /// `applied` or `reverted`, if it was recorded.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) recorded: Option<&'static str>,
    /// The migration.
    #[serde(skip)]
    pub(crate) id: MigrationId,
    /// The direction of the script.
    #[serde(skip)]
    pub(crate) direction: Direction,
}

/// What one statement has left.
#[derive(Debug, Serialize)]
pub(crate) struct StatementState {
    pub(crate) line: usize,
    pub(crate) statement: String,
    /// `done`, `not done`, `partly done` or `unknown`.
    pub(crate) state: &'static str,
    /// What the catalog shows.
    pub(crate) found: Option<String>,
    /// Whether this contradicts what the user wants to record.
    #[serde(skip)]
    pub(crate) contradicts: bool,
}

impl Repair {
    /// What was found, before anything is recorded.
    pub(crate) fn found(inspection: &Inspection, contradicts: impl Fn(&Trace) -> bool) -> Repair {
        let statement = |one: &Inspected| {
            let (state, found) = words(&one.trace);
            StatementState {
                line: one.position.line,
                statement: one.text.clone(),
                state,
                found: found.map(str::to_owned),
                contradicts: contradicts(&one.trace),
            }
        };
        Repair {
            found: inspection.statements.iter().map(statement).collect(),
            repaired: None,
            recorded: None,
            id: inspection.entry.id.clone(),
            direction: inspection.direction,
        }
    }

    /// How many statements contradict what the user wants to record.
    pub(crate) fn contradictions(&self) -> usize {
        let statements = self.found.iter();
        statements.filter(|one| one.contradicts).count()
    }
}

/// The word for the state of a statement, and what the catalog shows.
fn words(trace: &Trace) -> (&'static str, Option<&str>) {
    match trace {
        Trace::Done(what) => ("done", Some(what)),
        Trace::NotDone => ("not done", None),
        Trace::Partial(what) => ("partly done", Some(what)),
        Trace::Unknown | _ => ("unknown", None),
    }
}
