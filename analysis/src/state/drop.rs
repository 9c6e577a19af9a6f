//! Follows DROP statements, and removes objects that are no longer known.

use std::collections::BTreeSet;

use super::State;
use super::table::{Knowledge, Property};
use super::text;
use crate::objects::{Effect, Mention, Object, Space};
use crate::parse::{Id, Kind, Sql};

impl State<'_> {
    /// Whether a DROP names arguments that no known function of that name has.
    pub(super) fn drops_other_routine(&self, sql: &Sql<'_>, mention: &Mention) -> bool {
        if mention.object.space != Space::Routine || mention.effect != Effect::Drop {
            return false;
        }
        let mut lists = sql.descendants(mention.statement).filter(|&id| {
            sql.kind(id) == Kind::PARAM_LIST && sql.range(sql.parent(id)).start == mention.offset
        });
        let dropped = lists.next().and_then(|list| text::arguments(sql, list));
        let (Some(dropped), Some(entry)) = (dropped, self.get(&mention.object)) else {
            return false;
        };
        let is_other = |made: &Option<Vec<String>>| {
            made.as_ref()
                .is_some_and(|made| text::are_other_arguments(made, &dropped))
        };
        entry.arguments.iter().all(is_other)
    }

    /// Drops an object and its dependent objects.
    pub(super) fn drop_object(&mut self, sql: &Sql<'_>, statement: Id, object: &Object) {
        let Some(key) = self.key(object) else {
            return;
        };
        if sql.find(statement, Kind::CASCADE).is_some() {
            self.cascade(&key);
        }
        self.remove(&key);
    }

    pub(super) fn remove(&mut self, key: &Object) {
        if key.space == Space::Schema {
            let inside = self.keys(|one, _| one.name.schema.as_ref() == Some(&key.name.name));
            for one in inside {
                self.set(one, None);
            }
        }
        self.set(key.clone(), None);
        if key.space == Space::Relation {
            let owned = self.linked(&key.name, |entry| {
                entry.owners.iter().any(|owner| owner.relation == key.name)
            });
            for one in owned {
                self.remove(&one);
            }
        }
    }

    /// Removes objects whose definition names an object that CASCADE drops.
    pub(super) fn cascade(&mut self, key: &Object) {
        let name = &key.name.name;
        let named = self.keys(|_, entry| {
            let text = entry.text.as_deref().unwrap_or_default();
            entry.table.is_none() && text.split(' ').any(|word| word == name)
        });
        for one in named {
            self.hide_name(&one.name.name);
            self.set(one, None);
        }
        let tables = self.keys(|_, entry| entry.table.is_some());
        for one in tables {
            self.edit(&one, |entry| {
                if let Some(table) = &mut entry.table {
                    table
                        .constraints
                        .retain(|_, one| !one.text.split(' ').any(|word| word == name));
                    if matches!(key.space, Space::Type | Space::Extension | Space::Routine) {
                        table.columns.retain(|_, column| {
                            let of_type = column.properties.get(&Property::Type);
                            of_type.is_some_and(|text| !text.contains(name.as_str()))
                        });
                        table.knowledge = Knowledge::Partial;
                        table.forget(&Property::Default);
                    }
                }
            });
        }
    }

    pub(super) fn hide(&mut self, names: BTreeSet<String>) {
        let hidden = self.keys(|one, _| {
            names.contains(&one.name.name)
                || one.of.as_ref().is_some_and(|of| names.contains(&of.name))
        });
        for one in hidden {
            self.set(one, None);
        }
        self.remember_hidden();
        self.hidden.extend(names);
    }

    pub(super) fn hide_name(&mut self, name: &str) {
        self.remember_hidden();
        self.hidden.insert(name.to_owned());
    }

    pub(super) fn remember_hidden(&mut self) {
        if self.hidden_before.is_none() {
            self.hidden_before = Some(self.hidden.clone());
        }
    }

    pub(super) fn forget(&mut self) {
        for one in self.keys(|_, _| true) {
            self.hide_name(&one.name.name);
            self.set(one, None);
        }
    }
}
