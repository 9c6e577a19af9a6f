//! What each migration does to tables that are in use: its locks, scans and rewrites, and the data
//! that it destroys.
//!
//! The locks are those of Postgres's documentation, and a claim is made only where the script and
//! the scripts before it make it certain. Locks of partitions, of child tables, of the tables of a
//! view and by triggers are not listed. `verify` measures all locks.

mod alter_table;
mod collector;
mod effect;
mod keys;
mod kinds;
mod statement;
#[cfg(test)]
mod tests;
mod work;

use migrator_model::{Migration, Registry};

use super::subject::units;
use super::tables::Tables;
use crate::script;
use collector::{Collector, Known};
pub use effect::{TableEffect, UnknownStatement, Work};

/// What the up script of a migration does to tables.
#[derive(Clone, Debug)]
pub struct Effects<'r> {
    /// The migration.
    pub migration: Migration<'r>,
    /// What it does to each table or view, by name.
    pub tables: Vec<TableEffect>,
    /// The statements that may do more than this analysis shows.
    pub unknown: Vec<UnknownStatement>,
}

/// Returns the effects of all migrations, in plan order.
#[must_use]
pub fn effects(registry: &Registry) -> Vec<Effects<'_>> {
    let texts = script::texts(registry.migrations());
    let pairs = script::parse_all(&texts);
    let mut tables = Tables::default();
    let mut all = Vec::new();
    let mut known = Known::default();
    for (pair, migration) in pairs.iter().zip(registry.migrations()) {
        tables.begin(&pair.up);
        let mut collector = Collector::new(&pair.up, &mut known);
        for statement in pair.up.sql.statements() {
            statement::read(&mut collector, &tables, statement);
            for unit in units(&pair.up, statement) {
                alter_table::read(&mut collector, &tables, statement, unit);
                tables.follow(&pair.up, statement, unit);
            }
            collector.known.follow(&pair.up, statement);
        }
        let (tables, unknown) = collector.end();
        all.push(Effects {
            migration,
            tables,
            unknown,
        });
    }
    all
}
