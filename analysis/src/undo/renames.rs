//! Compares names of the two scripts of a migration, after renames.

use crate::names::Name;
use crate::objects::{Object, Space};

/// The renames in both scripts.
///
/// A name without a schema may be in any schema, because the search path is unknown.
#[derive(Default)]
pub(super) struct Renames {
    /// The old and the new name of each renamed table.
    tables: Vec<(String, String)>,
    schemas: Schemas,
}

#[derive(Default, PartialEq, Eq)]
enum Schemas {
    #[default]
    Kept,
    Renamed,
}

impl Renames {
    /// Adds a rename.
    pub(super) fn add(&mut self, before: &Object, now: &Object) {
        if now.space == Space::Relation {
            let pair = (before.name.name.clone(), now.name.name.clone());
            self.tables.push(pair);
        } else if now.space == Space::Schema {
            self.schemas = Schemas::Renamed;
        }
    }

    /// Whether a table has another name in one of the scripts.
    pub(super) fn has_tables(&self) -> bool {
        !self.tables.is_empty()
    }

    /// Whether two objects may be the same object, or an index and its constraint.
    pub(super) fn is_same_or_index(&self, one: &Object, other: &Object) -> bool {
        let is_pair = |a, b| one.space == a && other.space == b && one.name.name == other.name.name;
        self.is_same_object(one, other)
            || is_pair(Space::Relation, Space::Constraint)
            || is_pair(Space::Constraint, Space::Relation)
    }

    /// Whether two objects may be the same object.
    pub(super) fn is_same_object(&self, one: &Object, other: &Object) -> bool {
        one.name.name == other.name.name
            && one.space == other.space
            && self.same_name(&one.name, &other.name)
            && match (&one.of, &other.of) {
                (Some(one), Some(other)) => self.is_same_table(one, other),
                _ => true,
            }
    }

    /// Whether two names may be names of the same table.
    pub(super) fn is_same_table(&self, one: &Name, other: &Name) -> bool {
        self.same_name(one, other) || self.is_renamed(&one.name, &other.name)
    }

    fn same_name(&self, one: &Name, other: &Name) -> bool {
        let is_same_schema = one.schema == other.schema
            || one.schema.is_none()
            || other.schema.is_none()
            || self.schemas == Schemas::Renamed;
        one.name == other.name && is_same_schema
    }

    /// Whether a chain of renames leads from one name to another.
    fn is_renamed(&self, one: &str, other: &str) -> bool {
        let mut reached = vec![one];
        let mut at = 0;
        while let Some(&name) = reached.get(at) {
            for (a, b) in &self.tables {
                for (from, to) in [(a, b), (b, a)] {
                    if from == name && !reached.contains(&to.as_str()) {
                        reached.push(to);
                    }
                }
            }
            at += 1;
        }
        reached.len() > 1 && reached.contains(&other)
    }
}
