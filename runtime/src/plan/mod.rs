//! The plan: which scripts run, in which order, or why none may.
//!
//! [`plan`] is pure and total. What it returns is what `--dry-run` prints,
//! what the tests check, and what a run executes.

mod conflict;
mod down;
mod sequence;
mod up;

use std::collections::BTreeSet;
use std::fmt;

use migrator_model::file_name::Direction;
use migrator_model::{Migration, MigrationId, Registry, Script, Version, nearest};

pub use conflict::Conflict;

use crate::history::{Entry, History, Likeness};
use crate::resume;
use crate::target::{Extent, Policy, Selection, Target};

/// The steps of a run, in order.
#[derive(Clone, Debug, Default)]
pub struct Plan<'r> {
    /// The steps.
    pub steps: Vec<Step<'r>>,
    /// What the user may want to know and need not act on.
    pub notes: Vec<String>,
}

/// One script and what it does to the history.
#[derive(Clone, Debug)]
pub struct Step<'r> {
    /// What runs.
    pub work: Work<'r>,
    /// Why it is in the plan.
    pub reason: Reason,
    /// Whether it begins or goes on.
    pub start: Start,
}

/// How a step starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Start {
    /// Its script has not begun.
    Afresh,
    /// Its script broke half-way in an earlier run, outside a transaction, and each
    /// of its statements is one that can be looked at and taken up again.
    Resumed,
}

/// What a step runs.
#[derive(Clone, Debug)]
pub enum Work<'r> {
    /// The up script of a migration.
    Apply(&'r Migration),
    /// The down script of an applied migration.
    Revert(Box<Entry>, DownScript<'r>),
}

/// Which down script reverts an entry.
#[derive(Clone, Copy, Debug)]
pub enum DownScript<'r> {
    /// That of the registry, which knows the migration as it was applied.
    Embedded(&'r Migration),
    /// That which was recorded when the migration was applied.
    Stored,
}

/// Why a step is in a plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// Its service was asked for.
    Requested,
    /// A service that was asked for depends on it.
    Dependency,
    /// It stands in the way of a revert that was asked for.
    Cascade,
}

/// Plans a run in one direction.
///
/// # Errors
///
/// Every conflict between registry, history and target.
pub fn plan<'r>(
    registry: &'r Registry,
    history: &History,
    direction: Direction,
    target: &Target,
    policy: Policy,
) -> Result<Plan<'r>, Vec<Conflict>> {
    let request = Request {
        registry,
        history,
        target,
        policy,
    };
    match direction {
        Direction::Up => up::plan(&request),
        Direction::Down => down::plan(&request),
    }
}

/// What both planners start from.
struct Request<'r, 'a> {
    registry: &'r Registry,
    history: &'a History,
    target: &'a Target,
    policy: Policy,
}

impl Request<'_, '_> {
    /// `--to` a version that no named service has is a slip; of all services,
    /// any time will do, and `0` is before everything.
    fn unknown_version(&self) -> Vec<Conflict> {
        let (Extent::To(version), Selection::Named(_)) =
            (self.target.extent, &self.target.services)
        else {
            return Vec::new();
        };
        let names = |service: &str| self.target.services.names(service);
        let migrations = self.registry.migrations.iter();
        let own = migrations.filter(|m| names(&m.service)).map(|m| m.version);
        let entries = self.history.entries().filter(|e| names(&e.id.service));
        let versions: BTreeSet<Version> = own.chain(entries.map(|e| e.id.version)).collect();
        if versions.contains(&version) || version.as_integer() == 0 {
            return Vec::new();
        }
        let versions: Vec<String> = versions.iter().map(Version::to_string).collect();
        let versions = versions.iter().map(String::as_str);
        let help = match nearest(&version.to_string(), versions) {
            Some(version) => format!("did you mean {version}?"),
            None => "`migrator status --output=json` lists the versions".to_owned(),
        };
        vec![Conflict::unknown_target(version, help)]
    }
}

/// The migration whose script broke half-way, if a run in the same direction can
/// resume it: it must be the script that broke.
pub(crate) fn resumable<'r>(registry: &'r Registry, entry: &Entry) -> Option<&'r Migration> {
    let direction = entry.dirty?;
    let migration = registry.migration(&entry.id.service, entry.id.version)?;
    let script = migration.script(direction);
    let is_same = entry.likeness(migration) != Likeness::Changed;
    (is_same && resume::can_be(&script.sql(), script.mode)).then_some(migration)
}

/// What is said of an entry whose script of one direction was interrupted, by a run of
/// this or the other direction that resumes it.
fn resumes(entry: &Entry, interrupted: Direction, run: Direction) -> String {
    let doing = interrupted.verb().past;
    let now = match interrupted == run {
        true => "this run resumes it",
        false => "this run finishes that, and then applies it again",
    };
    format!(
        "{} was interrupted while it was being {doing}: {now}",
        entry.id
    )
}

impl Step<'_> {
    /// Which migration.
    #[must_use]
    pub fn id(&self) -> MigrationId {
        match &self.work {
            Work::Apply(migration) => migration.id(),
            Work::Revert(entry, _) => entry.id.clone(),
        }
    }

    /// The service whose history the step changes.
    #[must_use]
    pub fn service(&self) -> &str {
        match &self.work {
            Work::Apply(migration) => &migration.service,
            Work::Revert(entry, _) => &entry.id.service,
        }
    }

    /// The migration's version.
    #[must_use]
    pub fn version(&self) -> Version {
        match &self.work {
            Work::Apply(migration) => migration.version,
            Work::Revert(entry, _) => entry.id.version,
        }
    }

    /// `<uid>_<name>`.
    #[must_use]
    pub fn name(&self) -> String {
        match &self.work {
            Work::Apply(migration) => migration.history_name(),
            Work::Revert(entry, _) => entry.id.history_name(),
        }
    }

    /// The script that is recorded with the one that runs, if there is one.
    pub(crate) fn recorded_with(&self) -> Option<&Script> {
        match &self.work {
            Work::Apply(migration) => Some(&migration.down),
            Work::Revert(..) => None,
        }
    }

    /// Why it cannot be reverted once it is applied, if it says that it cannot.
    #[must_use]
    pub fn irreversible(&self) -> Option<String> {
        match &self.work {
            Work::Apply(migration) => migration.down.irreversible(),
            Work::Revert(..) => None,
        }
    }

    /// Up or down.
    #[must_use]
    pub fn direction(&self) -> Direction {
        match self.work {
            Work::Apply(_) => Direction::Up,
            Work::Revert(..) => Direction::Down,
        }
    }
}

/// `tenant/20240101120000_a1b2c3d4_create_tenants_table`.
impl fmt::Display for Step<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.id().fmt(f)
    }
}
