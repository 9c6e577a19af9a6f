//! What a snapshot contains: objects with their properties.

use std::collections::{BTreeMap, BTreeSet};

use super::object::Object;

/// Properties by name, both as a person writes them: `default`, `not null`, `owner`. It has only
/// the properties that are set.
pub type Properties = BTreeMap<String, String>;

/// What a snapshot leaves out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Scope {
    /// Whole schemas, by their names without quotes, such as the schema of the history.
    pub without_schemas: Vec<String>,
}

impl Scope {
    /// Everything but these schemas.
    #[must_use]
    pub fn without_schemas(schemas: Vec<String>) -> Scope {
        Scope {
            without_schemas: schemas,
        }
    }
}

/// What a database's catalog says, with names in place of oids.
#[derive(Clone, Debug, Default)]
pub struct Snapshot {
    pub(super) objects: BTreeMap<Object, Properties>,
    pub(super) relations: BTreeMap<u32, Object>,
    pub(super) unknown_options: BTreeSet<String>,
}

impl Snapshot {
    /// Every object with its properties, by kind and name.
    pub fn objects(&self) -> impl Iterator<Item = (&Object, &Properties)> {
        self.objects.iter()
    }

    /// The properties of an object, if the snapshot has the object.
    #[must_use]
    pub fn properties(&self, object: &Object) -> Option<&Properties> {
        self.objects.get(object)
    }

    /// The table, view, materialised view, foreign table, sequence or index with this oid. Two
    /// snapshots with other oids can be equal.
    #[must_use]
    pub fn relation(&self, oid: u32) -> Option<&Object> {
        self.relations.get(&oid)
    }

    /// The storage options that are not compared because their names are unknown: a server may
    /// have options of its own. Each is listed once, such as `x of columns`.
    pub fn unknown_options(&self) -> impl Iterator<Item = &str> {
        self.unknown_options.iter().map(String::as_str)
    }

    /// The number of objects.
    #[must_use]
    pub fn len(&self) -> usize {
        self.objects.len()
    }

    /// Whether the snapshot has no object. Only a default snapshot has none, as every database
    /// contains itself.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.objects.is_empty()
    }
}

impl PartialEq for Snapshot {
    fn eq(&self, other: &Self) -> bool {
        self.objects == other.objects
    }
}

impl Eq for Snapshot {}
