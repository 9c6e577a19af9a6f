//! What a run would do.

use migrator_analysis::effects::{TableEffect, UnknownStatement};
use migrator_model::MigrationId;
use migrator_runtime::Direction;
use migrator_runtime::plan::{Plan as RunPlan, Reason};
use serde::{Serialize, Serializer};

use super::lost::Lost;
use super::{members, new_migration};

/// The steps of a plan.
#[derive(Debug, Serialize)]
pub(crate) struct Plan {
    #[serde(rename = "plan")]
    pub(crate) steps: Vec<PlannedStep>,
    /// The legs, in the order of the plan.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) legs: Vec<PlannedLeg>,
    /// The hash that `up --expect-plan` compares.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) hash: Option<String>,
    /// What the planner noticed.
    pub(crate) notes: Vec<String>,
    /// Whether the run would create the database.
    #[serde(skip_serializing_if = "members::is_false")]
    pub(crate) creates_database: bool,
    /// The data that the plan removes.
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
    /// Whether the step runs the up script of a migration of the tree.
    #[serde(skip)]
    pub(crate) applies: bool,
    /// The number of its leg, from 1.
    pub(crate) leg: Option<usize>,
    /// The tables and views that the script locks or changes.
    #[serde(serialize_with = "new_migration::tables")]
    pub(crate) tables: Vec<TableEffect>,
    /// The statements that may do more than `tables` shows.
    #[serde(serialize_with = "new_migration::statements")]
    pub(crate) unknown: Vec<UnknownStatement>,
    #[serde(rename = "destructive")]
    pub(crate) destruction: Destruction,
    /// The script, with `--sql`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) sql: Option<String>,
}

/// Whether the script of a step removes tables, columns or rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Destruction {
    None,
    Some,
    /// The script runs SQL that cannot be read, or nobody has looked.
    Unknown,
}

/// `true`, `false` or null.
impl Serialize for Destruction {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        match self {
            Destruction::None => to.serialize_bool(false),
            Destruction::Some => to.serialize_bool(true),
            Destruction::Unknown => to.serialize_none(),
        }
    }
}

/// Consecutive steps of one service.
#[derive(Debug, Serialize)]
pub(crate) struct PlannedLeg {
    pub(crate) service: String,
    /// The tier of the service; null if the tree does not have the service.
    pub(crate) tier: Option<String>,
    /// The numbers of the legs that it comes directly after, from 1. It waits for the legs before
    /// those too.
    pub(crate) after: Vec<usize>,
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

    /// A plan of `down`, and the data that it removes.
    pub(crate) fn of_down(plan: &RunPlan<'_>, lost: Vec<Lost>) -> Plan {
        Plan::in_directions(plan, &[Direction::Down], lost)
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
            applies: step.applies().is_some(),
            leg: None,
            tables: Vec::new(),
            unknown: Vec::new(),
            destruction: Destruction::Unknown,
            sql: None,
        });
        Plan {
            steps: steps.collect(),
            legs: Vec::new(),
            hash: None,
            notes: plan.notes.clone(),
            creates_database: false,
            lost,
            directions,
        }
    }

    /// The leg with this number, from 1.
    pub(crate) fn leg(&self, number: usize) -> Option<&PlannedLeg> {
        self.legs.get(number.checked_sub(1)?)
    }

    /// The plan of a run that first creates the database.
    pub(crate) fn of_new_database(self) -> Plan {
        Plan {
            creates_database: true,
            ..self
        }
    }

    /// The service of each step that has this reason.
    pub(crate) fn services(&self, reason: Reason) -> impl Iterator<Item = &str> {
        let steps = self.steps.iter();
        steps.filter_map(move |step| (step.reason == reason).then_some(&*step.id.service))
    }
}
