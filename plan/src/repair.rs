//! Planning a repair: takes a migration that is dirty out of that state, as the user says.

use migrator_model::Version;

use crate::conflict::Conflict;
use crate::history::History;
use crate::step::{Plan, Record, Step};

/// What the user made of an interrupted script.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// All that the up script does is in effect.
    Applied,
    /// Nothing that the up script does is in effect.
    Reverted,
}

/// Plans to record a dirty migration as applied or reverted: one step, which runs nothing.
///
/// # Errors
///
/// The migration is not recorded as dirty.
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
