//! Compares a whole database with a registry: whether a service may start.
//!
//! `migrator-runtime` reads the history and waits. Each migration's own state is in
//! [`status`](crate::status).

use std::collections::BTreeSet;
use std::fmt;

use migrator_model::Registry;
use migrator_model::file_name::Direction;

use crate::conflict::Conflict;
use crate::history::{Entry, History};
use crate::plan::plan;
use crate::step::Step;
use crate::target::{Policy, Target};
use crate::up::deciding_services;

/// The state of a database for a registry and a target. A service reads it before the service
/// starts.
///
/// If several states hold at once, the first in this order is returned: conflict, behind,
/// ahead, current.
///
/// Only the services of the registry count; a registry includes the services that its own
/// depend on. An entry that the registry does not have comes from a newer binary or from
/// another branch. It is never a conflict, dirty or not, because this binary does not need it.
/// A migration that another run is applying or reverting outside a transaction counts as
/// pending.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DatabaseState {
    /// `up` would have nothing to do, and nothing is unknown.
    Current,
    /// `up` would apply this number of migrations.
    Behind(usize),
    /// `up` would have nothing to do, but these migrations are applied and missing from the
    /// registry. Sorted by service, then by version.
    Ahead(Vec<Entry>),
    /// The problems that would keep `up` from starting: a migration was changed, is out of order
    /// (unless the policy allows that), or was interrupted. Waiting does not solve them.
    Conflict(Vec<Conflict>),
}

impl DatabaseState {
    /// Compares a registry with a history, while other runs are changing some services.
    #[must_use]
    pub fn new(
        registry: &Registry,
        history: &History,
        target: &Target,
        policy: Policy,
        at_work: &BTreeSet<String>,
    ) -> DatabaseState {
        let own = history.entries();
        let own = own.filter(|entry| registry.find_service(&entry.id.service).is_some());
        let (known, unknown): (Vec<&Entry>, Vec<&Entry>) = own.partition(|entry| {
            registry
                .migration(&entry.id.service, entry.id.version)
                .is_some()
        });
        let is_settled =
            |entry: &&&Entry| entry.dirty.is_none() || !at_work.contains(&*entry.id.service);
        let settled = known.iter().filter(is_settled).copied().cloned();
        let history = History::new(settled);
        let planned = plan(registry, &history, Direction::Up, target, policy);
        // A revert that was interrupted is finished first, and then the migration is applied again.
        let is_up = |step: &&Step<'_>| step.direction() == Direction::Up;
        match planned.map(|plan| plan.steps.iter().filter(is_up).count()) {
            Err(conflicts) => DatabaseState::Conflict(conflicts),
            Ok(0) if unknown.is_empty() => DatabaseState::Current,
            Ok(0) => DatabaseState::Ahead(unknown.into_iter().cloned().collect()),
            Ok(pending) => DatabaseState::Behind(pending),
        }
    }

    /// The services that decide whether the state is current: that is certain if each of them has
    /// exactly the migrations of the registry, none of them changed or dirty, and no other.
    ///
    /// `None` if other facts count too.
    #[must_use]
    pub fn deciding_services<'r>(registry: &'r Registry, target: &Target) -> Option<Vec<&'r str>> {
        deciding_services(registry, target)?;
        // An unknown migration of any service of the registry makes the state `Ahead`.
        Some(registry.services().map(|service| service.name).collect())
    }

    /// Whether every migration of the target is applied: the state is current or ahead.
    #[must_use]
    pub fn is_ready(&self) -> bool {
        match self {
            DatabaseState::Current | DatabaseState::Ahead(_) => true,
            DatabaseState::Behind(_) | DatabaseState::Conflict(_) => false,
        }
    }
}

/// A sentence, such as `2 migrations are pending`.
impl fmt::Display for DatabaseState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            DatabaseState::Current => f.write_str("all migrations are applied"),
            DatabaseState::Behind(1) => f.write_str("1 migration is pending"),
            DatabaseState::Behind(number) => write!(f, "{number} migrations are pending"),
            DatabaseState::Ahead(entries) => {
                f.write_str("all migrations are applied, and some that this binary does not have")?;
                match entries.first() {
                    Some(first) => write!(f, ", such as `{}`", first.id),
                    None => Ok(()),
                }
            }
            DatabaseState::Conflict(conflicts) => {
                if conflicts.len() > 1 {
                    write!(f, "{} conflicts, the first with ", conflicts.len())?;
                }
                conflicts.first().map_or(Ok(()), |first| first.fmt(f))
            }
        }
    }
}
