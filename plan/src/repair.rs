//! Plans a repair: records a dirty migration as applied or reverted, as the user says.

use migrator_model::Version;

use crate::conflict::Conflict;
use crate::history::History;
use crate::step::{Plan, Record, Step};

/// How the user has completed or undone an interrupted script.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Every statement of the up script has taken effect.
    Applied,
    /// No statement of the up script is in effect.
    Reverted,
}

/// Plans to record a dirty migration as applied or reverted. The one step runs no script.
///
/// # Errors
///
/// The migration is not dirty.
pub fn repair(
    history: &History,
    service: &str,
    version: Version,
    outcome: Outcome,
) -> Result<Plan<'static>, Vec<Conflict>> {
    let entry = history.entry(service, version);
    let Some(entry) = entry.filter(|entry| entry.dirty.is_some()) else {
        return Err(vec![Conflict::not_dirty(service, version)]);
    };
    let own = Box::new(entry.clone());
    let record = match outcome {
        Outcome::Applied => Record::MarkClean(own),
        Outcome::Reverted => Record::Delete(own),
    };
    Ok(Plan {
        steps: vec![Step::only_record(entry, record)],
        notes: Vec::new(),
    })
}
