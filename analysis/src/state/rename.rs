//! Follows RENAME and SET SCHEMA.

use super::State;
use super::entry::Entry;
use super::search_path::SearchPath;
use super::table::Property;
use crate::objects::{Object, Space};

impl State<'_> {
    pub(super) fn rename(&mut self, from: &Object, to: &Object) {
        self.mark_outdated(&from.name.name);
        let (Some(from), Some(mut to)) = (self.key(from), self.key(to)) else {
            return;
        };
        if to.name.schema.is_none() && matches!(self.path, SearchPath::Schema(_)) {
            to.name.schema.clone_from(&from.name.schema);
        }
        match from.space {
            Space::Schema => {
                let inside = self.keys(|one, _| one.name.schema.as_ref() == Some(&from.name.name));
                for one in inside {
                    let mut moved = one.clone();
                    moved.name.schema = Some(to.name.name.clone());
                    self.move_entry(&one, moved);
                }
            }
            Space::Type => self.forget_type(&from.name.name),
            Space::Relation => {
                self.rename_constraint_of_index(&from.name.name, &to.name.name);
                let parts = self.keys(|one, _| one.of.as_ref() == Some(&from.name));
                for one in parts {
                    let of = Some(to.name.clone());
                    self.move_entry(&one.clone(), Object { of, ..one });
                }
                for one in self.linked(&from.name, |_| true) {
                    self.edit(&one, |entry| {
                        let owners = entry.owners.iter_mut().map(|owner| &mut owner.relation);
                        let parents = entry.table.iter_mut().flat_map(|table| &mut table.parents);
                        for name in owners.chain(parents).filter(|name| **name == from.name) {
                            name.clone_from(&to.name);
                        }
                    });
                }
            }
            _ => {}
        }
        self.move_entry(&from, to);
    }

    /// Marks definitions that contain an old name. Postgres changes the name in them, too.
    pub(super) fn mark_outdated(&mut self, name: &str) {
        let named = self.keys(|_, entry| {
            let text = entry.text.as_deref().unwrap_or_default().to_lowercase();
            let mut words = text.split(|c: char| !c.is_alphanumeric() && c != '_');
            entry.table.is_none() && words.any(|word| word == name.to_lowercase())
        });
        for one in named {
            self.edit(&one, |entry| entry.is_outdated = true);
        }
    }

    /// Renames a constraint whose index gets another name.
    pub(super) fn rename_constraint_of_index(&mut self, from: &str, to: &str) {
        let has = |entry: &Entry<'_>| {
            let table = entry.table.as_ref();
            table.is_some_and(|table| table.constraints.contains_key(from))
        };
        for one in self.keys(|_, entry| has(entry)) {
            self.edit(&one, |entry| {
                let table = entry.table.as_mut();
                if let Some(table) = table
                    && let Some(constraint) = table.constraints.remove(from)
                {
                    table.constraints.insert(to.to_owned(), constraint);
                }
            });
        }
    }

    pub(super) fn move_entry(&mut self, from: &Object, to: Object) {
        if let Some(entry) = self.entries.get(from).cloned() {
            self.set(from.clone(), None);
            self.set(to, Some(entry));
        }
    }

    /// Forgets the type of columns whose type was renamed.
    pub(super) fn forget_type(&mut self, name: &str) {
        let tables = self.keys(|_, entry| entry.table.is_some());
        for one in tables {
            self.edit(&one, |entry| {
                for column in entry
                    .table
                    .iter_mut()
                    .flat_map(|table| table.columns.values_mut())
                {
                    let of_type = column.properties.get(&Property::Type);
                    if of_type.is_some_and(|text| text.contains(name)) {
                        column.properties.remove(&Property::Type);
                    }
                }
            });
        }
    }
}
