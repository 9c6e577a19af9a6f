//! What a run would do.

use std::collections::BTreeSet;

use migrator_model::MigrationId;
use migrator_runtime::Direction;
use migrator_runtime::plan::{Plan as RunPlan, Reason};
use serde::Serialize;

use super::lost::Lost;
use super::members;

/// The steps of a plan.
#[derive(Debug, Serialize)]
pub(crate) struct Plan {
    #[serde(rename = "plan")]
    pub(crate) steps: Vec<PlannedStep>,
    /// What the planner noticed.
    pub(crate) notes: Vec<String>,
    /// Whether the run would create the database.
    #[serde(skip_serializing_if = "members::is_false")]
    pub(crate) creates_database: bool,
    /// The data that a switch removes.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) lost: Vec<Lost>,
    /// What the user asked for. A run up may first revert an interrupted migration.
    #[serde(skip)]
    pub(crate) directions: &'static [Direction],
}

/// One step of a plan.
#[derive(Debug, Serialize)]
pub(crate) struct PlannedStep {
    #[serde(flatten, serialize_with = "members::migration")]
    pub(crate) id: MigrationId,
    #[serde(serialize_with = "members::direction")]
    pub(crate) direction: Direction,
    #[serde(serialize_with = "members::reason")]
    pub(crate) reason: Reason,
    /// Whether the step continues an interrupted script.
    pub(crate) resumed: bool,
    /// Why the migration cannot be reverted, if it cannot.
    pub(crate) irreversible: Option<String>,
}

impl Plan {
    /// A plan of `up` or `down`.
    pub(crate) fn new(plan: &RunPlan<'_>, direction: Direction) -> Plan {
        let directions: &[Direction] = match direction {
            Direction::Up => &[Direction::Up],
            Direction::Down => &[Direction::Down],
        };
        Plan::in_directions(plan, directions, Vec::new())
    }

    /// A plan of `up --switch`, and the data that it removes.
    pub(crate) fn of_switch(plan: &RunPlan<'_>, lost: Vec<Lost>) -> Plan {
        Plan::in_directions(plan, &[Direction::Down, Direction::Up], lost)
    }

    fn in_directions(
        plan: &RunPlan<'_>,
        directions: &'static [Direction],
        lost: Vec<Lost>,
    ) -> Plan {
        let steps = plan.steps.iter().map(|step| PlannedStep {
            id: step.id.clone(),
            direction: step.direction(),
            reason: step.reason,
            resumed: step.is_resumed(),
            irreversible: step.irreversible(),
        });
        Plan {
            steps: steps.collect(),
            notes: plan.notes.clone(),
            creates_database: false,
            lost,
            directions,
        }
    }

    /// The plan of a run that first creates the database.
    pub(crate) fn of_new_database(self) -> Plan {
        Plan {
            creates_database: true,
            ..self
        }
    }

    /// How many migrations are applied only because a selected service depends on them, and the
    /// services that own them.
    pub(crate) fn dependencies(&self) -> (usize, BTreeSet<&str>) {
        let steps = self.steps.iter();
        let steps = steps.filter(|step| step.reason == Reason::Dependency);
        let services: Vec<&str> = steps.map(|step| &*step.id.service).collect();
        (services.len(), services.into_iter().collect())
    }
}
