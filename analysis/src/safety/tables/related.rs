//! Finds the tables that name another table as a parent or in a foreign key.

use std::collections::{BTreeSet, HashMap};

use crate::names::Name;
use crate::safety::table::Table;

/// For each table, the tables that have named it as a parent or in a foreign key.
///
/// An entry stays when a table names the other one no longer. The caller therefore asks each table
/// again.
#[derive(Default)]
pub(super) struct Related(HashMap<Name, BTreeSet<Name>>);

impl Related {
    /// Adds what a table names now. Call this after each change of its parents or references.
    pub(super) fn add(&mut self, name: &Name, table: &Table) {
        for other in table.parents.iter().chain(&table.references) {
            match self.0.get_mut(other) {
                Some(known) if known.contains(name) => {}
                Some(known) => {
                    known.insert(name.clone());
                }
                None => {
                    self.0.insert(other.clone(), BTreeSet::from([name.clone()]));
                }
            }
        }
    }

    /// The tables that may name a table.
    pub(super) fn to(&self, name: &Name) -> impl Iterator<Item = &Name> {
        self.0.get(name).into_iter().flatten()
    }
}
