//! The objects at a point of the plan, and the service that created each.

use std::collections::{BTreeMap, BTreeSet};

use super::events::{Action, Creation, Event};
use crate::names::Name;
use crate::objects::{Object, Space};
use crate::script::Script;
use crate::site::Site;

/// An object that exists.
struct Made<'a> {
    site: Site<'a>,
    /// The arguments of each function of this name. Other objects have one empty signature.
    signatures: BTreeSet<String>,
}

/// An object that no longer exists.
#[derive(Clone)]
pub(super) struct Removal<'a> {
    /// Where a script drops or renames it.
    pub(super) site: Site<'a>,
    /// The new name, if a script renames it.
    pub(super) new_name: Option<Name>,
}

/// Whether an object exists at a point of the plan.
pub(super) enum Existence<'a> {
    /// It exists, and this script creates it.
    Exists(Site<'a>),
    /// It no longer exists.
    Removed(Removal<'a>),
    /// It does not exist yet, and this script creates it first.
    Later(Site<'a>),
    /// Several services create it.
    Disputed,
    /// No service creates it.
    Unknown,
}

#[derive(Default)]
pub(super) struct Inventory<'a> {
    /// Where the plan creates each object first.
    first: BTreeMap<Object, Site<'a>>,
    disputed: BTreeSet<Object>,
    there: BTreeMap<Object, Made<'a>>,
    gone: BTreeMap<Object, Removal<'a>>,
    /// The existing objects of each schema.
    of_schema: BTreeMap<String, BTreeSet<Object>>,
}

impl<'a> Inventory<'a> {
    /// The start of the same plan, with the knowledge of all its steps.
    pub(super) fn rewound(self) -> Inventory<'a> {
        Inventory {
            first: self.first,
            disputed: self.disputed,
            ..Inventory::default()
        }
    }

    pub(super) fn existence(&self, object: &Object) -> Existence<'a> {
        if object.space != Space::Type {
            return self.existence_of(object);
        }
        let is_unqualified = object.name.schema.is_none();
        if is_unqualified && CATALOG_TYPES.contains(&object.name.name.as_str()) {
            return Existence::Unknown;
        }
        // A table is also a type.
        let table = Object {
            space: Space::Relation,
            ..object.clone()
        };
        let (own, other) = (self.existence_of(object), self.existence_of(&table));
        match own.rank() <= other.rank() {
            true => own,
            false => other,
        }
    }

    fn existence_of(&self, object: &Object) -> Existence<'a> {
        if self.disputed.contains(object) {
            Existence::Disputed
        } else if let Some(made) = self.there.get(object) {
            Existence::Exists(made.site)
        } else if let Some(gone) = self.gone.get(object) {
            Existence::Removed(gone.clone())
        } else if let Some(first) = self.first.get(object) {
            Existence::Later(*first)
        } else {
            Existence::Unknown
        }
    }

    /// Where the object was created that a statement replaces.
    pub(super) fn replaced(&self, event: &Event) -> Option<Site<'a>> {
        let Action::Create {
            creation: Creation::OrReplace,
            signature,
        } = &event.action
        else {
            return None;
        };
        let made = self.there.get(&event.object)?;
        made.signatures.contains(signature).then_some(made.site)
    }

    pub(super) fn apply(&mut self, event: &Event, script: &'a Script<'a>) {
        let site = Site {
            script,
            offset: event.offset,
        };
        match &event.action {
            Action::Create { signature, .. } if self.replaced(event).is_none() => {
                self.make(&event.object, signature, site);
            }
            Action::Drop => self.drop(&event.object, site),
            Action::Rename { to } => self.rename(&event.object, to, site),
            Action::Create { .. } | Action::Alter | Action::Reference => {}
        }
    }

    fn make(&mut self, object: &Object, signature: &str, site: Site<'a>) {
        let first = *self.first.entry(object.clone()).or_insert(site);
        if first.service() != site.service() {
            self.disputed.insert(object.clone());
        }
        self.gone.remove(object);
        if let Some(schema) = schema_of(object) {
            let objects = self.of_schema.entry(schema.to_owned()).or_default();
            objects.insert(object.clone());
        }
        let made = self.there.entry(object.clone()).or_insert_with(|| Made {
            site,
            signatures: BTreeSet::new(),
        });
        made.signatures.insert(signature.to_owned());
    }

    fn drop(&mut self, object: &Object, site: Site<'a>) {
        if let Some(made) = self.there.get_mut(object)
            && made.signatures.len() > 1
        {
            made.signatures.pop_last();
            return;
        }
        if object.space == Space::Schema {
            let objects = self.of_schema.remove(&object.name.name);
            for inside in objects.unwrap_or_default() {
                self.end(
                    &inside,
                    Removal {
                        site,
                        new_name: None,
                    },
                );
            }
        }
        self.end(
            object,
            Removal {
                site,
                new_name: None,
            },
        );
    }

    fn rename(&mut self, object: &Object, to: &Object, site: Site<'a>) {
        if object.space == Space::Schema {
            let objects = self.of_schema.remove(&object.name.name);
            for inside in objects.unwrap_or_default() {
                let mut moved = inside.clone();
                moved.name.schema = Some(to.name.name.clone());
                self.rename(&inside, &moved, site);
            }
        }
        let Some(made) = self.there.get(object) else {
            return;
        };
        for signature in made.signatures.clone() {
            self.make(to, &signature, site);
        }
        let now = Some(to.name.clone());
        self.end(
            object,
            Removal {
                site,
                new_name: now,
            },
        );
    }

    fn end(&mut self, object: &Object, gone: Removal<'a>) {
        if self.there.remove(object).is_none() {
            return;
        }
        let objects = schema_of(object).and_then(|schema| self.of_schema.get_mut(schema));
        if let Some(objects) = objects {
            objects.remove(object);
        }
        self.gone.insert(object.clone(), gone);
    }
}

impl Existence<'_> {
    fn rank(&self) -> u8 {
        match self {
            Existence::Exists(_) => 0,
            Existence::Disputed => 1,
            Existence::Removed(_) => 2,
            Existence::Later(_) => 3,
            Existence::Unknown => 4,
        }
    }
}

fn schema_of(object: &Object) -> Option<&str> {
    object.name.schema.as_deref()
}

/// Types of the catalog whose names a table may have, too. Without a schema, Postgres uses the type
/// of the catalog.
const CATALOG_TYPES: [&str; 34] = [
    "bit",
    "bool",
    "boolean",
    "box",
    "bytea",
    "char",
    "character",
    "cidr",
    "circle",
    "date",
    "decimal",
    "inet",
    "int",
    "integer",
    "interval",
    "json",
    "jsonb",
    "line",
    "lseg",
    "macaddr",
    "money",
    "name",
    "numeric",
    "oid",
    "path",
    "point",
    "polygon",
    "real",
    "record",
    "text",
    "time",
    "timestamp",
    "trigger",
    "uuid",
];
