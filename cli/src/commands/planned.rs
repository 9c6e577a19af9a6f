//! What a dry run shows of a plan: its legs, what each step does to tables, its scripts and its hash.

use std::collections::{BTreeMap, BTreeSet};
use std::slice;

use migrator_analysis::effects::{Effects, down_effects, effects};
use migrator_analysis::losses;
use migrator_model::{Migration, MigrationId, Registry};
use migrator_runtime::history::History;
use migrator_runtime::plan::{Body, Leg, Plan as RunPlan, Step, legs, plan_hash};
use migrator_runtime::{Client, Direction, Migrator};

use crate::failure::Failure;
use crate::view::{Destruction, Plan, PlannedLeg, PlannedStep};

/// Whether the view has the scripts.
#[derive(Clone, Copy)]
pub(super) enum Scripts {
    Shown,
    LeftOut,
}

impl Scripts {
    /// What the flag `--sql` means.
    pub(super) fn of(flag: bool) -> Scripts {
        match flag {
            true => Scripts::Shown,
            false => Scripts::LeftOut,
        }
    }
}

/// What the database and the tree say about the steps of a plan.
pub(super) struct Basis {
    /// The scripts of the steps.
    texts: Vec<String>,
    /// What is applied; empty if the plan reverts nothing.
    history: History,
}

impl Basis {
    pub(super) async fn read(
        migrator: &Migrator,
        client: &Client,
        plan: &RunPlan<'static>,
    ) -> Result<Basis, Failure> {
        let texts = migrator.scripts(client, plan).await?;
        let history = match plan.steps.iter().any(reverts) {
            true => migrator.history(client).await?,
            false => History::default(),
        };
        Ok(Basis { texts, history })
    }

    /// The basis of a plan that reads no history: of a database that does not exist yet.
    pub(super) fn of_new_database(plan: &RunPlan<'static>) -> Basis {
        let text = |step: &Step<'static>| match step.body {
            Body::Script(script) => script.sql().into_owned(),
            Body::RecordedScript | Body::Nothing => String::new(),
        };
        Basis {
            texts: plan.steps.iter().map(text).collect(),
            history: History::default(),
        }
    }
}

/// The view with its details.
pub(super) fn with_details(
    mut view: Plan,
    registry: &Registry,
    plan: &RunPlan<'static>,
    basis: Basis,
    scripts: Scripts,
) -> Plan {
    let legs = legs(registry, &plan.steps);
    let numbers = legs.iter().enumerate();
    let mut numbers = numbers.flat_map(|(index, leg)| leg.steps.iter().map(move |_| index + 1));
    let mut effects = Found {
        applied: effects_of(registry, plan),
        reverted: down_effects_of(registry, plan, &basis.history),
    };
    for (step, text) in view.steps.iter_mut().zip(basis.texts) {
        step.leg = numbers.next();
        if let Some(found) = effects.take(step) {
            step.tables = found.tables;
            step.unknown = found.unknown;
        }
        step.destruction = destruction(step, slice::from_ref(&text));
        if let Scripts::Shown = scripts {
            step.sql = Some(text);
        }
    }
    let planned = legs.iter().map(|leg| planned_leg(registry, leg, &legs));
    view.legs = planned.collect();
    view.hash = Some(plan_hash(plan));
    view
}

/// The effects of scripts. A switch may revert a migration and apply it again.
struct Found<'r> {
    applied: BTreeMap<MigrationId, Effects<'r>>,
    reverted: BTreeMap<MigrationId, Effects<'r>>,
}

impl<'r> Found<'r> {
    /// The effects of the script that a step runs, if they are known.
    fn take(&mut self, step: &PlannedStep) -> Option<Effects<'r>> {
        match (step.applies, step.direction) {
            (true, _) => self.applied.remove(&step.id),
            (false, Direction::Down) => self.reverted.remove(&step.id),
            (false, Direction::Up) => None,
        }
    }
}

/// Whether a step runs the down script of a migration of the tree.
fn reverts(step: &Step<'static>) -> bool {
    step.direction() == Direction::Down && matches!(step.body, Body::Script(_))
}

/// The effects of the down scripts of the tree that the plan runs, on the schema of what is applied.
fn down_effects_of<'r>(
    registry: &'r Registry,
    plan: &RunPlan<'static>,
    history: &History,
) -> BTreeMap<MigrationId, Effects<'r>> {
    let steps = plan.steps.iter().filter(|step| reverts(step));
    let reverted: Vec<Migration<'r>> = steps
        .filter_map(|step| registry.migration(&step.id.service, step.id.version))
        .collect();
    if reverted.is_empty() {
        return BTreeMap::new();
    }
    let is_applied = |one: &Migration<'r>| history.entry(one.service, one.version).is_some();
    let applied = registry.migrations().filter(is_applied);
    let found = down_effects(applied, &reverted).into_iter();
    found.map(|one| (one.migration.id(), one)).collect()
}

/// The effects of the up scripts that the plan runs. The analysis reads all scripts of the registry.
fn effects_of<'r>(
    registry: &'r Registry,
    plan: &RunPlan<'static>,
) -> BTreeMap<MigrationId, Effects<'r>> {
    if !plan.steps.iter().any(|step| step.applies().is_some()) {
        return BTreeMap::new();
    }
    let effects = effects(registry).into_iter();
    effects.map(|one| (one.migration.id(), one)).collect()
}

/// `script` is the text of the step's script alone.
fn destruction(step: &PlannedStep, script: &[String]) -> Destruction {
    let found = losses(script);
    let is_named =
        !found.named.is_empty() || step.tables.iter().any(|effect| !effect.destroys.is_empty());
    match (is_named, found.unclear.is_empty()) {
        (true, _) => Destruction::Some,
        (false, true) => Destruction::None,
        (false, false) => Destruction::Unknown,
    }
}

fn planned_leg(registry: &Registry, leg: &Leg<'_>, legs: &[Leg<'_>]) -> PlannedLeg {
    let service = leg.steps.first().map_or("", Step::service);
    let tier = registry.find_service(service).map(|service| service.tier);
    let tier = tier.and_then(|tier| registry.tiers().nth(tier));
    PlannedLeg {
        service: service.to_owned(),
        tier: tier.map(str::to_owned),
        after: direct(leg, legs).map(|index| index + 1).collect(),
    }
}

/// The legs that a leg waits for, without those that another of them waits for, in order.
fn direct(leg: &Leg<'_>, legs: &[Leg<'_>]) -> impl Iterator<Item = usize> {
    let others = leg.after.iter().filter_map(|index| legs.get(*index));
    let earlier: BTreeSet<usize> = others.flat_map(|other| other.after.clone()).collect();
    let after: BTreeSet<usize> = leg.after.iter().copied().collect();
    after
        .into_iter()
        .filter(move |index| !earlier.contains(index))
}
