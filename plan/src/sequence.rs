//! The order in which the entries of a history were or could have been applied, and which
//! entry may need which.

use std::collections::{BTreeMap, BTreeSet};

use migrator_model::{Migration, Registry, Version, small};

use crate::history::{Entry, History};

/// All entries of a history.
pub(crate) struct Sequence<'h> {
    /// The entries, each after those that it may need.
    pub(crate) entries: Vec<&'h Entry>,
    /// For each entry, the indices of the later entries that may need it directly.
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

/// The facts about each entry that the registry knows, looked up once.
struct Known<'a> {
    migrations: BTreeMap<(&'a str, Version), Migration<'a>>,
    /// For each service, every service that it depends on, directly or not.
    dependencies: BTreeMap<&'a str, BTreeSet<&'a str>>,
}

impl<'a> Known<'a> {
    fn of(registry: &'a Registry) -> Known<'a> {
        let migrations = registry.migrations();
        let names = registry.services().map(|service| service.name);
        Known {
            migrations: small::collect(
                migrations.map(|migration| ((migration.service, migration.version), migration)),
            ),
            dependencies: small::collect(names.map(|name| (name, registry.dependencies_of(name)))),
        }
    }

    fn migration(&self, entry: &Entry) -> Option<Migration<'a>> {
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
            ranks: small::collect(ranks.map(|(rank, entry)| (key(entry), rank))),
        }
    }

    /// The service's entries below a version, from the newest.
    fn below(&self, service: &'a str, version: Version) -> impl Iterator<Item = usize> {
        let lowest = Version::from_integer(i64::MIN);
        let versions = (service, lowest)..(service, version);
        self.ranks.range(versions).rev().map(|(_, rank)| *rank)
    }

    fn find(&self, migration: (&'a str, Version)) -> Option<usize> {
        self.ranks.get(&migration).copied()
    }
}

/// The entries that an entry may need.
struct Needs<'a> {
    version: Version,
    /// The ranks of the entries that certainly came first: the earlier version of the same
    /// service, and the migrations that it required when it was applied and requires now.
    certain: Vec<usize>,
    /// The services that its own service depends on. It may need their older migrations. It
    /// cannot need a newer one, which did not exist when it was written.
    services: BTreeSet<&'a str>,
}

impl<'a> Needs<'a> {
    fn of(known: &Known<'a>, index: &Index<'a>, entry: &'a Entry) -> Needs<'a> {
        let migration = known.migration(entry);
        let required = migration.into_iter().flat_map(Migration::required);
        let recorded = entry
            .requires
            .iter()
            .map(|r| (r.service.as_ref(), r.version));
        let references = recorded.chain(required);
        let mut certain: Vec<usize> = references.filter_map(|key| index.find(key)).collect();
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

    /// For each of those services, the newest migration that it may need.
    fn likely(&self, index: &Index<'a>) -> impl Iterator<Item = usize> {
        let services = self.services.iter();
        services.filter_map(|service| index.below(service, self.version).next())
    }

    /// The places of the entries that it may need, if they come before its own place.
    fn before(&self, index: &Index<'a>, place: &[usize], own: usize) -> BTreeSet<usize> {
        let newest = self.services.iter().filter_map(|service| {
            let mut places = index.below(service, self.version).map(|rank| place[rank]);
            places.find(|at| *at < own)
        });
        let certain = self.certain.iter().map(|&rank| place[rank]);
        small::collect(certain.filter(|at| *at < own).chain(newest))
    }
}

/// Sorts each entry after those that it may need, and otherwise by rank. In a cycle, only the
/// certain needs count.
fn order<'a>(index: &Index<'a>, needs: &[Needs<'a>]) -> Vec<usize> {
    let mut left: BTreeSet<usize> = small::collect(0..needs.len());
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

/// Sorts the entries by rank. Entries that the registry has follow its order; each other entry
/// comes directly after the last entry that it needs.
fn ranked<'h>(registry: &Registry, known: &Known<'_>, history: &'h History) -> Vec<&'h Entry> {
    let mut order: Vec<&Entry> = registry
        .migrations()
        .filter_map(|migration| history.entry(migration.service, migration.version))
        .collect();
    let unknown = |entry: &&Entry| known.migration(entry).is_none();
    for entry in history.entries().filter(unknown) {
        let place = place(&order, entry);
        order.insert(place, entry);
    }
    order
}

/// Returns the place after the earlier version of the same service. The first version of a
/// service comes after all of its service's dependencies. Both come after what they require.
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
