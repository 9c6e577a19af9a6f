//! Selects the migrations that an edit may affect.

use std::collections::{BTreeMap, BTreeSet};

use migrator_model::Registry;
use migrator_model::registry::Migration;

use super::facts::{Facts, ScriptFacts};
use super::names::{self, Hash, PairNames, ScriptNames, Statement, Use};
use super::set::NameSet;
use crate::script;

/// The largest number of edited migrations. After a larger edit, the whole tree is checked.
const MOST_EDITED: usize = 100;

/// The migrations to check after an edit, by their indices in the registry.
pub(super) struct Selection {
    /// Migrations whose findings the edit may change.
    pub(super) affected: BTreeSet<usize>,
    /// Migrations that the check of the affected ones needs.
    pub(super) needed: BTreeSet<usize>,
}

/// Follows the names of an edit through the tree.
pub(super) struct Reach<'r> {
    registry: &'r Registry,
    facts: &'r Facts<'r>,
    /// The largest number of migrations to select.
    most: usize,
    /// For each migration, its index in the earlier registry, if it is not edited.
    unedited: Vec<Option<usize>>,
    /// The names in the migrations that were parsed, and in all edited ones.
    parsed: BTreeMap<usize, PairNames>,
    /// The names in the earlier scripts of the edited migrations.
    before: BTreeMap<usize, PairNames>,
}

impl<'r> Reach<'r> {
    /// Compares two registries. `None` if more than the texts of some migrations differs.
    pub(super) fn new(
        registry: &'r Registry,
        earlier: &'r Registry,
        facts: &'r Facts<'r>,
        most: usize,
    ) -> Option<Reach<'r>> {
        let mut unedited = Vec::new();
        let (mut edited, mut replaced) = (BTreeMap::new(), 0);
        let mut olds = earlier.migrations().enumerate().peekable();
        for (index, new) in registry.migrations().enumerate() {
            let old = olds.next_if(|(_, old)| is_same_id(new, *old));
            match old {
                Some((at, old)) if is_same(new, old) => unedited.push(Some(at)),
                old => {
                    let may_move = new.required().next().is_some()
                        || old.is_some_and(|(_, old)| old.required().next().is_some());
                    let is_elsewhere =
                        old.is_none() && earlier.migration(new.service, new.version).is_some();
                    if may_move || is_elsewhere || edited.len() == MOST_EDITED {
                        return None;
                    }
                    unedited.push(None);
                    replaced += usize::from(old.is_some());
                    edited.insert(index, old.map(|(_, old)| old));
                }
            }
        }
        let is_complete = olds.next().is_none() && replaced <= edited.len();
        let new = edited.keys().filter_map(|&index| registry.get(index));
        let parsed = edited.keys().copied().zip(parse(new)?).collect();
        let old = edited
            .iter()
            .filter_map(|(&index, old)| Some((index, (*old)?)));
        let (indices, old): (Vec<usize>, Vec<Migration<'_>>) = old.unzip();
        let before = indices.into_iter().zip(parse(old)?).collect();
        is_complete.then_some(Reach {
            registry,
            facts,
            most,
            unedited,
            parsed,
            before,
        })
    }

    /// Selects the migrations to check. `None` if they are too many, or if the edit may change
    /// anything.
    pub(super) fn follow(&mut self) -> Option<Selection> {
        let edited: BTreeSet<usize> = self.parsed.keys().copied().collect();
        let scripts = self.parsed.values().chain(self.before.values()).flatten();
        let mut statements = scripts.flat_map(|script| &script.statements);
        if statements.any(|one| one.is_global) {
            return None;
        }
        let (changed, words) = self.changed_names(&edited)?;
        let changed = self.dependents(changed)?;
        let mut affected = edited;
        for index in 0..self.registry.len() {
            if self.uses(index, &changed, Use::Word) || self.uses(index, &words, Use::Reference) {
                affected.insert(index);
            }
        }
        let needed = self.needed(&affected)?;
        Some(Selection { affected, needed })
    }

    /// The names in the statements that the edit adds, removes or moves, and the words in the
    /// strings of these statements. `None` if one is about a schema or an extension.
    fn changed_names(&self, edited: &BTreeSet<usize>) -> Option<(NameSet, NameSet)> {
        let (mut names, mut words) = (NameSet::default(), NameSet::default());
        for index in edited {
            let (new, old) = (self.parsed.get(index), self.before.get(index));
            for direction in 0..2 {
                let [old, new] = [old, new].map(|pair| statements(pair, direction));
                for statement in difference(old, new) {
                    if statement.is_about_schema {
                        return None;
                    }
                    let linked = statement.names.iter().filter(|one| one.used == Use::Link);
                    names.extend(linked.map(|one| one.hash));
                    words.extend(statement.words.iter().copied());
                }
            }
        }
        Some((names, words))
    }

    /// The names, and those of objects that copy from an object with one of the names or depend on it.
    fn dependents(&mut self, mut names: NameSet) -> Option<NameSet> {
        let mut followed = BTreeSet::new();
        loop {
            let found = self.select(&names, Use::Reference, &followed)?;
            self.parse(&found)?;
            followed.extend(found);
            let before = names.len();
            let pairs = followed.iter().filter_map(|index| self.parsed.get(index));
            for statement in pairs.flatten().flat_map(|script| &script.statements) {
                let mut used = statement.names.iter().filter(|one| !one.is_key);
                if used.any(|one| names.contains(one.hash)) {
                    let changed = statement.names.iter().filter(|one| one.is_changed);
                    names.extend(changed.map(|one| one.hash));
                }
            }
            if names.len() == before {
                return Some(names);
            }
        }
    }

    /// The migrations that make the objects which the affected migrations name.
    fn needed(&mut self, affected: &BTreeSet<usize>) -> Option<BTreeSet<usize>> {
        let everywhere = 0..self.registry.len();
        let mut needed: BTreeSet<usize> =
            everywhere.filter(|&index| self.is_global(index)).collect();
        let first: BTreeSet<usize> = affected.union(&needed).copied().collect();
        self.limit(first.len())?;
        self.parse(&first)?;
        let mut names = NameSet::default();
        for script in first
            .iter()
            .filter_map(|index| self.parsed.get(index))
            .flatten()
        {
            let all = script.statements.iter().flat_map(|one| &one.names);
            names.extend(all.map(|one| one.hash));
        }
        loop {
            let found = self.select(&names, Use::Link, &needed)?;
            self.parse(&found)?;
            needed.extend(found);
            let before = names.len();
            let pairs = needed.iter().filter_map(|index| self.parsed.get(index));
            for statement in pairs.flatten().flat_map(|script| &script.statements) {
                let mut linked = statement.names.iter().filter(|one| one.used == Use::Link);
                if linked.any(|one| names.contains(one.hash)) {
                    let used = statement.names.iter().filter(|one| !one.is_key);
                    names.extend(used.map(|one| one.hash));
                }
            }
            if names.len() == before {
                return Some(needed);
            }
        }
    }

    /// The migrations that use one of the names, without the known ones. `None` if they are too
    /// many.
    fn select(
        &self,
        names: &NameSet,
        least: Use,
        known: &BTreeSet<usize>,
    ) -> Option<BTreeSet<usize>> {
        let unknown = (0..self.registry.len()).filter(|index| !known.contains(index));
        let found: BTreeSet<usize> = unknown
            .filter(|&index| self.uses(index, names, least))
            .collect();
        self.limit(known.len() + found.len())?;
        Some(found)
    }

    fn limit(&self, migrations: usize) -> Option<()> {
        (migrations <= self.most).then_some(())
    }

    fn parse(&mut self, indices: &BTreeSet<usize>) -> Option<()> {
        let mut open: Vec<usize> = indices.iter().copied().collect();
        open.retain(|index| !self.parsed.contains_key(index));
        let migrations = open.iter().filter_map(|&index| self.registry.get(index));
        let found = parse(migrations)?;
        self.parsed.extend(open.into_iter().zip(found));
        Some(())
    }

    fn uses(&self, index: usize, names: &NameSet, least: Use) -> bool {
        match self.facts_of(index) {
            Some(facts) => facts.iter().any(|script| script.uses(names, least)),
            None => self.parsed.get(&index).is_some_and(|pair| {
                let all = pair.iter().flat_map(|script| script.facts().1);
                let mut all = all.filter(|(_, used)| *used >= least);
                all.any(|(name, _)| names.contains(name))
            }),
        }
    }

    fn is_global(&self, index: usize) -> bool {
        let facts = self.facts_of(index);
        facts.is_some_and(|facts| facts.iter().any(|script| script.is_global))
    }

    /// The facts of an unedited migration.
    fn facts_of(&self, index: usize) -> Option<[ScriptFacts<'r>; 2]> {
        let at = self.unedited.get(index).copied().flatten()?;
        Some([self.facts.get(2 * at)?, self.facts.get(2 * at + 1)?])
    }

    /// The facts of the new tree.
    pub(super) fn into_facts(self) -> impl Iterator<Item = (bool, Vec<(Hash, Use)>)> {
        (0..self.registry.len()).flat_map(move |index| match self.facts_of(index) {
            Some(pair) => pair
                .map(|script| (script.is_global, script.names().collect()))
                .to_vec(),
            None => {
                let pair = self.parsed.get(&index).into_iter().flatten();
                pair.map(ScriptNames::facts)
                    .map(|(is_global, names)| (is_global, names.into_iter().collect()))
                    .collect()
            }
        })
    }
}

fn is_same_id(one: Migration<'_>, other: Migration<'_>) -> bool {
    one.version == other.version && one.service == other.service
}

fn is_same(one: Migration<'_>, other: Migration<'_>) -> bool {
    one.uid == other.uid
        && one.name == other.name
        && one.up().raw == other.up().raw
        && one.down().raw == other.down().raw
}

/// The names in migrations, in their order. `None` if one cannot be parsed.
fn parse<'m>(migrations: impl IntoIterator<Item = Migration<'m>>) -> Option<Vec<PairNames>> {
    let texts = script::texts(migrations);
    let pairs = script::parse_all(&texts);
    let names = pairs.iter().map(|pair| pair.scripts().map(names::of));
    (pairs.len() == texts.len()).then(|| names.collect())
}

fn statements(pair: Option<&PairNames>, direction: usize) -> &[Statement] {
    pair.map_or(&[], |pair| &pair[direction].statements)
}

/// The statements that an edit adds, removes or moves.
fn difference<'s>(old: &'s [Statement], new: &'s [Statement]) -> Vec<&'s Statement> {
    let is_same = |(one, other): &(&Statement, &Statement)| one == other;
    let start = old.iter().zip(new).take_while(is_same).count();
    let (old_rest, new_rest) = (&old[start..], &new[start..]);
    let behind = old_rest.iter().rev().zip(new_rest.iter().rev());
    let end = behind.take_while(is_same).count();
    let old_part = &old_rest[..old_rest.len() - end];
    let new_part = &new_rest[..new_rest.len() - end];
    let is_about_object = |one: &Statement| one.names.iter().any(|name| name.used == Use::Link);
    // A statement without an object may change what the others mean, such as `SET search_path`.
    match old_part.iter().chain(new_part).all(is_about_object) {
        true => old_part.iter().chain(new_part).collect(),
        false => old.iter().chain(new).collect(),
    }
}
