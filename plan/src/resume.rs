//! Whether a script that was interrupted outside a transaction can be resumed.

use migrator_model::sql::statements;
use migrator_model::{Migration, Mode, Registry};

use crate::history::{Entry, Likeness};
use crate::statement::read;

/// Whether a run can resume a script with this text and mode.
#[must_use]
pub fn can_be_resumed(sql: &str, mode: Mode) -> bool {
    let mut statements = statements(sql).into_iter();
    mode == Mode::NoTransaction && statements.all(|range| read(&sql[range]).is_some())
}

/// The migration whose script was interrupted, if a run in the same direction can resume it.
/// The registry must have the very script that was interrupted.
#[must_use]
pub fn resumable<'r>(registry: &'r Registry, entry: &Entry) -> Option<Migration<'r>> {
    let direction = entry.dirty?;
    let migration = registry.migration(&entry.id.service, entry.id.version)?;
    let script = migration.script(direction);
    let is_same = entry.likeness(migration) != Likeness::Changed;
    (is_same && can_be_resumed(&script.sql(), script.mode)).then_some(migration)
}
