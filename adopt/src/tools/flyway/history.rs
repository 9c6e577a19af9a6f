//! What the rows of Flyway's table mean.

use migrator_model::Problem;

use super::name::Number;
use crate::history::{OldEntry, OldHistory, OldState};
use crate::source::{OldMigration, Source};

/// The migrations that the rows mean. The key of a baseline's row starts with `B`.
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
    let mut entries: Vec<_> = entries.iter().map(with_key_of_file).collect();
    entries.retain(|entry| entry.state == OldState::Failed || !is_replaced(entry));
    let mut history = OldHistory::by_key(source, &entries)?;
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

/// An entry with its version as it is in [`OldMigration::key`].
fn with_key_of_file(entry: &OldEntry) -> OldEntry {
    let number = Number::parse(&entry.key);
    OldEntry {
        key: number.map_or_else(|| entry.key.clone(), |number| number.to_string()),
        ..entry.clone()
    }
}

fn is_baseline(migration: &OldMigration) -> bool {
    let name = migration.origin.rsplit('/').next();
    name.is_some_and(|name| name.starts_with('B'))
}
