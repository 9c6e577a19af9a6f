//! What a snapshot contains: objects with their properties.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::catalog::{Address, Catalog};
use super::layered::Layered;
use super::mark::Mark;
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

/// An object's properties, its address, and the unit with which it is read again.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) properties: Properties,
    pub(super) address: Option<Address>,
    pub(super) unit: Option<Address>,
}

/// What a database's catalog says, with names in place of oids.
#[derive(Clone, Debug, Default)]
pub struct Snapshot {
    pub(super) objects: Layered<Arc<Object>, Arc<Entry>>,
    /// The objects by the address of their row.
    pub(super) places: Layered<Address, Arc<Object>>,
    /// The objects of each unit: a table with its parts, a domain with its constraints, or another
    /// object alone.
    pub(super) units: Layered<Address, Arc<[Arc<Object>]>>,
    pub(super) unknown_options: BTreeSet<String>,
    /// Whether calling a routine may change the privileges of columns.
    pub(super) may_grant: bool,
    /// The state of the catalogs; `None` if no further snapshot follows from this one.
    pub(super) mark: Option<Mark>,
}

impl Snapshot {
    /// Every object with its properties, by kind and name.
    pub fn objects(&self) -> impl Iterator<Item = (&Object, &Properties)> {
        let objects = self.objects.iter();
        objects.map(|(object, entry)| (object.as_ref(), &entry.properties))
    }

    /// The properties of an object, if the snapshot has the object.
    #[must_use]
    pub fn properties(&self, object: &Object) -> Option<&Properties> {
        self.objects.get(object).map(|entry| &entry.properties)
    }

    /// The object itself, with the schema and the parent that it has in this snapshot.
    pub(crate) fn find(&self, object: &Object) -> Option<&Object> {
        self.objects.key(object).map(Arc::as_ref)
    }

    /// The table, view, materialised view, foreign table, sequence or index with this oid. Two
    /// equal snapshots can have different oids.
    #[must_use]
    pub fn relation(&self, oid: u32) -> Option<&Object> {
        let address = Address::of(Catalog::Class, oid);
        self.places.get(&address).map(Arc::as_ref)
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
        self.objects.len() == 0
    }

    /// The objects that may differ between two snapshots, by kind and name. If one part of a table
    /// may differ, all its parts are among them.
    pub(crate) fn candidates<'a>(&'a self, other: &'a Snapshot) -> Vec<&'a Object> {
        let keys = self.objects.candidates(&other.objects, Arc::ptr_eq);
        keys.into_iter().map(Arc::as_ref).collect()
    }
}

impl PartialEq for Snapshot {
    fn eq(&self, other: &Self) -> bool {
        let is_same = |ours: &Arc<Entry>, theirs: &Arc<Entry>| {
            Arc::ptr_eq(ours, theirs) || ours.properties == theirs.properties
        };
        self.objects.candidates(&other.objects, is_same).is_empty()
    }
}

impl Eq for Snapshot {}
