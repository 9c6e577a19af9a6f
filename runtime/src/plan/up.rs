//! Planning upward: what is pending, after what it needs.

use std::collections::{BTreeMap, BTreeSet};

use migrator_model::{Migration, Registry, Version};

use super::{Conflict, Plan, Reason, Request, Step, Work};
use crate::history::{History, Likeness};
use crate::target::{Extent, Leave};

pub(super) fn plan<'r>(request: &Request<'r, '_>) -> Result<Plan<'r>, Vec<Conflict>> {
    let bounds = Bounds::of(request);
    let pending = pending(request, &bounds);
    let mut conflicts = request.unknown_version();
    let mut notes = Vec::new();
    for service in bounds.services.keys() {
        conflicts.extend(judge(request, service, &mut notes));
    }
    conflicts.extend(out_of_order(request, &pending));
    if !conflicts.is_empty() {
        return Err(conflicts);
    }
    let steps: Vec<Step<'r>> = pending.into_iter().map(|m| step(request, m)).collect();
    Ok(Plan { steps, notes })
}

fn step<'r>(request: &Request<'r, '_>, migration: &'r Migration) -> Step<'r> {
    let reason = match request.target.services.names(&migration.service) {
        true => Reason::Requested,
        false => Reason::Dependency,
    };
    Step {
        work: Work::Apply(migration),
        reason,
    }
}

/// How far each service takes part.
struct Bounds<'r> {
    services: BTreeMap<&'r str, Bound>,
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Bound {
    To(Version),
    Whole,
}

impl<'r> Bounds<'r> {
    /// The services asked for, as far as was asked; what they depend on, whole;
    /// and what any of these requires, as far as it is required.
    fn of(request: &Request<'r, '_>) -> Bounds<'r> {
        let registry = request.registry;
        let mut bounds = Bounds {
            services: BTreeMap::new(),
        };
        let own = match request.target.extent {
            Extent::To(version) => Bound::To(version),
            Extent::Everything | Extent::Steps(_) => Bound::Whole,
        };
        let names = registry
            .services
            .iter()
            .map(|service| service.name.as_ref());
        let asked: Vec<&str> = names
            .filter(|name| request.target.services.names(name))
            .collect();
        for name in &asked {
            bounds.services.insert(name, own);
        }
        for name in asked {
            bounds.add_dependencies(registry, name);
        }
        while bounds.add_required(registry) {}
        bounds
    }

    fn add_dependencies(&mut self, registry: &'r Registry, service: &str) {
        for name in registry.dependencies_of(service) {
            self.services.entry(name).or_insert(Bound::Whole);
        }
    }

    /// One pass over all `requires`; true if anything was added.
    fn add_required(&mut self, registry: &'r Registry) -> bool {
        let mut grew = false;
        let taken: Vec<&Migration> = registry
            .migrations
            .iter()
            .filter(|m| self.takes(m))
            .collect();
        for reference in taken.iter().flat_map(|migration| migration.requires.iter()) {
            let (name, bound) = (reference.service.as_ref(), Bound::To(reference.version));
            let known = self.services.get(name).copied();
            if known.is_none_or(|known| known < bound) {
                self.services.insert(name, bound);
                self.add_dependencies(registry, name);
                grew = true;
            }
        }
        grew
    }

    fn takes(&self, migration: &Migration) -> bool {
        match self.services.get(migration.service.as_ref()) {
            None => false,
            Some(Bound::Whole) => true,
            Some(Bound::To(version)) => migration.version <= *version,
        }
    }
}

/// What is to be applied, in plan order.
fn pending<'r>(request: &Request<'r, '_>, bounds: &Bounds<'r>) -> Vec<&'r Migration> {
    let applied = |m: &Migration| request.history.entry(&m.service, m.version).is_some();
    let migrations = request.registry.migrations.iter();
    let mut pending: Vec<&Migration> = migrations
        .filter(|migration| bounds.takes(migration) && !applied(migration))
        .collect();
    if let Extent::Steps(steps) = request.target.extent {
        let own = pending.iter().enumerate();
        let mut own = own.filter(|(_, m)| request.target.services.names(&m.service));
        if let Some((last, _)) = own.nth(steps.get() - 1) {
            pending.truncate(last + 1);
        }
    }
    pending
}

/// What is wrong between a service's registry and its history.
fn judge(request: &Request<'_, '_>, service: &str, notes: &mut Vec<String>) -> Vec<Conflict> {
    let known: BTreeMap<Version, &Migration> = request
        .registry
        .migrations_of(service)
        .map(|migration| (migration.version, migration))
        .collect();
    let mut conflicts = Vec::new();
    for entry in request.history.entries_of(service) {
        if let Some(direction) = entry.dirty {
            conflicts.push(Conflict::dirty(entry, direction));
            continue;
        }
        let Some(migration) = known.get(&entry.version) else {
            match request.policy.missing {
                Leave::Refused => conflicts.push(Conflict::missing(entry)),
                Leave::Allowed => notes.push(format!("{entry} is missing from this binary")),
            }
            continue;
        };
        match entry.likeness(migration) {
            Likeness::Same => {}
            Likeness::Cosmetic => notes.push(format!(
                "{entry} differs from what was applied in comments or white space alone"
            )),
            Likeness::Changed => conflicts.push(Conflict::changed(entry, migration)),
        }
    }
    conflicts
}

fn out_of_order(request: &Request<'_, '_>, pending: &[&Migration]) -> Vec<Conflict> {
    if request.policy.out_of_order == Leave::Allowed {
        return Vec::new();
    }
    let newest = |m: &Migration| newest_known(request.registry, request.history, &m.service);
    pending
        .iter()
        .filter_map(|migration| {
            let newest = newest(migration).filter(|newest| *newest > migration.version)?;
            Some(Conflict::out_of_order(migration, newest))
        })
        .collect()
}

/// The newest applied version, of those that the registry has: what is missing
/// from it is refused as missing, and does not put the rest out of order.
fn newest_known(registry: &Registry, history: &History, service: &str) -> Option<Version> {
    let known: BTreeSet<Version> = registry.migrations_of(service).map(|m| m.version).collect();
    let versions = history.entries_of(service).map(|entry| entry.version);
    versions.filter(|version| known.contains(version)).max()
}
