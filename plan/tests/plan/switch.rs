//! Plans of a switch to another tree.

use std::collections::BTreeSet;

use migrator_model::file_name::Direction;
use migrator_model::{Mode, Registry};
use migrator_plan::history::{Entry, History, Likeness, Stored};
use migrator_plan::{Leave, Policy, Record, Selection, Step, switch};
use proptest::prelude::*;
use proptest::sample::subsequence;

use super::random::{NAMES, after, databases, may_need};
use super::support::{
    applied, everything, foreign, irreversible, outcome_in_short, platform, reference, registry,
    service, spec,
};

fn with_policy(
    registry: &Registry,
    entries: &[Entry],
    services: &[&str],
    policy: Policy,
) -> Vec<String> {
    let history = History::new(entries.to_vec());
    let outcome = switch(registry, &history, &selection(services), policy);
    let directions: Vec<&str> = match &outcome {
        Ok(plan) => {
            let steps = plan.steps.iter();
            steps.map(|step| step.direction().as_str()).collect()
        }
        Err(conflicts) => vec!["refused"; conflicts.len()],
    };
    let texts = outcome_in_short(outcome).into_iter().zip(directions);
    texts.map(|(text, how)| format!("{how} {text}")).collect()
}

/// The plan of a switch of some services; of all without a name.
fn planned(registry: &Registry, entries: &[Entry], services: &[&str]) -> Vec<String> {
    with_policy(registry, entries, services, Policy::default())
}

fn selection(services: &[&str]) -> Selection {
    match services {
        [] => Selection::All,
        names => Selection::Named(names.iter().map(|&name| name.to_owned()).collect()),
    }
}

/// The entry of a migration whose up script was different.
fn changed(mut entry: Entry) -> Entry {
    "7".clone_into(&mut entry.checksum);
    entry.fingerprint = None;
    entry
}

#[test]
fn a_missing_migration_is_reverted_before_pending_ones_are_applied() {
    let registry = platform();
    let mut entries = applied(&registry, "core/1 core/4");
    entries.push(foreign("core", 8, &[]));
    assert_eq!(
        planned(&registry, &entries, &["core"]),
        ["down core/8 stored"]
    );
    assert_eq!(
        planned(&registry, &entries, &["tenant"]),
        [
            "down core/8 stored",
            "up tenant/2",
            "up auth/3 dependency",
            "up auth/5 dependency",
            "up tenant/6"
        ]
    );
}

#[test]
fn a_changed_migration_is_reverted_with_those_that_may_need_it_and_applied_again() {
    let registry = platform();
    let mut entries = everything(&registry);
    let third = entries
        .iter()
        .position(|entry| entry.reference() == reference("auth", 5));
    let third = third.expect("it is applied");
    entries[third] = changed(entries[third].clone());
    let plan = planned(&registry, &entries, &["auth"]);
    assert_eq!(
        plan,
        [
            "down user/7 cascade",
            "down auth/9 cascade",
            "down tenant/6 cascade",
            "down auth/5 stored",
            "up auth/5",
            "up tenant/6 cascade",
            "up auth/9",
            "up user/7 cascade"
        ]
    );
}

#[test]
fn a_migration_that_is_newer_than_a_pending_one_is_reverted_first() {
    let registry = platform();
    let entries = applied(&registry, "core/4");
    assert_eq!(
        planned(&registry, &entries, &["core"]),
        ["down core/4", "up core/1", "up core/4"]
    );
    let policy = Policy {
        out_of_order: Leave::Allowed,
        ..Policy::default()
    };
    assert_eq!(
        with_policy(&registry, &entries, &["core"], policy),
        ["up core/1"]
    );
}

#[test]
fn a_switch_of_all_also_reverts_a_service_that_the_registry_does_not_have() {
    let registry = platform();
    let mut entries = everything(&registry);
    entries.push(foreign("billing", 3, &["core"]));
    assert_eq!(planned(&registry, &entries, &[]), ["down billing/3 stored"]);
    assert_eq!(
        planned(&registry, &entries, &["billing"]),
        ["down billing/3 stored"]
    );
    assert!(planned(&registry, &entries, &["core"]).is_empty());
}

#[test]
fn a_changed_migration_of_a_dependency_is_reverted() {
    let registry = registry(
        &[
            service("core", &[]),
            service("shop", &["core"]),
            service("web", &[]),
        ],
        &[
            spec("core", 1, &[]),
            spec("shop", 2, &[]),
            spec("web", 3, &[]),
        ],
    );
    let entries: Vec<Entry> = everything(&registry).into_iter().map(changed).collect();
    assert_eq!(
        planned(&registry, &entries, &["shop"]),
        [
            "down shop/2 stored",
            "down core/1 stored",
            "up core/1 cascade",
            "up shop/2"
        ]
    );
}

#[test]
fn an_irreversible_or_dirty_migration_is_in_the_way() {
    let registry = irreversible(&platform(), "core/4");
    let mut entries = applied(&registry, "core/1 core/4");
    entries[0] = changed(entries[0].clone());
    assert_eq!(
        planned(&registry, &entries, &["core"]),
        ["refused M0408 core/4"]
    );
    let mut missing = foreign("core", 8, &[]);
    missing.down_script = Stored::Irreversible("the rows are gone".to_owned());
    let mut dirty = foreign("core", 9, &[]);
    dirty.dirty = Some(Direction::Up);
    let mut unrecorded = foreign("core", 10, &[]);
    unrecorded.down_script = Stored::No;
    let entries = [missing, dirty, unrecorded];
    assert_eq!(
        planned(&registry, &entries, &["core"]),
        [
            "refused M0407 core/10",
            "refused M0404 core/9",
            "refused M0408 core/8"
        ]
    );
    let mut entries = applied(&registry, "core/1");
    entries[0].dirty = Some(Direction::Up);
    assert_eq!(
        planned(&registry, &entries, &["core"]),
        ["refused M0404 core/1"]
    );
}

#[test]
fn an_interrupted_script_is_resumed() {
    let registry = platform().changed(|data| {
        for migration in &mut data.migrations {
            migration.up.mode = Mode::NoTransaction;
            migration.up.raw = "CREATE INDEX CONCURRENTLY i ON t (c);".into();
        }
    });
    let mut entries = applied(&registry, "core/1");
    entries[0].dirty = Some(Direction::Up);
    let history = History::new(entries);
    let services = selection(&["core"]);
    let plan = switch(&registry, &history, &services, Policy::default()).expect("it is resumable");
    let resumed: Vec<bool> = plan.steps.iter().map(Step::is_resumed).collect();
    assert_eq!(resumed, [true, false]);
}

/// The history of another branch: some migrations of the registry, some of them with another up
/// script, and some migrations that the registry does not have.
fn branches() -> impl Strategy<Value = (Registry, Vec<Entry>)> {
    let names = ["a", "b", "c", "d", "e", "gone"];
    let others = prop::collection::vec((subsequence(names.to_vec(), 1..=3), 0_i64..20), 0..4);
    let edited = prop::collection::vec(any::<bool>(), 16);
    (databases(), edited, others).prop_map(|((registry, entries), edited, others)| {
        let entries = entries.into_iter().zip(edited);
        let mut entries: Vec<Entry> = entries
            .map(|(entry, is_edited)| match is_edited {
                true => changed(entry),
                false => entry,
            })
            .collect();
        for (names, number) in others {
            let (service, depends_on) = names.split_first().expect("one or more");
            let other = foreign(service, number, depends_on);
            if entries
                .iter()
                .all(|entry| entry.reference() != other.reference())
            {
                entries.push(other);
            }
        }
        (registry, entries)
    })
}

fn services() -> impl Strategy<Value = Selection> {
    prop_oneof![
        Just(Selection::All),
        subsequence(NAMES.to_vec(), 1..=3).prop_map(|names| selection(&names)),
    ]
}

proptest! {
    #[test]
    fn after_a_switch_the_history_equals_the_registry(
        branch in branches(),
        services in services(),
    ) {
        let (registry, entries) = branch;
        let history = History::new(entries.clone());
        let plan = switch(&registry, &history, &services, Policy::default());
        let plan = plan.expect("everything can be reverted");
        let after = after(&registry, entries.clone(), &plan);
        let is_registered = |entry: &Entry| {
            let migration = registry.migration(&entry.id.service, entry.id.version);
            migration.is_some_and(|one| entry.likeness(one) == Likeness::Same)
        };
        let is_applied = |service: &str| {
            let mut migrations = registry.migrations_of(service);
            migrations.all(|one| after.iter().any(|entry| entry.reference() == one.reference()))
        };
        for name in NAMES.into_iter().filter(|name| services.names(name)) {
            prop_assert!(is_applied(name), "{name}");
        }
        for entry in after.iter().filter(|entry| services.names(&entry.id.service)) {
            prop_assert!(is_registered(entry), "{entry}");
        }
        // What another service loses and the registry has, is applied again.
        let kept = entries.iter().filter(|entry| is_registered(entry));
        for entry in kept {
            prop_assert!(after.contains(entry), "{entry}");
        }
        let history = History::new(after);
        let again = switch(&registry, &history, &services, Policy::default());
        prop_assert!(again.expect("as before").steps.is_empty());
    }

    #[test]
    fn a_switch_reverts_in_order_and_then_applies_in_order(
        branch in branches(),
        services in services(),
    ) {
        let (registry, entries) = branch;
        let history = History::new(entries.clone());
        let plan = switch(&registry, &history, &services, Policy::default());
        let plan = plan.expect("everything can be reverted");
        let is_revert = |step: &Step<'_>| matches!(step.record, Record::Delete(_));
        let reverts = plan.steps.iter().take_while(|step| is_revert(step)).count();
        prop_assert!(!plan.steps.iter().skip(reverts).any(is_revert));
        let mut left = entries;
        for step in plan.steps.iter().take(reverts) {
            let Record::Delete(reverted) = &step.record else { panic!("{step}") };
            left.retain(|entry| *entry != **reverted);
            let newer = left.iter().filter(|entry| entry.id.service == reverted.id.service);
            prop_assert!(newer.clone().all(|entry| entry.id.version < reverted.id.version));
            let is_before = |entry: &Entry| {
                let place = |e: &Entry| registry.migrations().position(|m| m.reference() == e.reference());
                place(entry).is_none() || place(reverted).is_none() || place(entry) < place(reverted)
            };
            for entry in &left {
                prop_assert!(!may_need(&registry, entry, reverted) || is_before(entry));
            }
        }
        let mut newest = BTreeSet::new();
        for step in plan.steps.iter().skip(reverts) {
            let own = (step.service().to_owned(), step.version());
            let later = left.iter().filter(|entry| *entry.id.service == *step.service());
            let mut later = later.filter(|entry| entry.id.version > step.version());
            prop_assert!(later.next().is_none(), "{step} is out of order");
            prop_assert!(newest.insert(own));
        }
    }
}
