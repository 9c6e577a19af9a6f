//! Finds the objects that may be one object, among thousands of equal names.

use std::collections::HashMap;

use crate::objects::Object;

use super::renames::Renames;

/// Places in a list of objects, by the names of the objects and of their tables.
///
/// A script can add a column of the same name to thousands of tables. So the places of the parts of
/// a table are kept for each table.
#[derive(Default)]
pub(super) struct ByName<'a> {
    whole: HashMap<&'a str, Vec<usize>>,
    /// The places of parts, by their name and then by the name of their table.
    parts: HashMap<&'a str, HashMap<&'a str, Vec<usize>>>,
}

impl<'a> ByName<'a> {
    pub(super) fn add(&mut self, object: &'a Object, place: usize) {
        let name = object.name.name.as_str();
        let places = match &object.of {
            Some(of) => self.parts.entry(name).or_default().entry(&of.name),
            None => self.whole.entry(name),
        };
        places.or_default().push(place);
    }

    pub(super) fn remove(&mut self, object: &Object, place: usize) {
        let name = object.name.name.as_str();
        let places = match &object.of {
            Some(of) => self
                .parts
                .get_mut(name)
                .and_then(|all| all.get_mut(of.name.as_str())),
            None => self.whole.get_mut(name),
        };
        if let Some(places) = places {
            places.retain(|one| *one != place);
        }
    }

    /// The places of objects that have this name and are no part of a table.
    pub(super) fn whole(&self, name: &str) -> impl Iterator<Item = usize> {
        self.whole.get(name).into_iter().flatten().copied()
    }

    /// The places of all objects that may be this object.
    pub(super) fn alike(&self, names: &Renames, object: &Object) -> impl Iterator<Item = usize> {
        let parts = self.parts.get(object.name.name.as_str());
        let (all, of_table) = match &object.of {
            None => (parts, Vec::new()),
            Some(of) => {
                let called = names.also_called(&of.name).into_iter();
                let lists = called.filter_map(|table| parts?.get(table));
                (None, lists.collect())
            }
        };
        let all = all.into_iter().flat_map(HashMap::values);
        let places = all.chain(of_table).flatten().copied();
        self.whole(&object.name.name).chain(places)
    }
}
