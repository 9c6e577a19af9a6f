//! Properties of every plan.

use std::collections::BTreeSet;

use migrator_model::file_name::Direction;
use migrator_model::{MigrationId, Registry, Version};
use migrator_plan::history::{Entry, History, Origin, Stored};
use migrator_plan::{DatabaseState, Extent, Leave, Policy, Selection, Target};
use migrator_plan::{Plan, Record, Step, deciding_services, plan, redo};
use proptest::prelude::*;
use proptest::sample::{Index, select, subsequence};

use super::support::{Service, Spec, entry_of, reference, registry, steps, version};

pub(crate) const NAMES: [&str; 5] = ["a", "b", "c", "d", "e"];

fn registries() -> impl Strategy<Value = Registry> {
    let edges = prop::collection::vec((0..NAMES.len(), 0..NAMES.len()), 0..6);
    let owners = prop::collection::vec(0..NAMES.len(), 0..16);
    let requires = prop::collection::vec((any::<Index>(), any::<Index>()), 0..6);
    (edges, owners, requires).prop_map(|(edges, owners, requires)| {
        let services: Vec<Service> = (0..NAMES.len())
            .map(|own| {
                let of: BTreeSet<usize> = edges
                    .iter()
                    .filter(|(from, to)| *from == own && to < from)
                    .map(|(_, to)| *to)
                    .collect();
                Service {
                    name: NAMES[own].to_owned(),
                    depends_on: of.into_iter().map(|to| NAMES[to].to_owned()).collect(),
                }
            })
            .collect();
        let number = |index: usize| i64::try_from(index).expect("small");
        let mut migrations: Vec<Spec> = owners
            .iter()
            .enumerate()
            .map(|(index, &owner)| Spec {
                service: NAMES[owner].to_owned(),
                number: number(index),
                requires: Vec::new(),
            })
            .collect();
        for (from, to) in requires.into_iter().filter(|_| !owners.is_empty()) {
            let (from, to) = (from.index(owners.len()), to.index(owners.len()));
            let (from, to) = (from.max(to), from.min(to));
            let reference = (NAMES[owners[to]].to_owned(), number(to));
            if from != to && !migrations[from].requires.contains(&reference) {
                migrations[from].requires.push(reference);
            }
        }
        registry(&services, &migrations)
    })
}

/// A registry with some of its migrations applied.
pub(crate) fn databases() -> impl Strategy<Value = (Registry, Vec<Entry>)> {
    registries().prop_flat_map(|registry| {
        let all: Vec<Entry> = registry
            .migrations()
            .map(|migration| entry_of(&registry, migration))
            .collect();
        let number = all.len();
        (Just(registry), subsequence(all, 0..=number))
    })
}

fn targets() -> impl Strategy<Value = Target> {
    let services = prop_oneof![
        Just(Selection::All),
        subsequence(NAMES.to_vec(), 1..=3)
            .prop_map(|names| Selection::Named(names.into_iter().map(str::to_owned).collect())),
    ];
    (services, 0..3, 1_usize..8, 0_i64..16).prop_map(|(services, extent, number, to)| {
        let target = match services {
            Selection::All => Target::all(),
            Selection::Named(names) => Target::services(names),
        };
        match extent {
            0 => target,
            1 => target.steps(steps(number)),
            _ => target.to(version(to)),
        }
    })
}

/// Entries of all kinds; registries have few of them.
fn entries() -> impl Strategy<Value = Vec<Entry>> {
    let names = prop_oneof![
        4 => select(NAMES.to_vec()).prop_map(str::to_owned),
        1 => ".{0,6}",
    ];
    let versions = prop_oneof![
        8 => (0_i64..16).prop_map(version),
        1 => any::<i64>().prop_map(Version::from_integer),
    ];
    let references = prop::collection::vec((select(NAMES.to_vec()), 0_i64..16), 0..3);
    let depends_on = prop::collection::vec(select(NAMES.to_vec()), 0..3);
    let dirty = prop_oneof![
        8 => Just(None),
        1 => Just(Some(Direction::Up)),
        1 => Just(Some(Direction::Down)),
    ];
    let entry = (
        names,
        versions,
        ".{0,8}",
        references,
        depends_on,
        dirty,
        any::<bool>(),
    )
        .prop_map(
            |(service, version, name, requires, depends_on, dirty, is_stored)| Entry {
                id: MigrationId::recorded(service, version, &name),
                applied_on: String::new(),
                checksum: String::new(),
                fingerprint: None,
                dirty,
                requires: requires.iter().map(|&(s, n)| reference(s, n)).collect(),
                depends_on: depends_on.into_iter().map(str::to_owned).collect(),
                down_script: match is_stored {
                    true => Stored::Yes,
                    false => Stored::No,
                },
                origin: Origin::Applied,
            },
        );
    prop::collection::vec(entry, 0..16)
}

pub(crate) const LENIENT: Policy = Policy {
    out_of_order: Leave::Allowed,
    missing: Leave::Allowed,
    cascade: Leave::Allowed,
};

/// The history after the plan.
pub(crate) fn after(registry: &Registry, mut entries: Vec<Entry>, plan: &Plan<'_>) -> Vec<Entry> {
    for step in &plan.steps {
        let is_it = |e: &Entry| e.id.service == step.service() && e.id.version == step.version();
        match &step.record {
            Record::Insert(migration) => {
                assert!(!entries.iter().any(is_it), "{step} is applied twice");
                entries.push(entry_of(registry, *migration));
            }
            Record::Delete(_) => {
                let before = entries.len();
                entries.retain(|entry| !is_it(entry));
                assert_eq!(before, entries.len() + 1, "{step} was not applied");
            }
            Record::Replace(..) | Record::MarkClean(_) | Record::Claim(_) => {
                panic!("{step} neither applies nor reverts")
            }
        }
    }
    entries
}

fn up(registry: &Registry, entries: &[Entry], target: &Target) -> Option<Plan<'static>> {
    // Leaked: a few kilobytes for each case.
    let registry: &'static Registry = Box::leak(Box::new(registry.clone()));
    plan(
        registry,
        &History::new(entries.to_vec()),
        Direction::Up,
        target,
        LENIENT,
    )
    .ok()
}

/// A history in which these services have exactly the migrations of the registry, and the
/// others have any entries.
fn complete(registry: &Registry, services: &[&str], mut entries: Vec<Entry>) -> History {
    entries.retain(|entry| !services.contains(&&*entry.id.service));
    let own = registry.migrations();
    let own = own.filter(|migration| services.contains(&migration.service));
    entries.extend(own.map(|migration| entry_of(registry, migration)));
    History::new(entries)
}

/// Asserts that every step comes after the steps that it waits for.
fn assert_in_order(registry: &Registry, entries: &[Entry], plan: &Plan<'_>) {
    let key = |service: &str, version: Version| (service.to_owned(), version);
    let mut done: BTreeSet<_> = entries
        .iter()
        .map(|e| key(&e.id.service, e.id.version))
        .collect();
    for step in &plan.steps {
        let migration = step.applies().expect("every step applies");
        for required in migration.requires() {
            assert!(
                done.contains(&key(&required.service, required.version)),
                "{step}"
            );
        }
        done.insert(key(migration.service, migration.version));
        let at =
            |m: migrator_model::Migration<'_>| registry.migrations().position(|other| other == m);
        let earlier = registry.migrations_of(migration.service);
        for earlier in earlier.filter(|other| at(*other) < at(migration)) {
            assert!(
                done.contains(&key(earlier.service, earlier.version)),
                "{step}"
            );
        }
    }
}

/// Whether `entry` may need `other`: because it required `other` when it was applied, or because
/// `other` is an older migration of its service or of a dependency.
pub(crate) fn may_need(registry: &Registry, entry: &Entry, other: &Entry) -> bool {
    let related = entry.id.service == other.id.service
        || registry
            .dependencies_of(&entry.id.service)
            .contains(&*other.id.service);
    entry.requires.contains(&other.reference()) || (related && entry.id.version > other.id.version)
}

proptest! {
    #[test]
    fn an_up_of_everything_applies_just_what_is_pending(database in databases()) {
        let (registry, entries) = database;
        let plan = up(&registry, &entries, &Target::all()).expect("nothing is wrong");
        assert_in_order(&registry, &entries, &plan);
        prop_assert_eq!(plan.steps.len() + entries.len(), registry.len());
        let entries = after(&registry, entries, &plan);
        prop_assert!(up(&registry, &entries, &Target::all()).expect("as before").steps.is_empty());
    }

    #[test]
    fn nothing_is_to_do_if_the_deciding_services_are_complete(
        registry in registries(),
        target in targets(),
        others in entries(),
    ) {
        let policy = Policy::default();
        match deciding_services(&registry, &target) {
            None => prop_assert!(matches!(target.extent, Extent::To(_))),
            Some(services) => {
                let history = complete(&registry, &services, others.clone());
                let plan = plan(&registry, &history, Direction::Up, &target, policy);
                let plan = plan.expect("nothing is wrong");
                prop_assert!(plan.steps.is_empty() && plan.notes.is_empty());
            }
        }
        if let Some(services) = DatabaseState::deciding_services(&registry, &target) {
            let history = complete(&registry, &services, others);
            let state = DatabaseState::new(&registry, &history, &target, policy, &BTreeSet::new());
            prop_assert_eq!(state, DatabaseState::Current);
        }
    }

    #[test]
    fn a_second_up_is_empty(database in databases(), target in targets()) {
        let (registry, entries) = database;
        if let Some(plan) = up(&registry, &entries, &target) {
            assert_in_order(&registry, &entries, &plan);
            let is_own = |service: &str| match &target.services {
                Selection::All => true,
                Selection::Named(names) => names.iter().any(|name| name == service),
            };
            let own = plan.steps.iter().filter(|step| is_own(step.service()));
            let own: Vec<Version> = own.map(Step::version).collect();
            match (target.extent, &target.services) {
                (Extent::Steps(steps), _) => {
                    prop_assert!(own.len() <= steps.get());
                    return Ok(());
                }
                (Extent::To(version), Selection::Named(names)) if names.len() == 1 => {
                    prop_assert!(own.iter().all(|own| *own <= version));
                }
                (Extent::To(_) | Extent::Everything, _) => {}
            }
            let entries = after(&registry, entries, &plan);
            let again = up(&registry, &entries, &target).expect("as before");
            prop_assert!(again.steps.is_empty());
        }
    }

    #[test]
    fn a_down_of_everything_leaves_nothing(database in databases()) {
        let (registry, entries) = database;
        let history = History::new(entries.clone());
        let target = Target::all();
        let plan = plan(&registry, &history, Direction::Down, &target, Policy::default())
            .expect("nothing is in the way of everything");
        prop_assert!(after(&registry, entries, &plan).is_empty());
    }

    #[test]
    fn a_redo_reverts_one_migration_and_ends_with_it(database in databases(), service in 0_usize..3) {
        let (registry, entries) = database;
        let service = NAMES[service];
        let history = History::new(entries.clone());
        if let Ok(plan) = redo(&registry, &history, service, LENIENT) {
            let reverts = plan.steps.iter().filter(|step| matches!(step.record, Record::Delete(_)));
            prop_assert_eq!(reverts.count(), usize::from(!plan.steps.is_empty()));
            prop_assert_eq!(history.newest(service), plan.steps.first().map(Step::version));
            prop_assert_eq!(
                plan.steps.first().map(|step| &step.id),
                plan.steps.last().map(|step| &step.id)
            );
            let after = after(&registry, entries.clone(), &plan);
            prop_assert!(entries.iter().all(|entry| after.contains(entry)));
        }
    }

    #[test]
    fn a_down_reverts_nothing_that_is_still_needed(
        database in databases(),
        target in targets(),
    ) {
        let (registry, mut entries) = database;
        let history = History::new(entries.clone());
        if let Ok(plan) = plan(&registry, &history, Direction::Down, &target, LENIENT) {
            let order = |entry: &Entry| {
                registry.migrations().position(|m| entry.reference() == m.reference())
            };
            for step in &plan.steps {
                let Record::Delete(reverted) = &step.record else { panic!("{step}") };
                entries.retain(|entry| *entry != **reverted);
                for entry in &entries {
                    let needs = may_need(&registry, entry, reverted);
                    prop_assert!(
                        !needs || order(entry) < order(reverted),
                        "{} needs {}", entry.id, reverted.id
                    );
                }
            }
        }
    }

    #[test]
    fn a_refused_down_is_possible_with_cascade(database in databases(), target in targets()) {
        let (registry, entries) = database;
        let history = History::new(entries);
        let refused = plan(&registry, &history, Direction::Down, &target, Policy::default());
        let cascading = plan(&registry, &history, Direction::Down, &target, LENIENT);
        match (refused, cascading) {
            (Ok(one), Ok(other)) => prop_assert_eq!(one.steps.len(), other.steps.len()),
            (Err(_), Ok(_)) => {}
            (one, Err(conflicts)) => {
                prop_assert!(one.is_err());
                prop_assert!(conflicts.iter().all(|c| c.code.to_string() == "M0406"));
            }
        }
    }

    #[test]
    fn any_history_can_be_planned_over(
        registry in registries(),
        entries in entries(),
        target in targets(),
    ) {
        let history = History::new(entries);
        for direction in [Direction::Up, Direction::Down] {
            for policy in [Policy::default(), LENIENT] {
                match plan(&registry, &history, direction, &target, policy) {
                    Ok(_) => {}
                    Err(conflicts) => {
                        prop_assert!(!conflicts.is_empty());
                    }
                }
            }
        }
    }

    #[test]
    fn what_is_required_is_never_reverted_first_in_any_history(
        registry in registries(),
        entries in entries(),
    ) {
        let history = History::new(entries.into_iter().map(|mut entry| {
            entry.dirty = None;
            entry.down_script = Stored::Yes;
            // A migration requires only older ones, so that the history could exist.
            entry.requires.retain(|reference| reference.version < entry.id.version);
            entry
        }));
        let names = history.entries().map(|entry| entry.id.service.to_string());
        let target = Target::services(names);
        if let Ok(plan) = plan(&registry, &history, Direction::Down, &target, LENIENT) {
            let mut gone: Vec<&Entry> = Vec::new();
            for step in &plan.steps {
                let Record::Delete(entry) = &step.record else { panic!("{step}") };
                for earlier in &gone {
                    prop_assert!(!entry.requires.contains(&earlier.reference()));
                    prop_assert!(entry.id.service != earlier.id.service || entry.id.version < earlier.id.version);
                }
                gone.push(entry);
            }
            prop_assert_eq!(gone.len(), history.entries().count());
        }
    }
}
