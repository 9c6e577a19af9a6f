//! Plans a redo: reverts a service's newest migration, and applies it again.

use std::num::NonZeroUsize;

use migrator_model::Registry;
use migrator_model::file_name::Direction;

use crate::conflict::Conflict;
use crate::history::{Entry, History};
use crate::plan::plan;
use crate::step::{Plan, Step};
use crate::target::{Leave, Policy, Target};

/// Plans to revert the newest migration of a service and to apply it again. If nothing is
/// applied, the plan is empty.
///
/// The plan first applies the pending migrations that the migration now requires, and those
/// of the services that its service depends on. A pending migration of the service itself that is
/// older than the migration is out of order, as for a run up.
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
    let conflicts = out_of_order(&applies, history, entry);
    if policy.out_of_order == Leave::Refused && !conflicts.is_empty() {
        return Err(conflicts);
    }
    reverts.steps.extend(applies.steps);
    reverts.notes.extend(applies.notes);
    Ok(reverts)
}

/// The older migrations of the service that are pending and not begun. Without the reverted
/// migration, a run up would apply them in order.
fn out_of_order(applies: &Plan<'_>, history: &History, newest: &Entry) -> Vec<Conflict> {
    let migrations = applies.steps.iter().filter_map(Step::migration);
    let older = migrations.filter(|migration| {
        let (service, version) = (migration.service, migration.version);
        *service == *newest.id.service
            && version < newest.id.version
            && history.entry(service, version).is_none()
    });
    let conflict = |migration| Conflict::out_of_order(migration, newest.id.version);
    older.map(conflict).collect()
}
