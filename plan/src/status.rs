//! Compares a database with a registry, service by service.

use std::collections::BTreeSet;

use migrator_model::file_name::Direction;
use migrator_model::{MigrationId, Registry, small};

use crate::history::{Entry, History, Likeness, Stored};
use crate::resume::resumable;
use crate::target::Selection;

/// The state of some services.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Status {
    /// The services, in plan order; services that only the history has come last.
    pub services: Vec<ServiceStatus>,
}

/// The state of a service.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ServiceStatus {
    /// The name of the service.
    pub service: String,
    /// The name of its tier; `None` if only the history has the service.
    pub tier: Option<String>,
    /// Its migrations, by version.
    pub migrations: Vec<MigrationStatus>,
}

/// The state of a migration.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct MigrationStatus {
    /// The migration.
    pub id: MigrationId,
    /// The state.
    pub state: State,
    /// When it was applied, by the server's clock, in RFC 3339.
    pub applied_on: Option<String>,
    /// Whether the migration is dirty and the next run in the interrupted direction resumes it.
    pub is_resumable: bool,
    /// Why the migration is irreversible, if its down script says so.
    pub irreversible: Option<String>,
}

/// The state of a migration, from registry and history.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum State {
    /// In the registry and in the history, with the same script.
    Applied,
    /// Only in the registry.
    Pending,
    /// Only in the registry, below an applied version.
    OutOfOrder,
    /// In the registry and in the history, with different scripts.
    Changed,
    /// Only in the history.
    Missing,
    /// The script was interrupted in this direction, outside a transaction.
    Dirty(Direction),
    /// Another run is applying or reverting it now, outside a transaction.
    AtWork(Direction),
}

impl State {
    /// The word that the output uses for the state.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            State::Applied => "applied",
            State::Pending => "pending",
            State::OutOfOrder => "out of order",
            State::Changed => "changed",
            State::Missing => "missing",
            State::Dirty(_) => "dirty",
            State::AtWork(_) => "at work",
        }
    }

    /// The direction in which a script was interrupted, or is run by another run.
    #[must_use]
    pub fn interrupted(self) -> Option<Direction> {
        match self {
            State::Dirty(direction) | State::AtWork(direction) => Some(direction),
            State::Applied
            | State::Pending
            | State::OutOfOrder
            | State::Changed
            | State::Missing => None,
        }
    }
}

impl Status {
    /// Compares a registry with a history.
    #[must_use]
    pub fn new(registry: &Registry, history: &History, services: &Selection) -> Status {
        Status::with_other_runs(registry, history, services, &BTreeSet::new())
    }

    /// Compares a registry with a history, while other runs are changing some services.
    #[must_use]
    pub fn with_other_runs(
        registry: &Registry,
        history: &History,
        services: &Selection,
        at_work: &BTreeSet<String>,
    ) -> Status {
        let known = registry.services().map(|service| service.name.to_string());
        let mut names: Vec<String> = known.collect();
        let mut recorded: Vec<String> = history
            .entries()
            .map(|e| e.id.service.to_string())
            .collect();
        recorded.dedup();
        recorded.retain(|name| !names.contains(name));
        names.extend(recorded);
        names.retain(|name| services.names(name));
        Status {
            services: names
                .into_iter()
                .map(|name| {
                    let is_at_work = at_work.contains(&name);
                    let mut found = service(registry, history, name);
                    if is_at_work {
                        found.migrations.iter_mut().for_each(mark_in_progress);
                    }
                    found
                })
                .collect(),
        }
    }

    /// Whether every migration is applied and there is no problem.
    #[must_use]
    pub fn is_current(&self) -> bool {
        self.services.iter().all(|service| {
            let mut migrations = service.migrations.iter();
            migrations.all(|migration| migration.state == State::Applied)
        })
    }
}

impl ServiceStatus {
    /// The number of migrations in this state.
    #[must_use]
    pub fn count(&self, state: State) -> usize {
        let migrations = self.migrations.iter();
        migrations
            .filter(|migration| migration.state == state)
            .count()
    }
}

fn service(registry: &Registry, history: &History, name: String) -> ServiceStatus {
    let newest = history.newest_known(registry, &name);
    let mut migrations: Vec<MigrationStatus> = registry
        .migrations_of(&name)
        .map(|migration| {
            let entry = history.entry(&name, migration.version);
            let state = match entry {
                Some(entry) => applied_state(entry, entry.likeness(migration)),
                None if newest.is_some_and(|newest| newest > migration.version) => {
                    State::OutOfOrder
                }
                None => State::Pending,
            };
            MigrationStatus {
                id: migration.id(),
                state,
                applied_on: entry.map(|entry| entry.applied_on.clone()),
                is_resumable: entry.is_some_and(|entry| resumable(registry, entry).is_some()),
                irreversible: match (state, entry) {
                    (State::Changed, Some(entry)) => recorded_reason(entry),
                    _ => migration.down().irreversible(),
                },
            }
        })
        .collect();
    let known = |entry: &&Entry| registry.migration(&name, entry.id.version).is_none();
    let missing = history.entries_of(&name).filter(known);
    migrations.extend(missing.map(|entry| MigrationStatus {
        id: entry.id.clone(),
        state: entry.dirty.map_or(State::Missing, State::Dirty),
        applied_on: Some(entry.applied_on.clone()),
        is_resumable: false,
        irreversible: recorded_reason(entry),
    }));
    small::sort_by(&mut migrations, |a, b| a.id.version.cmp(&b.id.version));
    let tier = registry.find_service(&name).map(|service| service.tier);
    ServiceStatus {
        tier: tier.and_then(|tier| Some(registry.tiers().nth(tier)?.to_string())),
        service: name,
        migrations,
    }
}

fn recorded_reason(entry: &Entry) -> Option<String> {
    match &entry.down_script {
        Stored::Irreversible(reason) => Some(reason.clone()),
        Stored::Yes | Stored::No => None,
    }
}

/// A migration that looks dirty while another run holds the lock is that run's current step.
fn mark_in_progress(migration: &mut MigrationStatus) {
    if let State::Dirty(direction) = migration.state {
        migration.state = State::AtWork(direction);
        migration.is_resumable = false;
    }
}

fn applied_state(entry: &Entry, likeness: Likeness) -> State {
    match (entry.dirty, likeness) {
        (Some(direction), _) => State::Dirty(direction),
        (None, Likeness::Changed) => State::Changed,
        (None, Likeness::Same | Likeness::Cosmetic) => State::Applied,
    }
}
