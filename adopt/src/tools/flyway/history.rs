//! What the rows of Flyway's table mean.

use migrator_model::Problem;

use super::name::Number;
use crate::history::{OldEntry, OldHistory, OldState};
use crate::source::{OldMigration, Source};

/// The first letter of a program's key.
const PROGRAM: char = 'P';

/// The migrations that the rows mean. The key of a baseline's row starts with `B`, and that of a
/// program with `P`.
///
/// A baseline stands for all migrations up to its version, whether the folder has them or not.
///
/// # Errors
///
/// A migration failed, or the folder does not have it.
pub(super) fn applied(source: &Source, entries: &[OldEntry]) -> Result<OldHistory, Box<Problem>> {
    let base = newest_baseline(entries);
    let file = source.migrations.first().filter(|one| is_baseline(one));
    let file = file.and_then(|one| Number::parse(&one.key));
    let is_replaced = |entry: &OldEntry| {
        let Some(number) = Number::parse(&entry.key) else {
            return entry.key.starts_with('B');
        };
        let is_known = source.migrations.iter().any(|one| one.key == entry.key);
        let is_below = base.as_ref().is_some_and(|(base, _)| number <= *base);
        // The files of migrations that a baseline file replaced are gone.
        let has_no_file = file.as_ref().is_some_and(|file| number < *file);
        !is_known && (is_below || has_no_file)
    };
    let is_program =
        |entry: &&OldEntry| entry.state == OldState::Applied && entry.key.starts_with(PROGRAM);
    let (programs, others): (Vec<_>, Vec<_>) = entries.iter().partition(is_program);
    let mut entries: Vec<_> = others.into_iter().map(with_key_of_file).collect();
    entries.retain(|entry| entry.state == OldState::Failed || !is_replaced(entry));
    let mut history = OldHistory::by_key(source, &entries)?;
    let programs = programs.into_iter().map(version_of);
    history.programs = programs.map(str::to_owned).collect();
    if let Some((base, applied_on)) = base {
        for (index, one) in source.migrations.iter().enumerate() {
            let is_below = Number::parse(&one.key).is_some_and(|number| number <= base);
            if is_below && !history.applied.iter().any(|(other, _)| *other == index) {
                history.applied.push((index, applied_on.clone()));
            }
        }
        history.applied.sort_by_key(|(index, _)| *index);
    }
    Ok(history)
}

/// The baseline with the highest version, and its time.
fn newest_baseline(entries: &[OldEntry]) -> Option<(Number, Option<String>)> {
    let applied = entries
        .iter()
        .filter(|entry| entry.state == OldState::Applied);
    let baselines = applied.filter_map(|entry| {
        let number = Number::parse(entry.key.strip_prefix('B')?)?;
        Some((number, entry.applied_on.clone()))
    });
    baselines.max_by(|(a, _), (b, _)| a.cmp(b))
}

/// The version of an entry, without the mark of a program.
fn version_of(entry: &OldEntry) -> &str {
    entry.key.strip_prefix(PROGRAM).unwrap_or(&entry.key)
}

/// An entry with its version as it is in [`OldMigration::key`].
fn with_key_of_file(entry: &OldEntry) -> OldEntry {
    let version = version_of(entry);
    let number = Number::parse(version);
    OldEntry {
        key: number.map_or_else(|| version.to_owned(), |number| number.to_string()),
        ..entry.clone()
    }
}

fn is_baseline(migration: &OldMigration) -> bool {
    let name = migration.origin.rsplit('/').next();
    name.is_some_and(|name| name.starts_with('B'))
}
