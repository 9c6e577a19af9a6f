//! Compares a tree with the tree that it is to be merged into, the *base*.
//!
//! Databases may already have each migration of the base. So these must stay as they are, and a new
//! migration must come after them, unless the two are independent.

mod independence;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use migrator_model::levels::level_of;
use migrator_model::{Code, Level, Migration, Place, Problem, Registry, Resolved, Severity, Tree};

use independence::Names;

/// The tree of a base.
#[derive(Clone, Copy, Debug)]
pub struct Base<'b> {
    /// Its name in messages, such as `origin/main`.
    pub name: &'b str,
    /// Its files.
    pub tree: &'b Tree,
    /// Its migrations.
    pub registry: &'b Registry,
}

/// Returns the migrations of which the base has no file, in plan order.
#[must_use]
pub fn new_migrations<'r>(registry: &'r Registry, base: Base<'_>) -> Vec<Migration<'r>> {
    let uids = uids(base.tree);
    let migrations = registry.migrations();
    migrations.filter(|one| !uids.contains(one.uid)).collect()
}

/// Compares a tree with its base.
///
/// The result has the migrations of the base that are gone, renamed or changed (M0235), and the new
/// migrations that are older than migrations of the base (M0236).
#[must_use]
pub fn compare(tree: &Tree, resolved: &Resolved, base: Base<'_>) -> Vec<Problem> {
    let mut problems = kept(tree, &resolved.registry, base);
    problems.extend(older(resolved, base));
    Problem::sort(&mut problems);
    problems
}

/// The migrations of the base that are not as they were.
fn kept(tree: &Tree, registry: &Registry, base: Base<'_>) -> Vec<Problem> {
    let by_uid: BTreeMap<&str, Migration<'_>> =
        registry.migrations().map(|one| (one.uid, one)).collect();
    let uids = uids(tree);
    let find = |old: Migration<'_>| match by_uid.get(old.uid) {
        Some(new) => changed(old, *new, base.name),
        None if uids.contains(old.uid) => None,
        None => Some(gone(tree, old, base.name)),
    };
    base.registry.migrations().filter_map(find).collect()
}

/// The uids of all scripts, also of those with problems.
fn uids(tree: &Tree) -> BTreeSet<&str> {
    let files = tree.nodes.keys().filter_map(|path| path.split('/').nth(2));
    files.filter_map(|file| file.split('_').nth(1)).collect()
}

fn gone(tree: &Tree, old: Migration<'_>, base: &str) -> Problem {
    // The base may have another root.
    let path = old.up().path();
    let below = path.rsplit('/').take(3).collect::<Vec<_>>();
    let below: Vec<&str> = below.into_iter().rev().collect();
    Problem::at(
        Code::M0235,
        Place::file(tree.display_path(&below.join("/"))),
        format!("`{old}` of `{base}` is gone"),
        format!("restore its two files; if this branch is behind `{base}`, merge `{base}` first"),
    )
}

fn changed(old: Migration<'_>, new: Migration<'_>, base: &str) -> Option<Problem> {
    let place = Place::file(new.up().path());
    if old.id() != new.id() {
        return Some(Problem::at(
            Code::M0235,
            place,
            format!("`{old}` of `{base}` was renamed to `{new}`"),
            "give both files their old names, because databases have recorded these",
        ));
    }
    let is_same = old.up().fingerprint == new.up().fingerprint;
    (!is_same).then(|| {
        Problem::at(
            Code::M0235,
            place,
            format!("the up script of `{old}` is not the one of `{base}`"),
            "restore the script, and write a new migration; you may edit comments and white space",
        )
    })
}

/// The new migrations that are older than a migration of the base.
fn older(resolved: &Resolved, base: Base<'_>) -> Vec<Problem> {
    let registry = &resolved.registry;
    let mut names = None;
    let new = new_migrations(registry, base).into_iter();
    let problems = new.filter_map(|migration| {
        let later = later(registry, migration, base.registry);
        let newest = later.iter().max_by_key(|one| one.version)?;
        let names = names.get_or_insert_with(|| Names::of(base.registry));
        let dependent = later
            .iter()
            .find(|one| !names.are_independent(migration, **one));
        finding(resolved, migration, *newest, dependent.copied(), base.name)
    });
    problems.collect()
}

/// The migrations of the base that are newer, of the same service or of a service that depends on it.
fn later<'b>(
    registry: &Registry,
    migration: Migration<'_>,
    base: &'b Registry,
) -> Vec<Migration<'b>> {
    let service = migration.service;
    let needs = |other: &str| other == service || registry.dependencies_of(other).contains(service);
    let services = base.services().filter(|other| needs(other.name));
    let migrations = services.flat_map(migrator_model::Service::migrations);
    migrations
        .filter(|one| one.version > migration.version)
        .collect()
}

fn finding(
    resolved: &Resolved,
    migration: Migration<'_>,
    newest: Migration<'_>,
    dependent: Option<Migration<'_>>,
    base: &str,
) -> Option<Problem> {
    let Migration {
        service, version, ..
    } = migration;
    let levels = resolved.levels.iter().cloned();
    let level = level_of(levels, Code::M0236, service, version)?;
    if level == Level::Allow || migration.allows(Code::M0236).is_some() {
        return None;
    }
    let place = Place::file(migration.up().path());
    let Some(dependent) = dependent else {
        // `up` refuses only an earlier version of the same service.
        let is_own = newest.service == service;
        return is_own.then(|| Problem {
            severity: Severity::Warning,
            ..Problem::at(
                Code::M0236,
                place,
                format!(
                    "`{migration}` is older than `{newest}` of `{base}`; the two are independent"
                ),
                help(migration),
            )
        });
    };
    let mut problem = Problem::at(
        Code::M0236,
        place,
        format!("`{migration}` is older than `{dependent}` of `{base}`, and may affect it"),
        help(migration),
    );
    if level == Level::Warn {
        problem.severity = Severity::Warning;
    }
    Some(problem)
}

fn help(migration: Migration<'_>) -> String {
    let path = migration.up().path();
    // The script is in the folder of its service, in `migrations` of the tree.
    let tree = Path::new(&path).ancestors().nth(3);
    // `create` finds a tree in `database` by itself.
    let is_found = |tree: &Path| ["", "database"].map(Path::new).contains(&tree);
    let option = match tree.filter(|tree| !is_found(tree)) {
        Some(tree) => format!("--directory={} ", tree.display()),
        None => String::new(),
    };
    format!(
        "run `migrator create {option}--restamp {path}`, which gives both files the current time"
    )
}
