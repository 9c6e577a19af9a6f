//! What each migration does to objects by name, and which services own the objects that it uses.

use std::collections::BTreeSet;

use migrator_model::{Migration, Registry};

use super::events::{Action, Event, ScriptEvents, read};
use super::inventory::{Existence, Inventory};
use crate::objects::Object;
use crate::script;

/// The objects and services that the scripts of a migration name.
#[derive(Clone, Debug)]
pub struct Uses<'r> {
    /// The migration.
    pub migration: Migration<'r>,
    /// What its up script does to objects, each once, in the order of the text.
    pub changes: Vec<ObjectChange>,
    /// The other services whose objects one of its scripts uses.
    pub services: BTreeSet<String>,
}

/// One change of a script to one object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ObjectChange {
    /// The change.
    pub kind: ChangeKind,
    /// The kind of the object, such as `relation` or `function`.
    pub object: &'static str,
    /// The schema of the object; `None` if the script names none, or `public`.
    pub schema: Option<String>,
    /// The name of the object, without its schema.
    pub name: String,
    /// The table that the object is a part of.
    pub table: Option<String>,
}

/// A kind of change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ChangeKind {
    /// The script creates the object, or gives an object this name.
    Creates,
    /// The script alters the object.
    Alters,
    /// The script drops the object, or gives it another name.
    Drops,
}

impl ChangeKind {
    /// The word in output.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            ChangeKind::Creates => "creates",
            ChangeKind::Alters => "alters",
            ChangeKind::Drops => "drops",
        }
    }
}

/// Returns what all migrations use, in plan order.
///
/// A name counts only if a script of the tree creates the object, before or after its use. Names in strings and function
/// bodies do not count, and neither does an object that several services create.
#[must_use]
pub fn uses(registry: &Registry) -> Vec<Uses<'_>> {
    let texts = script::texts(registry.migrations());
    let pairs = script::parse_all(&texts);
    let scripts: Vec<[ScriptEvents; 2]> = pairs
        .iter()
        .map(|pair| [read(&pair.up), read(&pair.down)])
        .collect();
    let mut inventory = Inventory::default();
    for (pair, [up, _]) in pairs.iter().zip(&scripts) {
        for event in &up.events {
            inventory.apply(event, &pair.up);
        }
    }
    let mut inventory = inventory.rewound();
    let all = pairs.iter().zip(&scripts).zip(registry.migrations());
    let uses = all.map(|((pair, [up, down]), migration)| {
        let mut found = Collector::new(migration);
        for event in &up.events {
            found.change(event);
            found.refer(event, &inventory);
            inventory.apply(event, &pair.up);
        }
        for event in &down.events {
            found.refer(event, &inventory);
        }
        found.uses
    });
    uses.collect()
}

struct Collector<'r> {
    uses: Uses<'r>,
    seen: BTreeSet<(ChangeKind, Object)>,
}

impl<'r> Collector<'r> {
    fn new(migration: Migration<'r>) -> Collector<'r> {
        Collector {
            uses: Uses {
                migration,
                changes: Vec::new(),
                services: BTreeSet::new(),
            },
            seen: BTreeSet::new(),
        }
    }

    fn change(&mut self, event: &Event) {
        match &event.action {
            Action::Create { .. } => self.add(ChangeKind::Creates, &event.object),
            Action::Alter => self.add(ChangeKind::Alters, &event.object),
            Action::Drop => self.add(ChangeKind::Drops, &event.object),
            Action::Rename { to } => {
                self.add(ChangeKind::Drops, &event.object);
                self.add(ChangeKind::Creates, to);
            }
            Action::Reference => {}
        }
    }

    fn add(&mut self, kind: ChangeKind, object: &Object) {
        if !self.seen.insert((kind, object.clone())) {
            return;
        }
        self.uses.changes.push(ObjectChange {
            kind,
            object: object.space.word(),
            schema: object.name.schema.clone(),
            name: object.name.name.clone(),
            table: object.of.as_ref().map(ToString::to_string),
        });
    }

    fn refer(&mut self, event: &Event, inventory: &Inventory<'_>) {
        let schema = event.object.schema_in_name();
        for object in [Some(&event.object), schema.as_ref()].into_iter().flatten() {
            let existence = inventory.existence(object);
            if let Existence::Exists(made) | Existence::Later(made) = existence
                && made.service() != self.uses.migration.service
            {
                self.uses.services.insert(made.service().to_owned());
            }
        }
    }
}
