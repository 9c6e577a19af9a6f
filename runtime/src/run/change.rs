//! The changes that a run can be asked for: each is a plan of steps.

use migrator_model::file_name::Direction;
use migrator_model::{MigrationId, Registry, Version};
use migrator_plan::{Claim, Conflict, Edit, Outcome, Plan, Policy, Selection, Target};

use crate::context::Context;
use crate::error::Error;
use crate::history::History;
use crate::run::plan_hash::plan_hash;
use crate::step::alongside::Alongside;

/// Which plan a run may carry out.
#[derive(Clone, Copy)]
pub(crate) enum Approved<'a> {
    /// Any plan.
    Any,
    /// The plan that the user has seen.
    Plan(&'a Plan<'static>),
    /// The plan with this hash ([`plan_hash`]).
    Hash(&'a str),
}

/// What a run is asked to do.
#[derive(Clone, Copy)]
pub(crate) enum Change<'a> {
    /// It applies or reverts migrations.
    Migrate {
        direction: Direction,
        target: &'a Target,
        /// The run refuses every other plan.
        approved: Approved<'a>,
    },
    /// It reverts the newest migration of this service and applies it again.
    Redo {
        service: &'a str,
        /// The migration that was the newest at the first read.
        seen: Option<&'a MigrationId>,
    },
    /// It makes the history of these services equal to the registry.
    Switch {
        services: &'a Selection,
        /// The run refuses every other plan.
        approved: Approved<'a>,
    },
    /// It records a dirty migration as applied or reverted.
    Repair {
        service: &'a str,
        version: Version,
        outcome: Outcome,
    },
    /// It records edited scripts.
    Accept(&'a [Edit<'static>]),
    /// It records migrations that do not run.
    Claim {
        claims: &'a [Claim<'static>],
        alongside: &'a Alongside,
    },
}

impl Change<'_> {
    /// The steps that change a history in this way, or what is in the way.
    pub(crate) fn plan(
        self,
        registry: &'static Registry,
        history: &History,
        policy: Policy,
    ) -> Result<Plan<'static>, Vec<Conflict>> {
        match self {
            Change::Migrate {
                direction,
                target,
                approved,
            } => {
                let plan = migrator_plan::plan(registry, history, direction, target, policy)?;
                approved.check(plan)
            }
            Change::Switch { services, approved } => {
                let plan = migrator_plan::switch(registry, history, services, policy)?;
                approved.check(plan)
            }
            Change::Redo { service, seen } => {
                let newest = newest(history, service);
                match seen.filter(|&seen| newest != Some(seen)) {
                    Some(seen) => Err(vec![Conflict::no_longer_newest(seen)]),
                    None => migrator_plan::redo(registry, history, service, policy),
                }
            }
            Change::Repair {
                service,
                version,
                outcome,
            } => migrator_plan::repair(history, service, version, outcome),
            Change::Accept(edits) => migrator_plan::accept(history, edits),
            Change::Claim { claims, .. } => migrator_plan::claim(registry, history, claims),
        }
    }
}

impl<'a> Change<'a> {
    /// The services that decide whether there is nothing to do
    /// ([`migrator_plan::deciding_services`]).
    pub(crate) fn deciding_services(
        self,
        registry: &'static Registry,
    ) -> Option<Vec<&'static str>> {
        match self {
            Change::Migrate {
                direction: Direction::Up,
                target,
                approved: Approved::Any,
            } => migrator_plan::deciding_services(registry, target),
            Change::Migrate { .. }
            | Change::Redo { .. }
            | Change::Switch { .. }
            | Change::Repair { .. }
            | Change::Accept(_)
            | Change::Claim { .. } => None,
        }
    }

    /// Whether the caller knows that there is something to do. If there is nothing, the run has
    /// opened a second session for nothing, so an `up` waits for its first read.
    pub(crate) fn is_certain_to_act(self) -> bool {
        match self {
            Change::Migrate { direction, .. } => direction == Direction::Down,
            Change::Redo { .. } | Change::Repair { .. } => true,
            Change::Switch { approved, .. } => !matches!(approved, Approved::Any),
            Change::Accept(edits) => !edits.is_empty(),
            Change::Claim { .. } => false,
        }
    }

    /// The same change, of the migration that a redo found at its first read. Another run may
    /// revert that migration before the redo has its lock, or apply a later one.
    pub(crate) fn of(self, history: &'a History) -> Change<'a> {
        match self {
            Change::Redo { service, .. } => Change::Redo {
                service,
                seen: newest(history, service),
            },
            Change::Migrate { .. }
            | Change::Switch { .. }
            | Change::Repair { .. }
            | Change::Accept(_)
            | Change::Claim { .. } => self,
        }
    }
}

impl<'a> Change<'a> {
    /// The statements of the caller, if the change is one transaction with them.
    pub(super) fn alongside(self) -> Option<&'a Alongside> {
        match self {
            Change::Claim { alongside, .. } => Some(alongside),
            Change::Migrate { .. }
            | Change::Redo { .. }
            | Change::Switch { .. }
            | Change::Repair { .. }
            | Change::Accept(_) => None,
        }
    }
}

impl Approved<'_> {
    /// The plan, unless it is another one than the approved plan.
    fn check(self, plan: Plan<'static>) -> Result<Plan<'static>, Vec<Conflict>> {
        let conflict = match self {
            Approved::Any => None,
            Approved::Plan(seen) => seen.first_difference(&plan).map(Conflict::plan_changed),
            Approved::Hash(expected) => {
                let hash = plan_hash(&plan);
                let now = (!plan.steps.is_empty()).then_some(&*hash);
                (hash != expected).then(|| Conflict::unexpected_plan(expected, now))
            }
        };
        match conflict {
            Some(conflict) => Err(vec![conflict]),
            None => Ok(plan),
        }
    }
}

fn newest<'h>(history: &'h History, service: &str) -> Option<&'h MigrationId> {
    history
        .entries_of(service)
        .next_back()
        .map(|entry| &entry.id)
}

impl Context {
    /// Checks the names of the services in a request. A run that reverts may name a service
    /// that only the history has.
    pub(crate) fn check_services(
        &self,
        change: Change<'_>,
        history: &History,
    ) -> Result<(), Error> {
        match change {
            Change::Migrate {
                direction, target, ..
            } => match direction {
                Direction::Up => self.check_names(&target.services, &History::default()),
                Direction::Down => self.check_names(&target.services, history),
            },
            Change::Switch { services, .. } => self.check_names(services, history),
            Change::Redo { service, .. } | Change::Repair { service, .. } => {
                let named = Selection::Named(vec![service.to_owned()]);
                self.check_names(&named, history)
            }
            // Of a service that nobody has, no migration is recorded.
            Change::Accept(_) | Change::Claim { .. } => Ok(()),
        }
    }

    pub(crate) fn make_plan(
        &self,
        change: Change<'_>,
        history: &History,
    ) -> Result<Plan<'static>, Vec<Conflict>> {
        change.plan(self.registry, history, self.options.policy)
    }
}
