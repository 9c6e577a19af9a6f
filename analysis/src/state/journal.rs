//! Records the changes of a script to the state.

use std::collections::{BTreeSet, HashMap};
use std::rc::Rc;

use super::entry::Entry;
use crate::objects::Object;

/// The changes of a script to a [`super::State`].
pub(crate) struct Journal<'a> {
    pub(super) before: HashMap<Object, Option<Rc<Entry<'a>>>>,
    pub(super) hidden: Option<BTreeSet<String>>,
}

impl<'a> Journal<'a> {
    /// The objects that the script created, dropped or altered.
    pub(crate) fn objects(&self) -> impl Iterator<Item = &Object> {
        self.before.keys()
    }

    /// The entry of an object before the script.
    pub(crate) fn before(&self, object: &Object) -> Earlier<'_, 'a> {
        match self.before.get(object) {
            Some(Some(entry)) => Earlier::Entry(entry),
            Some(None) => Earlier::Absent,
            None => Earlier::Unchanged,
        }
    }
}

/// The entry of an object before a script.
pub(crate) enum Earlier<'s, 'a> {
    /// The object existed.
    Entry(&'s Entry<'a>),
    /// The object did not exist.
    Absent,
    /// The script did not change the entry.
    Unchanged,
}
