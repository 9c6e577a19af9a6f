//! The legs of a plan, and which leg waits for which.
//!
//! A leg is a sequence of steps of one service. Legs that do not wait for each other may run
//! side by side. In the order of the plan, a leg comes after every leg that it waits for.

use std::collections::{BTreeMap, BTreeSet};

use migrator_model::file_name::Direction;
use migrator_model::registry::MigrationRef;
use migrator_model::{Registry, small};

use crate::step::Step;

/// Consecutive steps of one service: either all of them apply a migration, or none does.
#[derive(Debug)]
pub struct Leg<'p> {
    /// The steps.
    pub steps: &'p [Step<'static>],
    /// The legs, by index, that must end before this leg begins. Of each service only the last
    /// such leg is listed, because that leg waits for the earlier ones.
    pub after: Vec<usize>,
}

/// Splits the steps of a plan into the steps of each leg.
pub fn in_legs<'p, 'r>(steps: &'p [Step<'r>]) -> impl Iterator<Item = &'p [Step<'r>]> {
    let kind = |step: &Step<'_>| (step.direction(), step.applies().is_some());
    steps.chunk_by(move |a, b| a.service() == b.service() && kind(a) == kind(b))
}

/// Splits the steps of a plan into legs.
#[must_use]
pub fn legs<'p>(registry: &Registry, steps: &'p [Step<'static>]) -> Vec<Leg<'p>> {
    let mut seen: BTreeMap<&str, Before<'_>> = BTreeMap::new();
    let mut legs = Vec::new();
    for (index, steps) in in_legs(steps).enumerate() {
        let leg = Part::of(registry, steps);
        let after = seen.values().filter(|before| leg.waits_for(&before.part));
        let after = after.map(|before| before.last).collect();
        match seen.get_mut(leg.service) {
            Some(before) => before.extend(index, leg),
            None => {
                let last = index;
                seen.insert(leg.service, Before { last, part: leg });
            }
        }
        legs.push(Leg { steps, after });
    }
    legs
}

/// Whether two of the legs may run at the same time.
#[must_use]
pub fn can_run_in_parallel(legs: &[Leg<'_>]) -> bool {
    let follows = |(index, leg): (usize, &Leg<'_>)| leg.after.contains(&index);
    !legs.iter().skip(1).enumerate().all(follows)
}

/// The legs of one service that were built so far.
struct Before<'p> {
    last: usize,
    part: Part<'p>,
}

impl<'p> Before<'p> {
    fn extend(&mut self, index: usize, leg: Part<'p>) {
        self.last = index;
        self.part.depends_on.extend(leg.depends_on);
        self.part.requires.extend(leg.requires);
    }
}

/// What decides whether steps of one service wait for those of another.
struct Part<'p> {
    service: &'p str,
    direction: Direction,
    /// The number of its tier; `None` if the registry does not have the service.
    tier: Option<usize>,
    depends_on: BTreeSet<String>,
    requires: BTreeSet<MigrationRef>,
}

impl<'p> Part<'p> {
    fn of(registry: &Registry, steps: &'p [Step<'static>]) -> Part<'p> {
        let first = steps.first();
        let service = first.map_or("", Step::service);
        let known = registry.dependencies_of(service).into_iter();
        let mut depends_on: BTreeSet<String> = small::collect(known.map(str::to_owned));
        let mut requires = BTreeSet::new();
        for step in steps {
            requires.extend(step.requires());
            let recorded = step.entry().into_iter().flat_map(|entry| &entry.depends_on);
            depends_on.extend(recorded.cloned());
        }
        Part {
            service,
            direction: first.map_or(Direction::Up, Step::direction),
            tier: registry.find_service(service).map(|service| service.tier),
            depends_on,
            requires,
        }
    }

    /// Whether this leg, which comes later in the plan, waits for an earlier one.
    fn waits_for(&self, earlier: &Part<'_>) -> bool {
        if self.service == earlier.service || self.direction != earlier.direction {
            return true;
        }
        let (Some(own), Some(other)) = (self.tier, earlier.tier) else {
            return true;
        };
        match self.direction {
            Direction::Up => other < own || self.needs(earlier),
            Direction::Down => other > own || earlier.needs(self),
        }
    }

    fn needs(&self, other: &Part<'_>) -> bool {
        let requires = |reference: &MigrationRef| reference.service == other.service;
        self.depends_on.contains(other.service) || self.requires.iter().any(requires)
    }
}

#[cfg(test)]
mod tests {
    use migrator_model::{Migration, Node, Registry, Tree, resolve};

    use super::{can_run_in_parallel, legs};
    use crate::history::{Entry, History, Origin, Stored};
    use crate::plan::plan;
    use crate::step::Plan;
    use crate::target::{Policy, Target};
    use migrator_model::file_name::Direction;

    const MANIFEST: &str = "tiers = [\"One\", \"Two\"]\n\
        [services.core]\ntier = \"One\"\ndirectory = \"core\"\n\
        [services.auth]\ntier = \"Two\"\ndirectory = \"auth\"\n\
        [services.tenant]\ntier = \"Two\"\ndirectory = \"tenant\"\n\
        [services.user]\ntier = \"Two\"\ndirectory = \"user\"\ndepends_on = [\"tenant\"]\n";

    /// A registry of migrations, each given by its service, its day and the head of its script.
    fn registry(migrations: &[(&str, u8, &str)]) -> &'static Registry {
        let mut tree = Tree::new("database").with_file("services.toml", MANIFEST);
        for service in ["core", "auth", "tenant", "user"] {
            let folder = format!("migrations/{service}");
            tree.nodes.insert(folder, Node::Folder);
        }
        for (number, (service, day, opening)) in migrations.iter().enumerate() {
            let stem = format!("migrations/{service}/202401{day:02}000000_{number:08x}_t{number}");
            tree = tree
                .with_file(&format!("{stem}.up.sql"), format!("{opening}SELECT 1;"))
                .with_file(&format!("{stem}.down.sql"), "SELECT 1;");
        }
        let resolved = resolve(&tree);
        assert_eq!(resolved.problems, []);
        Box::leak(Box::new(resolved.registry))
    }

    fn steps(
        registry: &'static Registry,
        history: &History,
        direction: Direction,
    ) -> Plan<'static> {
        plan(
            registry,
            history,
            direction,
            &Target::all(),
            Policy::default(),
        )
        .expect("no conflict")
    }

    /// Each leg's service and the indices of the legs that it waits for.
    fn shape(registry: &'static Registry, plan: &Plan<'static>) -> Vec<(String, Vec<usize>)> {
        let legs = legs(registry, &plan.steps);
        let shape = legs.iter().map(|leg| {
            let mut after = leg.after.clone();
            after.sort_unstable();
            (leg.steps[0].service().to_owned(), after)
        });
        shape.collect()
    }

    fn named(shape: &[(&str, &[usize])]) -> Vec<(String, Vec<usize>)> {
        let owned = |(name, after): &(&str, &[usize])| ((*name).to_owned(), after.to_vec());
        shape.iter().map(owned).collect()
    }

    const FOUR: [(&str, u8, &str); 5] = [
        ("core", 1, ""),
        ("auth", 2, ""),
        ("auth", 3, ""),
        ("tenant", 2, ""),
        ("user", 2, ""),
    ];

    fn entry(migration: Migration<'_>) -> Entry {
        Entry {
            id: migration.id(),
            applied_on: String::new(),
            checksum: migration.checksum.to_string(),
            fingerprint: Some(migration.up().fingerprint),
            dirty: None,
            requires: migration.requires(),
            depends_on: Vec::new(),
            down_script: Stored::Yes,
            origin: Origin::Applied,
        }
    }

    #[test]
    fn a_service_waits_for_earlier_tiers_and_what_it_depends_on() {
        let registry = registry(&FOUR);
        let plan = steps(registry, &History::default(), Direction::Up);
        let wanted: [(&str, &[usize]); 4] = [
            ("core", &[]),
            ("auth", &[0]),
            ("tenant", &[0]),
            ("user", &[0, 2]),
        ];
        assert_eq!(shape(registry, &plan), named(&wanted));
        assert!(can_run_in_parallel(&legs(registry, &plan.steps)));
    }

    #[test]
    fn downward_a_service_waits_for_later_tiers_and_what_depends_on_it() {
        let registry = registry(&FOUR);
        let entries = registry.migrations().map(entry);
        let history = History::new(entries);
        let plan = steps(registry, &history, Direction::Down);
        let wanted: [(&str, &[usize]); 4] = [
            ("user", &[]),
            ("tenant", &[0]),
            ("auth", &[]),
            ("core", &[0, 1, 2]),
        ];
        assert_eq!(shape(registry, &plan), named(&wanted));
    }

    #[test]
    fn a_service_waits_for_a_required_migration_of_the_same_tier() {
        let registry = registry(&[
            ("auth", 1, ""),
            ("auth", 3, "-- migrator: requires tenant/20240102000000\n"),
            ("tenant", 2, ""),
        ]);
        let plan = steps(registry, &History::default(), Direction::Up);
        let shape = shape(registry, &plan);
        let wanted: [(&str, &[usize]); 3] = [("auth", &[]), ("tenant", &[]), ("auth", &[0, 1])];
        assert_eq!(shape, named(&wanted));
    }

    #[test]
    fn legs_of_a_chain_do_not_run_side_by_side() {
        let registry = registry(&[("core", 1, ""), ("tenant", 2, ""), ("user", 3, "")]);
        let plan = steps(registry, &History::default(), Direction::Up);
        assert!(!can_run_in_parallel(&legs(registry, &plan.steps)));
        assert!(!can_run_in_parallel(&[]));
    }
}
