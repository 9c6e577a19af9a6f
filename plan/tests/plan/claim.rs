//! Plans that record migrations which do not run.

use migrator_model::Registry;
use migrator_model::file_name::Direction;
use migrator_plan::history::{Entry, History, Origin};
use migrator_plan::{Claim, Conflict, Plan, Record, Step, claim};

use super::support::{applied, conflict_in_short, find, platform};

fn claims<'r>(registry: &'r Registry, texts: &str) -> Vec<Claim<'r>> {
    let texts = texts.split_whitespace();
    let claim = |text| Claim {
        migration: find(registry, text),
        origin: Origin::Adopted,
        applied_on: Some("2020-02-02T00:00:00Z".to_owned()),
    };
    texts.map(claim).collect()
}

fn planned<'r>(
    registry: &'r Registry,
    entries: Vec<Entry>,
    texts: &str,
) -> Result<Plan<'r>, Vec<Conflict>> {
    claim(registry, &History::new(entries), &claims(registry, texts))
}

#[test]
fn claims_are_recorded_in_plan_order_and_run_nothing() {
    let registry = platform();
    let plan = planned(&registry, Vec::new(), "tenant/2 core/4 core/1 core/4");
    let steps = plan.expect("nothing is in the way").steps;
    let found: Vec<_> = steps.iter().map(Step::migration).collect();
    let wanted = ["core/1", "core/4", "tenant/2"].map(|text| find(&registry, text));
    assert_eq!(found.len(), 3);
    for (found, wanted) in found.into_iter().zip(wanted) {
        assert!(found.is_some_and(|found| found.is(wanted)));
    }
    let step = &steps[0];
    assert!(!step.has_script() && step.applies().is_none() && step.entry().is_none());
    assert_eq!(step.direction(), Direction::Up);
    assert_eq!(step.recorded_scripts().len(), 2);
    let Record::Claim(claim) = &step.record else {
        panic!("{step:?}")
    };
    assert_eq!(claim.origin, Origin::Adopted);
}

#[test]
fn an_entry_with_the_same_scripts_is_left_out() {
    let registry = platform();
    let entries = applied(&registry, "core/1");
    let plan = planned(&registry, entries.clone(), "core/1 core/4").expect("no conflict");
    assert_eq!(plan.steps.len(), 1);
    let again = planned(&registry, entries, "core/1").expect("no conflict");
    assert!(again.steps.is_empty());
}

#[test]
fn a_dirty_or_a_different_entry_is_a_conflict() {
    let registry = platform();
    let mut entries = applied(&registry, "core/1 core/4 tenant/2");
    entries[0].dirty = Some(Direction::Up);
    "7".clone_into(&mut entries[1].checksum);
    let refused = planned(&registry, entries, "core/1 core/4 tenant/2");
    let conflicts = refused.expect_err("two entries are in the way");
    let short: Vec<_> = conflicts.iter().map(conflict_in_short).collect();
    assert_eq!(short, ["M0404 core/1", "M0401 core/4"]);
}
