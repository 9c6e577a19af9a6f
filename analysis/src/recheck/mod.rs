//! Checks a tree again after an edit, at the cost of the edit.
//!
//! A build script keeps the names in each script ([`facts`]) if it found no problem in the tree.
//! After an edit, [`reach`] selects two sets of migrations: those whose findings the edit may
//! change, and those that the check of these needs. The check then runs on both sets as if they were
//! the whole tree. If it finds a problem in the first set, or if the edit may change anything, the
//! whole tree is checked, so that the output never depends on the way.
//!
//! A smaller tree has more findings, not fewer: a script that the check does not see cannot create,
//! drop or hide an object.

mod facts;
pub(crate) mod names;
mod reach;
mod set;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;

use migrator_model::build_script::{Earlier, Further};
use migrator_model::{Migration, Problem, Registry, Resolved};

use crate::check::check;
use crate::script::{self, Pair};
use facts::Facts;
use reach::Reach;

/// Checks the SQL of a tree. `earlier` is the tree of the last run, with its facts.
pub(crate) fn analyse(resolved: &Resolved, earlier: &Earlier) -> Further {
    let facts = earlier.facts.as_deref().and_then(Facts::read);
    let facts = facts.filter(|facts| facts.len() == 2 * earlier.registry.len());
    let most = resolved.registry.len() / 2;
    let edited = facts.and_then(|facts| after_edit(resolved, &earlier.registry, &facts, most));
    edited.map_or_else(
        || whole(resolved),
        |facts| Further {
            problems: Vec::new(),
            facts: Some(facts),
        },
    )
}

/// Checks the whole tree, and collects the facts if there is no problem.
fn whole(resolved: &Resolved) -> Further {
    let texts = script::texts(resolved.registry.migrations());
    let pairs = script::parse_all(&texts);
    let problems = check(resolved, &pairs);
    let is_clean = problems.is_empty() && resolved.problems.is_empty();
    let facts = is_clean.then(|| {
        let scripts = pairs.iter().flat_map(Pair::scripts);
        facts::write(scripts.map(|script| names::of(script).facts()))
    });
    Further { problems, facts }
}

/// The facts of a tree without problems. `None` if there may be a problem, or if more than `most`
/// migrations need a check.
fn after_edit(
    resolved: &Resolved,
    earlier: &Registry,
    facts: &Facts<'_>,
    most: usize,
) -> Option<Vec<u8>> {
    let registry = &resolved.registry;
    if !resolved.problems.is_empty() || !has_same_manifest(registry, earlier) {
        return None;
    }
    let mut reach = Reach::new(registry, earlier, facts, most)?;
    let edited = reach.follow()?;
    let selected: BTreeSet<usize> = edited.affected.union(&edited.needed).copied().collect();
    let migrations = selected.iter().filter_map(|&index| registry.get(index));
    let texts = script::texts(migrations);
    let pairs = script::parse_all(&texts);
    if pairs.len() != selected.len() {
        return None;
    }
    let problems = check(resolved, &pairs);
    let affected = edited.affected.iter();
    let affected = affected.filter_map(|&index| registry.get(index));
    let is_clean = !affected.into_iter().any(|one| has_problem(&problems, one));
    is_clean.then(|| facts::write(reach.into_facts()))
}

fn has_problem(problems: &[Problem], migration: Migration<'_>) -> bool {
    let paths = [migration.up().path(), migration.down().path()];
    let mut found = problems.iter().filter_map(Problem::path);
    found.any(|path| paths.iter().any(|one| one == path))
}

fn has_same_manifest(one: &Registry, other: &Registry) -> bool {
    one.root() == other.root()
        && one.tiers().eq(other.tiers())
        && one.services().eq(other.services())
        && one.left_out().eq(other.left_out())
        && one.roles().eq(other.roles())
        && one.levels().eq(other.levels())
}
