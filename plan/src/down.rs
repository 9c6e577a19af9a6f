//! Plans a run down, and decides whether it is refused. Each migration is reverted before those
//! that it needs.
//!
//! A run down is refused for these conflicts, whose messages are in `conflict.rs`:
//!
//! - M0404 (`Conflict::dirty`): a migration was interrupted, and no run down can resume it.
//! - M0405 (`Conflict::has_dependents`): a newer applied migration may need one that the run
//!   reverts, and the policy does not allow the run to revert both.
//! - M0406 (`Conflict::unknown_target`): the named services have no migration of this version.
//! - M0407 (`Conflict::no_down_script`): neither this binary nor the history has a down script.
//! - M0408 (`Conflict::irreversible`): the down script says why it reverts nothing.
//!
//! A migration that is changed or missing is no conflict here: its recorded down script reverts
//! it. If that record does not match its checksum, the run refuses the script (M0527,
//! `runtime/src/step/stored.rs`).

use std::collections::BTreeSet;

use migrator_model::file_name::Direction;
use migrator_model::{Registry, small};

use crate::conflict::Conflict;
use crate::history::{Entry, Likeness, Stored};
use crate::request::{Request, resumes};
use crate::resume::resumable;
use crate::sequence::Sequence;
use crate::step::{Body, Plan, Reason, Step};
use crate::target::{Extent, Leave, Selection};

pub(crate) fn plan<'r>(request: &Request<'r, '_>) -> Result<Plan<'r>, Vec<Conflict>> {
    let sequence = Sequence::of(request.registry, request.history);
    let roots = roots(request, &sequence.entries);
    let all = with_dependents(&sequence, &roots);
    let mut conflicts = request.unknown_version();
    conflicts.extend(dependents_left_out(
        request,
        &sequence.entries,
        &roots,
        &all,
    ));
    match revert(request.registry, &sequence, &roots, &all) {
        Ok(plan) if conflicts.is_empty() => Ok(plan),
        Ok(_) => Err(conflicts),
        Err(further) => {
            conflicts.extend(further);
            Err(conflicts)
        }
    }
}

/// Plans to revert the entries `all`, from the last in the sequence. The entries that are not in
/// `roots` are reverted because they may need one of `roots`.
pub(crate) fn revert<'r>(
    registry: &'r Registry,
    sequence: &Sequence<'_>,
    roots: &BTreeSet<usize>,
    all: &BTreeSet<usize>,
) -> Result<Plan<'r>, Vec<Conflict>> {
    let (mut plan, mut conflicts) = (Plan::default(), Vec::new());
    for &index in all.iter().rev() {
        let reason = match roots.contains(&index) {
            true => Reason::Requested,
            false => Reason::Cascade,
        };
        let entry = sequence.entries[index];
        match step(registry, entry, reason, &mut plan.notes) {
            Ok(step) => plan.steps.push(step),
            Err(conflict) => conflicts.push(*conflict),
        }
    }
    match conflicts.is_empty() {
        true => Ok(plan),
        false => Err(conflicts),
    }
}

/// The migrations that the user named, as indices into the sequence.
fn roots(request: &Request<'_, '_>, sequence: &[&Entry]) -> BTreeSet<usize> {
    let own = sequence.iter().enumerate().rev();
    let own = own.filter(|(_, entry)| is_asked_for(request, &entry.id.service));
    match request.target.extent {
        Extent::Everything => small::collect(own.map(|(index, _)| index)),
        Extent::Steps(steps) => small::collect(own.map(|(index, _)| index).take(steps.get())),
        Extent::To(version) => {
            let above = own.filter(|(_, entry)| entry.id.version > version);
            small::collect(above.map(|(index, _)| index))
        }
    }
}

/// A service of another binary, which the registry does not have, takes part only if the
/// user names it.
fn is_asked_for(request: &Request<'_, '_>, service: &str) -> bool {
    match &request.target.services {
        Selection::All => request.registry.find_service(service).is_some(),
        named @ Selection::Named(_) => named.names(service),
    }
}

/// The roots and every migration that may need them, directly or not.
pub(crate) fn with_dependents(sequence: &Sequence<'_>, roots: &BTreeSet<usize>) -> BTreeSet<usize> {
    let mut all = roots.clone();
    let mut open: Vec<usize> = roots.iter().copied().collect();
    while let Some(needed) = open.pop() {
        let dependents = sequence.needed_by[needed].iter().copied();
        open.extend(dependents.filter(|&index| all.insert(index)));
    }
    all
}

fn dependents_left_out(
    request: &Request<'_, '_>,
    sequence: &[&Entry],
    roots: &BTreeSet<usize>,
    all: &BTreeSet<usize>,
) -> Vec<Conflict> {
    let blockers: Vec<&Entry> = all.difference(roots).map(|&i| sequence[i]).collect();
    let lowest = roots.first().map(|&index| sequence[index]);
    match (lowest, request.policy.cascade) {
        (Some(lowest), Leave::Refused) if !blockers.is_empty() => {
            vec![Conflict::has_dependents(lowest, &blockers)]
        }
        _ => Vec::new(),
    }
}

fn step<'r>(
    registry: &'r Registry,
    entry: &Entry,
    reason: Reason,
    notes: &mut Vec<String>,
) -> Result<Step<'r>, Box<Conflict>> {
    if let Some(direction) = entry.dirty {
        let resumed = resumable(registry, entry).filter(|_| direction == Direction::Down);
        let Some(migration) = resumed else {
            return Err(Box::new(Conflict::dirty(registry, entry, direction)));
        };
        notes.push(resumes(entry, direction, Direction::Down));
        let step = Step::revert(entry, Body::Script(migration.down()));
        return Ok(step.because(reason).resumed());
    }
    let known = registry.migration(&entry.id.service, entry.id.version);
    let same = known.filter(|migration| entry.likeness(*migration) != Likeness::Changed);
    let script = match (same, &entry.down_script) {
        (Some(migration), _) => match migration.down().irreversible() {
            Some(reason) => return Err(Box::new(Conflict::irreversible(entry, &reason))),
            None => Body::Script(migration.down()),
        },
        (None, Stored::Yes) => Body::RecordedScript,
        (None, Stored::Irreversible(reason)) => {
            return Err(Box::new(Conflict::irreversible(entry, reason)));
        }
        (None, Stored::No) => return Err(Box::new(Conflict::no_down_script(entry))),
    };
    if same.is_none() {
        let why = match known {
            Some(_) => "was changed since it was applied",
            None => "is missing from this binary",
        };
        notes.push(format!(
            "{} {why}: the down script recorded with it reverts it",
            entry.id
        ));
    }
    Ok(Step::revert(entry, script).because(reason))
}
