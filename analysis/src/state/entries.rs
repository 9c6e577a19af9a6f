//! The existing objects, by name and by the relations that they are linked to.

use std::collections::{HashMap, HashSet};
use std::rc::Rc;

use super::entry::Entry;
use crate::names::Name;
use crate::objects::Object;

/// The existing objects.
///
/// A tree can have many thousands of objects, and each DROP TABLE asks which of them belong to the
/// table. So each relation has a list of the objects that name it as their owner or parent.
#[derive(Default)]
pub(super) struct Entries<'a> {
    by_object: HashMap<Object, Rc<Entry<'a>>>,
    linked: HashMap<Name, HashSet<Object>>,
}

impl<'a> Entries<'a> {
    pub(super) fn get(&self, object: &Object) -> Option<&Rc<Entry<'a>>> {
        self.by_object.get(object)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (&Object, &Rc<Entry<'a>>)> {
        self.by_object.iter()
    }

    /// The objects whose entry names this relation as its owner or parent.
    pub(super) fn linked_to(&self, relation: &Name) -> impl Iterator<Item = (&Object, &Entry<'a>)> {
        let linked = self.linked.get(relation).into_iter().flatten();
        linked.filter_map(|object| Some((object, self.by_object.get(object)?.as_ref())))
    }

    /// Sets or removes an entry, and returns the previous one.
    pub(super) fn set(
        &mut self,
        object: Object,
        entry: Option<Rc<Entry<'a>>>,
    ) -> Option<Rc<Entry<'a>>> {
        let before = self.by_object.remove(&object);
        for relation in before.iter().flat_map(|before| before.links()) {
            if let Some(linked) = self.linked.get_mut(relation) {
                linked.remove(&object);
            }
        }
        if let Some(entry) = entry {
            for relation in entry.links() {
                let linked = self.linked.entry(relation.clone()).or_default();
                linked.insert(object.clone());
            }
            self.by_object.insert(object, entry);
        }
        before
    }
}
