//! Compares names of the two scripts of a migration, after renames.

use std::collections::HashMap;

use crate::names::Name;
use crate::objects::{Object, Space};

/// The renames in both scripts.
///
/// A name without a schema may be in any schema, because the search path is unknown.
#[derive(Default)]
pub(super) struct Renames {
    /// Groups of names. A chain of renames leads from each name of a group to the others.
    groups: Vec<Vec<String>>,
    /// The group of each name of a renamed table.
    group_of: HashMap<String, usize>,
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
            self.connect(&before.name.name, &now.name.name);
        } else if now.space == Space::Schema {
            self.schemas = Schemas::Renamed;
        }
    }

    /// Connects two names of a table. The names of the smaller group move to the larger one.
    fn connect(&mut self, one: &str, other: &str) {
        if one == other {
            return;
        }
        let (one, other) = (self.group(one), self.group(other));
        let len = |group: usize| self.groups.get(group).map_or(0, Vec::len);
        let (kept, moved) = if len(one) < len(other) {
            (other, one)
        } else {
            (one, other)
        };
        if kept == moved {
            return;
        }
        let names = self.groups.get_mut(moved).map(std::mem::take);
        for name in names.into_iter().flatten() {
            self.group_of.insert(name.clone(), kept);
            if let Some(group) = self.groups.get_mut(kept) {
                group.push(name);
            }
        }
    }

    fn group(&mut self, name: &str) -> usize {
        if let Some(&group) = self.group_of.get(name) {
            return group;
        }
        self.groups.push(vec![name.to_owned()]);
        self.group_of.insert(name.to_owned(), self.groups.len() - 1);
        self.groups.len() - 1
    }

    /// The names that a table may have in the two scripts, with this one.
    pub(super) fn also_called<'n>(&'n self, table: &'n str) -> Vec<&'n str> {
        let group = self.group_of.get(table);
        match group.and_then(|&group| self.groups.get(group)) {
            Some(names) => names.iter().map(String::as_str).collect(),
            None => vec![table],
        }
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
        let group = |name| self.group_of.get(name);
        !self.group_of.is_empty() && group(one).is_some() && group(one) == group(other)
    }
}
