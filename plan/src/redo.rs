//! Plans a redo: reverts a service's newest migration, and applies it again.

use std::num::NonZeroUsize;

use migrator_model::Registry;
use migrator_model::file_name::Direction;

use crate::conflict::Conflict;
use crate::history::History;
use crate::plan::plan;
use crate::step::{Plan, Step};
use crate::target::{Leave, Policy, Target};

/// Plans to revert the newest migration of a service and to apply it again. If nothing is
/// applied, the plan is empty.
///
/// The plan first applies the pending migrations that the migration now requires, and those
/// of the services that its service depends on.
///
/// # Errors
///
/// Every conflict of the run down and of the run up after it. So nothing is reverted that
/// could not be applied again.
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
    match registry.migration(service, version) {
        None => return Err(vec![Conflict::missing_for_redo(entry)]),
        Some(other) if other.uid != entry.id.uid => {
            return Err(vec![Conflict::changed(entry, other)]);
        }
        Some(_) => {}
    }
    let reverted = history.without(reverts.steps.iter().map(|step| &step.id));
    let target = target.to(version);
    let mut applies = plan(registry, &reverted, Direction::Up, &target, policy)?;
    // A dependency may have pending migrations that come later.
    let own = |step: &Step<'_>| step.service() == service && step.version() == version;
    let end = applies.steps.iter().position(own).map(|last| last + 1);
    applies.steps.truncate(end.unwrap_or(applies.steps.len()));
    reverts.steps.extend(applies.steps);
    reverts.notes.extend(applies.notes);
    Ok(reverts)
}
