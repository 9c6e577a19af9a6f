//! What is in the database at a point of the plan, and who made it.

use std::collections::{BTreeMap, BTreeSet};

use super::reading::{Act, Event, Manner};
use crate::names::Name;
use crate::objects::{Object, Space};
use crate::script::Script;
use crate::site::Site;

/// An object that is there.
struct Made<'a> {
    site: Site<'a>,
    /// Of a function, those of its name; otherwise one.
    signatures: BTreeSet<String>,
}

/// An object that was there.
#[derive(Clone)]
pub(super) struct Gone<'a> {
    /// Where it ended.
    pub(super) site: Site<'a>,
    /// What it is called now, if it was renamed.
    pub(super) now: Option<Name>,
}

/// What is known of an object at a point of the plan.
pub(super) enum Standing<'a> {
    /// It is there, and made here.
    There(Site<'a>),
    /// It was there.
    Gone(Gone<'a>),
    /// It is first made here, which comes later.
    NotYet(Site<'a>),
    /// Several services make it.
    Disputed,
    /// Nobody makes it.
    Unknown,
}

#[derive(Default)]
pub(super) struct World<'a> {
    /// Where the whole plan first makes each object.
    first: BTreeMap<Object, Site<'a>>,
    disputed: BTreeSet<Object>,
    there: BTreeMap<Object, Made<'a>>,
    gone: BTreeMap<Object, Gone<'a>>,
    /// What is there of each schema.
    of_schema: BTreeMap<String, BTreeSet<Object>>,
}

impl<'a> World<'a> {
    /// The same plan again, with what is now known of it, before its first step.
    pub(super) fn rewound(self) -> World<'a> {
        World {
            first: self.first,
            disputed: self.disputed,
            ..World::default()
        }
    }

    pub(super) fn standing(&self, object: &Object) -> Standing<'a> {
        if object.space != Space::Type {
            return self.standing_of(object);
        }
        let is_unqualified = object.name.schema.is_none();
        if is_unqualified && CATALOG_TYPES.contains(&object.name.name.as_str()) {
            return Standing::Unknown;
        }
        // A table is a type as well.
        let table = Object {
            space: Space::Relation,
            ..object.clone()
        };
        let (own, other) = (self.standing_of(object), self.standing_of(&table));
        match own.rank() <= other.rank() {
            true => own,
            false => other,
        }
    }

    fn standing_of(&self, object: &Object) -> Standing<'a> {
        if self.disputed.contains(object) {
            Standing::Disputed
        } else if let Some(made) = self.there.get(object) {
            Standing::There(made.site)
        } else if let Some(gone) = self.gone.get(object) {
            Standing::Gone(gone.clone())
        } else if let Some(first) = self.first.get(object) {
            Standing::NotYet(*first)
        } else {
            Standing::Unknown
        }
    }

    /// Where what a statement replaces was made, if it replaces anything.
    pub(super) fn replaced(&self, event: &Event) -> Option<Site<'a>> {
        let Act::Make {
            manner: Manner::Replacing,
            signature,
        } = &event.act
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
        match &event.act {
            Act::Make { signature, .. } if self.replaced(event).is_none() => {
                self.make(&event.object, signature, site);
            }
            Act::Drop => self.drop(&event.object, site),
            Act::Move { to } => self.rename(&event.object, to, site),
            Act::Make { .. } | Act::Change | Act::Use => {}
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
                self.end(&inside, Gone { site, now: None });
            }
        }
        self.end(object, Gone { site, now: None });
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
        self.end(object, Gone { site, now });
    }

    fn end(&mut self, object: &Object, gone: Gone<'a>) {
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

impl Standing<'_> {
    fn rank(&self) -> u8 {
        match self {
            Standing::There(_) => 0,
            Standing::Disputed => 1,
            Standing::Gone(_) => 2,
            Standing::NotYet(_) => 3,
            Standing::Unknown => 4,
        }
    }
}

fn schema_of(object: &Object) -> Option<&str> {
    object.name.schema.as_deref()
}

/// Types of the catalog whose names a table or a type may well have: without a
/// schema, the catalog's is meant.
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
