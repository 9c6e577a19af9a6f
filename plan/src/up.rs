//! Plans a run up: each pending migration comes after those that it needs.

use std::collections::{BTreeMap, BTreeSet};

use migrator_model::file_name::Direction;
use migrator_model::registry::MigrationRef;
use migrator_model::{Migration, Registry, Version, small};

use crate::conflict::Conflict;
use crate::history::{Entry, History, Likeness};
use crate::request::{Request, resumes};
use crate::resume::resumable;
use crate::step::{Body, Plan, Reason, Step};
use crate::target::{Extent, Leave, Policy, Selection, Target};

pub(crate) fn plan<'r>(request: &Request<'r, '_>) -> Result<Plan<'r>, Vec<Conflict>> {
    let bounds = Bounds::of(request);
    let pending = pending(request, &bounds);
    let mut conflicts = request.unknown_version();
    let mut notes = Vec::new();
    for service in bounds.services.keys() {
        conflicts.extend(judge(request, service, &pending, &mut notes));
    }
    conflicts.extend(out_of_order(request, &pending));
    if !conflicts.is_empty() {
        return Err(conflicts);
    }
    let steps = pending.into_iter().flat_map(|m| steps(request, m));
    let steps: Vec<Step<'r>> = steps.collect();
    Ok(Plan { steps, notes })
}

/// The services that decide whether `up` has nothing to do: that is certain if each of them has
/// exactly the migrations of the registry, none of them changed or dirty, and no other.
///
/// `None` if other facts count too: the target has a version or an unknown service.
#[must_use]
pub fn deciding_services<'r>(registry: &'r Registry, target: &Target) -> Option<Vec<&'r str>> {
    if matches!(target.extent, Extent::To(_)) {
        return None;
    }
    let services = match &target.services {
        Selection::All => registry.services().map(|service| service.name).collect(),
        Selection::Named(names) => {
            let mut names = names.iter();
            names.try_for_each(|name| registry.find_service(name).map(drop))?;
            let request = Request {
                registry,
                history: &History::default(),
                target,
                policy: Policy::default(),
            };
            let bounds = Bounds::asked(&request, Bound::Whole);
            bounds.services.into_keys().collect::<Vec<_>>()
        }
    };
    Some(services).filter(|services| !services.is_empty())
}

/// The steps that apply a migration. An interrupted down script is finished first.
fn steps<'r>(request: &Request<'r, '_>, migration: Migration<'r>) -> Vec<Step<'r>> {
    let reason = match request.target.services.names(migration.service) {
        true => Reason::Requested,
        false => Reason::Dependency,
    };
    let apply = Step::apply(migration).because(reason);
    let begun = request.history.entry(migration.service, migration.version);
    match begun.map(|entry| (entry, entry.dirty)) {
        None => vec![apply],
        Some((entry, Some(Direction::Down))) => {
            let revert = Step::revert(entry, Body::Script(migration.down()));
            vec![revert.because(reason).resumed(), apply]
        }
        Some(_) => vec![apply.resumed()],
    }
}

/// Which migrations of each service take part.
struct Bounds<'r> {
    services: BTreeMap<&'r str, Bound>,
    /// The services whose bound no longer changes.
    fixed: BTreeSet<&'r str>,
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Bound {
    To(Version),
    Whole,
}

impl<'r> Bounds<'r> {
    /// The bounds of every service that takes part. The named services go as far as the target
    /// says. Their dependencies go to the newest version. A required migration takes part with
    /// those before it.
    fn of(request: &Request<'r, '_>) -> Bounds<'r> {
        match request.target.extent {
            Extent::Everything => Bounds::asked(request, Bound::Whole),
            Extent::To(version) => Bounds::asked(request, Bound::To(version)),
            Extent::Steps(_) => Bounds::of_steps(request),
        }
    }

    /// The bounds of the named services alone.
    fn asked(request: &Request<'r, '_>, bound: Bound) -> Bounds<'r> {
        let services = request.registry.services();
        let names = services.map(|service| service.name);
        let asked = names.filter(|name| request.target.services.names(name));
        let asked = small::collect(asked.map(|name| (name, bound)));
        Bounds::around(request.registry, asked)
    }

    /// The bounds of the services that the first steps include, so that a dependency that only
    /// a later step needs does not take part.
    fn of_steps(request: &Request<'r, '_>) -> Bounds<'r> {
        let whole = Bounds::asked(request, Bound::Whole);
        let steps = pending(request, &whole)
            .into_iter()
            .filter(|migration| request.target.services.names(migration.service))
            .map(|migration| (migration.service, Bound::To(migration.version)));
        let steps: BTreeMap<&str, Bound> = small::collect(steps);
        match steps.is_empty() {
            true => whole,
            false => Bounds::around(request.registry, steps),
        }
    }

    /// Adds the bounds of the other services that must take part. A named service goes beyond its
    /// own bound only if a migration that takes part requires it.
    fn around(registry: &'r Registry, asked: BTreeMap<&'r str, Bound>) -> Bounds<'r> {
        let fixed = small::collect(asked.keys().copied());
        let mut bounds = Bounds {
            services: asked,
            fixed: BTreeSet::new(),
        };
        while bounds.widen(bounds.required(registry)) {}
        bounds.fixed = fixed;
        while bounds.widen(bounds.needed(registry)) {}
        bounds
    }

    /// The migrations that those that take part require.
    fn required(&self, registry: &'r Registry) -> Vec<(&'r str, Bound)> {
        let taken = registry.migrations().filter(|m| self.takes(*m));
        let references = taken.flat_map(Migration::required);
        references
            .map(|(service, version)| (service, Bound::To(version)))
            .collect()
    }

    /// The required migrations, and the dependencies of the services.
    fn needed(&self, registry: &'r Registry) -> Vec<(&'r str, Bound)> {
        let services = self.services.keys();
        let names = services.flat_map(|service| registry.dependencies_of(service));
        let mut needed: Vec<(&str, Bound)> = names.map(|name| (name, Bound::Whole)).collect();
        needed.extend(self.required(registry));
        needed
    }

    /// Returns whether anything was added.
    fn widen(&mut self, needed: Vec<(&'r str, Bound)>) -> bool {
        let mut grew = false;
        for (name, bound) in needed {
            let known = self.services.get(name);
            if known.is_none_or(|known| *known < bound) && !self.fixed.contains(name) {
                self.services.insert(name, bound);
                grew = true;
            }
        }
        grew
    }

    fn takes(&self, migration: Migration<'_>) -> bool {
        match self.services.get(migration.service) {
            None => false,
            Some(Bound::Whole) => true,
            Some(Bound::To(version)) => migration.version <= *version,
        }
    }
}

/// The migrations to apply, in plan order.
fn pending<'r>(request: &Request<'r, '_>, bounds: &Bounds<'r>) -> Vec<Migration<'r>> {
    let mut pending = within(request, bounds);
    if let Extent::Steps(steps) = request.target.extent {
        let own = pending.iter().enumerate();
        let mut own = own.filter(|(_, m)| request.target.services.names(m.service));
        if let Some((last, _)) = own.nth(steps.get() - 1) {
            pending.truncate(last + 1);
        }
    }
    pending
}

/// Whether a script of an entry was interrupted and can be resumed.
fn is_resumed(request: &Request<'_, '_>, entry: &Entry) -> bool {
    resumable(request.registry, entry).is_some()
}

/// The pending migrations within the bounds of their services, except those that wait for a
/// pending migration outside the bounds.
fn within<'r>(request: &Request<'r, '_>, bounds: &Bounds<'r>) -> Vec<Migration<'r>> {
    let applied = |m: Migration<'_>| {
        let entry = request.history.entry(m.service, m.version);
        entry.is_some_and(|entry| !is_resumed(request, entry))
    };
    let mut left: BTreeSet<MigrationRef> = BTreeSet::new();
    let mut ended: BTreeSet<&str> = BTreeSet::new();
    let mut within = Vec::new();
    for migration in request.registry.migrations().filter(|m| !applied(*m)) {
        let service = migration.service;
        let waits =
            ended.contains(service) || migration.requires().iter().any(|r| left.contains(r));
        if bounds.takes(migration) && !waits {
            within.push(migration);
        } else {
            left.insert(migration.reference());
            ended.insert(service);
        }
    }
    within
}

/// The conflicts between a service's migrations and its history.
fn judge(
    request: &Request<'_, '_>,
    service: &str,
    pending: &[Migration<'_>],
    notes: &mut Vec<String>,
) -> Vec<Conflict> {
    let known = request.registry.migrations_of(service);
    let known: BTreeMap<Version, Migration<'_>> =
        small::collect(known.map(|migration| (migration.version, migration)));
    let mut conflicts = Vec::new();
    for entry in request.history.entries_of(service) {
        if let Some(direction) = entry.dirty {
            let is_of = |m: &Migration<'_>| m.id() == entry.id;
            match pending.iter().any(is_of) {
                true => notes.push(resumes(entry, direction, Direction::Up)),
                false => conflicts.push(Conflict::dirty(request.registry, entry, direction)),
            }
            continue;
        }
        let Some(migration) = known.get(&entry.id.version) else {
            match request.policy.missing {
                Leave::Refused => conflicts.push(Conflict::missing(entry)),
                Leave::Allowed => notes.push(format!("{} is missing from this binary", entry.id)),
            }
            continue;
        };
        match entry.likeness(*migration) {
            Likeness::Same => {}
            Likeness::Cosmetic => notes.push(format!(
                "{} differs from the applied script only in comments or white space",
                entry.id
            )),
            Likeness::Changed => conflicts.push(Conflict::changed(entry, *migration)),
        }
    }
    conflicts
}

fn out_of_order(request: &Request<'_, '_>, pending: &[Migration<'_>]) -> Vec<Conflict> {
    if request.policy.out_of_order == Leave::Allowed {
        return Vec::new();
    }
    let begun = |m: &Migration<'_>| request.history.entry(m.service, m.version).is_some();
    pending
        .iter()
        .filter(|migration| !begun(migration))
        .filter_map(|migration| {
            let newest = request
                .history
                .newest_known(request.registry, migration.service)
                .filter(|newest| *newest > migration.version)?;
            Some(Conflict::out_of_order(*migration, newest))
        })
        .collect()
}
