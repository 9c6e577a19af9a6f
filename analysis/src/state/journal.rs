//! What a script has changed of the state.

use std::collections::{BTreeSet, HashMap};
use std::rc::Rc;

use super::entry::Entry;
use crate::objects::Object;

/// What a script has changed of a [`State`].
pub(crate) struct Journal<'a> {
    pub(super) before: HashMap<Object, Option<Rc<Entry<'a>>>>,
    pub(super) hidden: Option<BTreeSet<String>>,
}

impl<'a> Journal<'a> {
    /// The objects that were made, dropped or changed.
    pub(crate) fn objects(&self) -> impl Iterator<Item = &Object> {
        self.before.keys()
    }

    /// What there was of an object before, if the script has changed it.
    pub(crate) fn before(&self, object: &Object) -> Earlier<'_, 'a> {
        match self.before.get(object) {
            Some(Some(entry)) => Earlier::Entry(entry),
            Some(None) => Earlier::Absent,
            None => Earlier::Unchanged,
        }
    }
}

/// What there was of an object before a script.
pub(crate) enum Earlier<'s, 'a> {
    /// This.
    Entry(&'s Entry<'a>),
    /// Nothing.
    Absent,
    /// What there is after it.
    Unchanged,
}
