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

use std::collections::BTreeMap;

use migrator_model::{Migration, Registry};

use super::subject::units;
use super::tables::Tables;
use crate::script::{self, Script};
use collector::{Collector, Known};
pub use effect::{TableEffect, UnknownStatement, Work};

/// The effects of a migration's script on tables.
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
    let mut schema = Schema::default();
    let pairs = pairs.iter().zip(registry.migrations());
    let effects = pairs.map(|(pair, migration)| schema.run(&pair.up, migration));
    effects.collect()
}

/// Returns the effects of the down scripts of some migrations, which run in this order on a database
/// that has the `applied` migrations.
#[must_use]
pub fn down_effects<'r>(
    applied: impl IntoIterator<Item = Migration<'r>>,
    reverted: &[Migration<'r>],
) -> Vec<Effects<'r>> {
    let applied: Vec<Migration<'r>> = applied.into_iter().collect();
    let texts = script::texts(applied.iter().copied());
    let pairs = script::parse_all(&texts);
    let mut schema = Schema::default();
    let mut by_name = BTreeMap::new();
    for (pair, migration) in pairs.iter().zip(applied) {
        schema.run(&pair.up, migration);
        by_name.insert((migration.service, migration.version), pair);
    }
    let effects = reverted.iter().filter_map(|migration| {
        let pair = by_name.get(&(migration.service, migration.version))?;
        Some(schema.run(&pair.down, *migration))
    });
    effects.collect()
}

/// The tables, indexes, views and keys that the scripts so far have made.
#[derive(Default)]
struct Schema {
    tables: Tables,
    known: Known,
}

impl Schema {
    /// Follows a script, and returns its effects.
    fn run<'r>(&mut self, script: &Script<'_>, migration: Migration<'r>) -> Effects<'r> {
        let Schema { tables, known } = self;
        tables.begin(script);
        let mut collector = Collector::new(script, known);
        for statement in script.sql.statements() {
            statement::read(&mut collector, tables, statement);
            for unit in units(script, statement) {
                alter_table::read(&mut collector, tables, statement, unit);
                tables.follow(script, statement, unit);
            }
            collector.known.follow(script, statement);
        }
        let (tables, unknown) = collector.end();
        Effects {
            migration,
            tables,
            unknown,
        }
    }
}
