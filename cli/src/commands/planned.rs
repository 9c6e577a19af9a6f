//! What a dry run shows of a plan: its legs, what each step does to tables, its scripts and its hash.

use std::collections::{BTreeMap, BTreeSet};
use std::slice;

use migrator_analysis::effects::{Effects, effects};
use migrator_analysis::losses;
use migrator_model::{MigrationId, Registry};
use migrator_runtime::plan::{Body, Leg, Plan as RunPlan, Step, legs, plan_hash};

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

/// The view with its details. `texts` are the scripts of the steps.
pub(super) fn with_details(
    mut view: Plan,
    registry: &Registry,
    plan: &RunPlan<'static>,
    texts: Vec<String>,
    scripts: Scripts,
) -> Plan {
    let legs = legs(registry, &plan.steps);
    let numbers = legs.iter().enumerate();
    let mut numbers = numbers.flat_map(|(index, leg)| leg.steps.iter().map(move |_| index + 1));
    let mut effects = effects_of(registry, plan);
    for (step, text) in view.steps.iter_mut().zip(texts) {
        step.leg = numbers.next();
        // A switch may revert a migration and apply it again.
        let found = step.applies.then(|| effects.remove(&step.id));
        if let Some(found) = found.flatten() {
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

/// The scripts of a plan that reads no history: of a database that does not exist yet.
pub(super) fn texts(plan: &RunPlan<'static>) -> Vec<String> {
    let text = |step: &Step<'static>| match step.body {
        Body::Script(script) => script.sql().into_owned(),
        Body::RecordedScript | Body::Nothing => String::new(),
    };
    plan.steps.iter().map(text).collect()
}

/// The effects of the migrations that the plan applies. The analysis reads all scripts of the registry.
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
