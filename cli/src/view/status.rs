//! What is applied and what is pending.

use std::collections::BTreeMap;

use migrator_model::{MigrationId, Version};
use migrator_runtime::{
    ActiveRun, Activity, Direction, MigrationStatus, ServerRole, ServiceStatus, State,
};
use serde::Serialize;

use super::evidence::{Detected, Evidence};
use super::members;

/// The summary of a service that has nothing but applied migrations.
const CURRENT: &str = "current";

/// What `status` found.
#[derive(Debug, Serialize)]
pub(crate) struct Status {
    /// Whether the server is a primary or a standby.
    #[serde(serialize_with = "members::server")]
    pub(crate) server: ServerRole,
    /// In plan order.
    pub(crate) services: Vec<ServiceState>,
    /// The runs that are changing the database now.
    #[serde(
        serialize_with = "members::active_runs",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub(crate) runs: Vec<ActiveRun>,
    /// Whether the user wants a list of the migrations instead of a table of the services.
    #[serde(skip)]
    pub(crate) lists_migrations: bool,
}

/// Whether a migration is pending, or another run is applying it.
pub(crate) fn is_pending(state: State) -> bool {
    matches!(state, State::Pending | State::AtWork(_))
}

/// How a database compares with the tree.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Condition {
    /// All migrations are applied.
    Current,
    /// Migrations are pending, and a run may apply them.
    Pending,
    /// The history does not allow a run.
    Problem,
}

impl Condition {
    /// The word that the output uses for the condition.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Condition::Current => "current",
            Condition::Pending => "pending",
            Condition::Problem => "problem",
        }
    }
}

/// The state of a service.
#[derive(Debug, Serialize)]
pub(crate) struct ServiceState {
    pub(crate) service: String,
    pub(crate) tier: Option<String>,
    /// `current`, or the number of migrations in each other state.
    #[serde(rename = "state")]
    pub(crate) summary: String,
    /// How many of its migrations are applied, whatever else is true of them.
    pub(crate) applied: usize,
    /// How many of its migrations are pending.
    pub(crate) pending: usize,
    pub(crate) migrations: Vec<MigrationState>,
}

/// How many migrations of a service are pending.
#[derive(Debug)]
pub(crate) struct Pending {
    pub(crate) service: String,
    pub(crate) number: usize,
}

/// The state of a migration.
#[derive(Debug, Serialize)]
pub(crate) struct MigrationState {
    #[serde(flatten, serialize_with = "members::migration_of_service")]
    pub(crate) id: MigrationId,
    #[serde(serialize_with = "members::state")]
    pub(crate) state: State,
    /// The direction of a script that was interrupted, or that another run is running.
    pub(crate) dirty: Option<&'static str>,
    pub(crate) resumable: bool,
    pub(crate) applied_on: Option<String>,
    /// The role that applied it, if the event log says so.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) applied_by: Option<String>,
    /// Why the migration cannot be reverted, if it cannot.
    pub(crate) irreversible: Option<String>,
    /// What the catalog shows of a pending migration, with `--detect`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) detected: Option<Evidence>,
}

impl Status {
    /// The runs are those that are changing one of the services.
    pub(crate) fn new(
        (found, activity): (migrator_runtime::Status, Activity),
        lists_migrations: bool,
    ) -> Status {
        let services: Vec<_> = found.services.into_iter().map(service).collect();
        let Activity {
            server, mut runs, ..
        } = activity;
        let is_shown = |name: &String| services.iter().any(|one| one.service == *name);
        runs.retain(|run| run.services.iter().any(is_shown));
        Status {
            server,
            services,
            runs,
            lists_migrations,
        }
    }

    /// Adds the role that applied each migration.
    pub(crate) fn add_roles(&mut self, mut roles: BTreeMap<(String, Version), String>) {
        let migrations = self.services.iter_mut().flat_map(|one| &mut one.migrations);
        for migration in migrations.filter(|one| one.applied_on.is_some()) {
            let key = (migration.id.service.to_string(), migration.id.version);
            migration.applied_by = roles.remove(&key);
        }
    }

    /// How many migrations of each service are pending.
    pub(crate) fn pending(self) -> Vec<Pending> {
        let services = self.services.into_iter();
        let pending = services.map(|service| Pending {
            number: service.pending,
            service: service.service,
        });
        pending.collect()
    }

    /// Adds what the catalog shows of pending migrations.
    pub(crate) fn add(&mut self, detected: Vec<Detected>) {
        let mut found: BTreeMap<MigrationId, Evidence> = detected
            .into_iter()
            .map(|one| (one.id, one.evidence))
            .collect();
        let services = self.services.iter_mut();
        for migration in services.flat_map(|service| &mut service.migrations) {
            migration.detected = found.remove(&migration.id);
        }
    }

    /// How the database compares with the tree. A problem counts before a pending migration.
    pub(crate) fn condition(&self) -> Condition {
        let conditions = self.services.iter().map(ServiceState::condition);
        conditions.max().unwrap_or(Condition::Current)
    }

    /// The services that are not current.
    pub(crate) fn others(&self) -> impl Iterator<Item = &ServiceState> {
        self.services.iter().filter(|one| one.summary != CURRENT)
    }

    /// All migrations.
    pub(crate) fn migrations(&self) -> impl Iterator<Item = &MigrationState> {
        self.services.iter().flat_map(|one| &one.migrations)
    }
}

impl ServiceState {
    /// How the database compares with its migrations. A problem counts before a pending migration.
    pub(crate) fn condition(&self) -> Condition {
        let conditions = self.migrations.iter().map(|one| {
            if one.state == State::Applied {
                Condition::Current
            } else if is_pending(one.state) {
                Condition::Pending
            } else {
                Condition::Problem
            }
        });
        conditions.max().unwrap_or(Condition::Current)
    }

    /// Its newest applied migration.
    pub(crate) fn newest(&self) -> Option<&MigrationState> {
        let mut newest_first = self.migrations.iter().rev();
        newest_first.find(|one| one.applied_on.is_some() && one.dirty.is_none())
    }
}

fn service(found: ServiceStatus) -> ServiceState {
    let is_pending = |state| matches!(state, State::Pending | State::OutOfOrder);
    let count = |is: &dyn Fn(&MigrationStatus) -> bool| {
        let migrations = found.migrations.iter();
        migrations.filter(|migration| is(migration)).count()
    };
    ServiceState {
        summary: summary(&found),
        applied: count(&|one| one.applied_on.is_some()),
        pending: count(&|one| is_pending(one.state)),
        service: found.service,
        tier: found.tier,
        migrations: found.migrations.into_iter().map(migration).collect(),
    }
}

fn migration(found: MigrationStatus) -> MigrationState {
    MigrationState {
        dirty: found.state.interrupted().map(Direction::as_str),
        id: found.id,
        state: found.state,
        resumable: found.is_resumable,
        applied_on: found.applied_on,
        applied_by: None,
        irreversible: found.irreversible,
        detected: None,
    }
}

/// `current`, or the number of migrations in each other state.
fn summary(service: &ServiceStatus) -> String {
    let number_of = |word: &str| {
        let states = service.migrations.iter().map(|m| m.state.as_str());
        states.filter(|state| *state == word).count()
    };
    let words = [
        "dirty",
        "changed",
        "missing",
        "out of order",
        "at work",
        "pending",
    ];
    let found: Vec<String> = words
        .into_iter()
        .filter_map(|word| match number_of(word) {
            0 => None,
            number => Some(format!("{number} {word}")),
        })
        .collect();
    match found.is_empty() {
        true => CURRENT.to_owned(),
        false => found.join(", "),
    }
}
