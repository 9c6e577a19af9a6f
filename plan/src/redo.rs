//! Planning a redo: reverts a service's newest migration, and applies it again.

use std::num::NonZeroUsize;

use migrator_model::Registry;
use migrator_model::file_name::Direction;

use crate::conflict::Conflict;
use crate::history::History;
use crate::plan::plan;
use crate::step::Plan;
use crate::target::{Leave, Policy, Target};

/// Plans to revert the newest migration of a service and to apply it again. With nothing
/// applied, the plan is empty.
///
/// What the migration requires by now, and what its service depends on, is applied before it
/// where it is pending.
///
/// # Errors
///
/// Every conflict that a run down or the run up after it would have: so a revert whose apply
/// would be refused is refused as well.
pub fn redo<'r>(
    registry: &'r Registry,
    history: &History,
    service: &str,
    policy: Policy,
) -> Result<Plan<'r>, Vec<Conflict>> {
    let policy = Policy {
        cascade: Leave::Refused,
        ..policy
    };
    let target = Target::service(service);
    let newest = target.clone().steps(NonZeroUsize::MIN);
    let mut reverts = plan(registry, history, Direction::Down, &newest, policy)?;
    let Some(entry) = reverts.steps.first().and_then(|step| step.entry()) else {
        return Ok(reverts);
    };
    let version = entry.id.version;
    if registry.migration(service, version).is_none() {
        return Err(vec![Conflict::not_to_be_applied_again(entry)]);
    }
    let reverted = history.without(reverts.steps.iter().map(|step| &step.id));
    let target = target.to(version);
    let applies = plan(registry, &reverted, Direction::Up, &target, policy)?;
    reverts.steps.extend(applies.steps);
    reverts.notes.extend(applies.notes);
    Ok(reverts)
}
