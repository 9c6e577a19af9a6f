//! The order in which a history's entries were or could have been applied, and
//! which of them may need which.

use std::collections::{BTreeMap, BTreeSet};

use migrator_model::registry::MigrationRef;
use migrator_model::{Migration, Registry, Version};

use crate::history::{Entry, History};

/// All entries of a history.
pub(crate) struct Sequence<'h> {
    /// Each behind what it may need.
    pub(crate) entries: Vec<&'h Entry>,
    /// For each, by index, those behind it that may need it; what these are
    /// needed by in turn is not repeated.
    pub(crate) needed_by: Vec<Vec<usize>>,
}

impl<'h> Sequence<'h> {
    pub(crate) fn of(registry: &Registry, history: &'h History) -> Sequence<'h> {
        let known = Known::of(registry);
        let ranked = ranked(registry, &known, history);
        let index = Index::of(&ranked);
        let needs: Vec<Needs<'_>> = ranked
            .iter()
            .map(|entry| Needs::of(&known, &index, entry))
            .collect();
        let order = order(&index, &needs);
        let mut place = vec![0; order.len()];
        for (at, &index) in order.iter().enumerate() {
            place[index] = at;
        }
        let mut needed_by = vec![Vec::new(); order.len()];
        for (needs, &own) in needs.iter().zip(&place) {
            for needed in needs.before(&index, &place, own) {
                needed_by[needed].push(own);
            }
        }
        Sequence {
            entries: order.into_iter().map(|index| ranked[index]).collect(),
            needed_by,
        }
    }
}

/// What is asked of the registry for each entry, looked up once.
struct Known<'a> {
    migrations: BTreeMap<(&'a str, Version), &'a Migration>,
    /// Of each service all that it depends on.
    dependencies: BTreeMap<&'a str, BTreeSet<&'a str>>,
}

impl<'a> Known<'a> {
    fn of(registry: &'a Registry) -> Known<'a> {
        let migrations = registry.migrations.iter();
        let names = registry
            .services
            .iter()
            .map(|service| service.name.as_ref());
        Known {
            migrations: migrations
                .map(|migration| ((migration.service.as_ref(), migration.version), migration))
                .collect(),
            dependencies: names
                .map(|name| (name, registry.dependencies_of(name)))
                .collect(),
        }
    }

    fn migration(&self, entry: &Entry) -> Option<&'a Migration> {
        let key = (&*entry.id.service, entry.id.version);
        self.migrations.get(&key).copied()
    }

    fn dependencies_of(&self, service: &str) -> BTreeSet<&'a str> {
        self.dependencies.get(service).cloned().unwrap_or_default()
    }
}

/// The ranks of entries by service and version.
struct Index<'a> {
    ranks: BTreeMap<(&'a str, Version), usize>,
}

impl<'a> Index<'a> {
    fn of(ranked: &[&'a Entry]) -> Index<'a> {
        let key = |entry: &&'a Entry| (&*entry.id.service, entry.id.version);
        let ranks = ranked.iter().enumerate();
        Index {
            ranks: ranks.map(|(rank, entry)| (key(entry), rank)).collect(),
        }
    }

    /// The service's entries below a version, from the newest.
    fn below(&self, service: &'a str, version: Version) -> impl Iterator<Item = usize> {
        let lowest = Version::from_integer(i64::MIN);
        let versions = (service, lowest)..(service, version);
        self.ranks.range(versions).rev().map(|(_, rank)| *rank)
    }

    fn find(&self, reference: &'a MigrationRef) -> Option<usize> {
        let key = (reference.service.as_ref(), reference.version);
        self.ranks.get(&key).copied()
    }
}

/// What an entry may need.
struct Needs<'a> {
    version: Version,
    /// What it certainly follows, by rank: its service's earlier version, what
    /// it required when it was applied, and what it requires by now.
    certain: Vec<usize>,
    /// The services that its own depends on. Of each it may need what is older
    /// than itself: it cannot have been written against what a newer one makes.
    services: BTreeSet<&'a str>,
}

impl<'a> Needs<'a> {
    fn of(known: &Known<'a>, index: &Index<'a>, entry: &'a Entry) -> Needs<'a> {
        let migration = known.migration(entry);
        let requires = migration.map_or(&[][..], |migration| &migration.requires);
        let references = entry.requires.iter().chain(requires);
        let mut certain: Vec<usize> = references.filter_map(|r| index.find(r)).collect();
        certain.extend(index.below(&entry.id.service, entry.id.version).next());
        let recorded = entry.depends_on.iter().map(String::as_str);
        let mut services = known.dependencies_of(&entry.id.service);
        services.extend(recorded.filter(|service| *service != entry.id.service));
        Needs {
            version: entry.id.version,
            certain,
            services,
        }
    }

    /// The newest of each service that may be needed.
    fn likely(&self, index: &Index<'a>) -> impl Iterator<Item = usize> {
        let services = self.services.iter();
        services.filter_map(|service| index.below(service, self.version).next())
    }

    /// The places of what may be needed, as far as these lie before its own.
    fn before(&self, index: &Index<'a>, place: &[usize], own: usize) -> BTreeSet<usize> {
        let newest = self.services.iter().filter_map(|service| {
            let mut places = index.below(service, self.version).map(|rank| place[rank]);
            places.find(|at| *at < own)
        });
        let certain = self.certain.iter().map(|&rank| place[rank]);
        certain.filter(|at| *at < own).chain(newest).collect()
    }
}

/// Puts each behind what it may need, and otherwise by rank. Where entries
/// may need each other, what is certain counts.
fn order<'a>(index: &Index<'a>, needs: &[Needs<'a>]) -> Vec<usize> {
    let mut left: BTreeSet<usize> = (0..needs.len()).collect();
    let mut order = Vec::with_capacity(needs.len());
    while let Some(next) = next(&left, index, needs) {
        left.remove(&next);
        order.push(next);
    }
    order
}

fn next<'a>(left: &BTreeSet<usize>, index: &Index<'a>, needs: &[Needs<'a>]) -> Option<usize> {
    let done = |rank: usize| !left.contains(&rank);
    let certain = |rank: usize| needs[rank].certain.iter().all(|&rank| done(rank));
    let likely = |rank: usize| needs[rank].likely(index).all(done);
    let mut ranks = left.iter().copied();
    ranks
        .find(|&rank| certain(rank) && likely(rank))
        .or_else(|| left.iter().copied().find(|&rank| certain(rank)))
        .or_else(|| left.first().copied())
}

/// The entries by rank: those the registry has as it orders them, the others as
/// late as what they need demands.
fn ranked<'h>(registry: &Registry, known: &Known<'_>, history: &'h History) -> Vec<&'h Entry> {
    let mut order: Vec<&Entry> = registry
        .migrations
        .iter()
        .filter_map(|migration| history.entry(&migration.service, migration.version))
        .collect();
    let unknown = |entry: &&Entry| known.migration(entry).is_none();
    for entry in history.entries().filter(unknown) {
        let place = place(&order, entry);
        order.insert(place, entry);
    }
    order
}

/// Behind its service's earlier version or, where it is the first, behind all
/// of its dependencies; and behind what it requires.
fn place(order: &[&Entry], entry: &Entry) -> usize {
    let last = |is: &dyn Fn(&Entry) -> bool| order.iter().rposition(|other| is(other));
    let earlier =
        |other: &Entry| other.id.service == entry.id.service && other.id.version < entry.id.version;
    let needed = |other: &Entry| {
        entry
            .depends_on
            .iter()
            .any(|name| *name == other.id.service)
    };
    let required = |other: &Entry| entry.requires.contains(&other.reference());
    let base = last(&earlier).or_else(|| last(&needed));
    base.max(last(&required)).map_or(0, |at| at + 1)
}
