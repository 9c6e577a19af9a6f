//! Plans to record migrations without running them, because their effects are in the database.

use std::collections::BTreeMap;

use migrator_model::{Registry, Version};

use crate::conflict::Conflict;
use crate::history::{History, Likeness};
use crate::step::{Claim, Plan, Step};

/// Plans to record migrations of the registry without running them, in the order in which a run
/// would apply them. A migration whose entry has the same scripts is left out.
///
/// # Errors
///
/// The history has an entry of the same version that is dirty, or that another script made.
pub fn claim<'r>(
    registry: &Registry,
    history: &History,
    claims: &[Claim<'r>],
) -> Result<Plan<'r>, Vec<Conflict>> {
    let (mut steps, mut conflicts) = (Vec::new(), Vec::new());
    for claim in in_order(registry, claims) {
        let migration = claim.migration;
        let Some(entry) = history.entry(migration.service, migration.version) else {
            steps.push(Step::claim(claim.clone()));
            continue;
        };
        match (entry.dirty, entry.likeness(migration)) {
            (Some(direction), _) => conflicts.push(Conflict::dirty(registry, entry, direction)),
            (None, Likeness::Same) => {}
            (None, Likeness::Cosmetic | Likeness::Changed) => {
                conflicts.push(Conflict::changed(entry, migration));
            }
        }
    }
    match conflicts.is_empty() {
        true => Ok(Plan {
            steps,
            notes: Vec::new(),
        }),
        false => Err(conflicts),
    }
}

/// The claims in the order of the registry, each migration once.
fn in_order<'c, 'r>(
    registry: &Registry,
    claims: &'c [Claim<'r>],
) -> impl Iterator<Item = &'c Claim<'r>> {
    let key = |claim: &'c Claim<'r>| (claim.migration.service, claim.migration.version);
    let mut by_key: BTreeMap<(&str, Version), &Claim<'r>> = claims
        .iter()
        .rev()
        .map(|claim| (key(claim), claim))
        .collect();
    let known = registry.migrations();
    let order: Vec<_> = known
        .filter_map(|migration| by_key.remove(&(migration.service, migration.version)))
        .collect();
    order.into_iter()
}
