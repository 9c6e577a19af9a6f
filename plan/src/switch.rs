//! Plans a switch to another tree: reverts the applied migrations that the registry does not have
//! or has differently, and then applies what is pending.

use std::collections::{BTreeMap, BTreeSet};

use migrator_model::file_name::Direction;
use migrator_model::{Registry, Version, small};

use crate::conflict::Conflict;
use crate::down::{revert, with_dependents};
use crate::history::{Entry, History, Likeness};
use crate::plan::plan;
use crate::sequence::Sequence;
use crate::step::{Plan, Reason, Step};
use crate::target::{Leave, Policy, Selection, Target};
use crate::up::deciding_services;

/// Plans to make the history of these services, and of those that they need, equal to the
/// registry.
///
/// The plan reverts:
/// - each migration that is missing from the registry or that was changed since it was applied;
/// - each migration that is newer than a pending one of its service, unless the policy allows
///   migrations out of order;
/// - each migration that may need one of these, also of other services.
///
/// Then it applies the pending migrations, also those of each service that lost a migration.
/// With [`Selection::All`], the plan also reverts the services that only the history has.
///
/// # Errors
///
/// Every conflict of the reverts, or else of the run up after them. So nothing is reverted if
/// the plan cannot end with the migrations of the registry.
pub fn switch<'r>(
    registry: &'r Registry,
    history: &History,
    services: &Selection,
    policy: Policy,
) -> Result<Plan<'r>, Vec<Conflict>> {
    let sequence = Sequence::of(registry, history);
    let mut scope = Scope::of(registry, services);
    let (roots, reverted) = loop {
        let roots = scope.roots(history, &sequence, policy);
        let reverted = with_dependents(&sequence, &roots);
        let losing = reverted.iter().map(|&index| sequence.entries[index]);
        if !scope.widen(losing) {
            break (roots, reverted);
        }
    };
    let mut plan_of_switch = revert(registry, &sequence, &roots, &reverted)?;
    let remaining = history.without(plan_of_switch.steps.iter().map(|step| &step.id));
    let target = Target::services(scope.targets.iter().map(|&name| name.to_owned()));
    let applies = plan(registry, &remaining, Direction::Up, &target, policy)?;
    let applies_again =
        |step: &Step<'_>| step.reason == Reason::Requested && !services.names(step.service());
    plan_of_switch.steps.extend(
        applies
            .steps
            .into_iter()
            .map(|step| match applies_again(&step) {
                true => step.because(Reason::Cascade),
                false => step,
            }),
    );
    plan_of_switch.notes.extend(applies.notes);
    Ok(plan_of_switch)
}

/// The services that take part in a switch.
struct Scope<'r, 'a> {
    registry: &'r Registry,
    asked: &'a Selection,
    /// The services of the registry that are brought to its state: those of the user, and those
    /// that lose a migration.
    targets: BTreeSet<&'r str>,
    /// The same services, and those that they need.
    services: BTreeSet<&'r str>,
}

impl<'r, 'a> Scope<'r, 'a> {
    fn of(registry: &'r Registry, asked: &'a Selection) -> Scope<'r, 'a> {
        let names = registry.services().map(|service| service.name);
        let targets = small::collect(names.filter(|name| asked.names(name)));
        let services = with_needed(registry, &targets);
        Scope {
            registry,
            asked,
            targets,
            services,
        }
    }

    /// Adds the services of entries that are reverted. Returns whether any was new.
    fn widen<'e>(&mut self, reverted: impl Iterator<Item = &'e Entry>) -> bool {
        let known = reverted.filter_map(|entry| self.registry.find_service(&entry.id.service));
        let before = self.targets.len();
        self.targets.extend(known.map(|service| service.name));
        let has_grown = self.targets.len() > before;
        if has_grown {
            self.services = with_needed(self.registry, &self.targets);
        }
        has_grown
    }

    /// The entries that must be reverted for themselves, as indices into the sequence.
    fn roots(&self, history: &History, sequence: &Sequence<'_>, policy: Policy) -> BTreeSet<usize> {
        let pending = match policy.out_of_order {
            Leave::Refused => self.lowest_pending(history),
            Leave::Allowed => BTreeMap::new(),
        };
        let is_too_new = |entry: &Entry| {
            let lowest = pending.get(&*entry.id.service);
            lowest.is_some_and(|lowest| *lowest < entry.id.version)
        };
        let is_root =
            |entry: &Entry| self.has(entry) && (is_too_new(entry) || !self.is_of_registry(entry));
        let entries = sequence.entries.iter().enumerate();
        let roots = entries.filter(|(_, entry)| is_root(entry));
        small::collect(roots.map(|(index, _)| index))
    }

    /// The oldest pending migration of each service.
    fn lowest_pending(&self, history: &History) -> BTreeMap<&'r str, Version> {
        let lowest = |service: &&'r str| {
            let versions = self.registry.migrations_of(service).map(|m| m.version);
            let pending = versions.filter(|version| history.entry(service, *version).is_none());
            Some((*service, pending.min()?))
        };
        small::collect(self.services.iter().filter_map(lowest))
    }

    /// A service that only the history has takes part if the user asks for it.
    fn has(&self, entry: &Entry) -> bool {
        let service = &*entry.id.service;
        match self.registry.find_service(service) {
            Some(_) => self.services.contains(service),
            None => self.asked.names(service),
        }
    }

    fn is_of_registry(&self, entry: &Entry) -> bool {
        let id = &entry.id;
        let known = self.registry.migration(&id.service, id.version);
        known.is_some_and(|migration| entry.likeness(migration) != Likeness::Changed)
    }
}

/// These services, and those that a run up of them includes.
fn with_needed<'r>(registry: &'r Registry, names: &BTreeSet<&'r str>) -> BTreeSet<&'r str> {
    let target = Target::services(names.iter().map(|&name| name.to_owned()));
    let services = deciding_services(registry, &target).unwrap_or_default();
    small::collect(services)
}
