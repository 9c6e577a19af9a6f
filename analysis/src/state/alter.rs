//! Follows ALTER statements.

use std::rc::Rc;

use super::State;
use super::entry::Entry;
use super::table::{Knowledge, Table};
use crate::clauses::column_of;
use crate::names::name_of;
use crate::objects::Object;
use crate::parse::{Id, Kind, Sql};
use crate::script::Script;
use crate::site::Site;

impl<'a> State<'a> {
    /// Follows the actions of ALTER TABLE on columns, constraints and properties.
    pub(super) fn actions(&mut self, script: &'a Script<'a>, statement: Id) {
        let sql = &script.sql;
        match sql.kind(statement) {
            Kind::ALTER_TABLE | Kind::ALTER_FOREIGN_TABLE => {}
            Kind::ALTER_TYPE | Kind::ALTER_DOMAIN => {
                for mention in script.mentions_of(statement) {
                    self.edit(&mention.object, |entry| entry.text = None);
                }
                return;
            }
            _ => return,
        }
        let name = sql.find(statement, Kind::TABLE_NAME_REF);
        let Some(name) = name.and_then(|id| name_of(sql, id)) else {
            return;
        };
        let Some(key) = self.key(&Object::relation(name)) else {
            return;
        };
        let is_only = sql
            .child(statement, Kind::TABLE_RELATION_NAME)
            .is_some_and(|id| sql.child(id, Kind::ONLY_KW).is_some());
        let is_optional = sql.child(statement, Kind::IF_EXISTS).is_some();
        if self.entries.get(&key).is_none() {
            let is_renamed = sql.child(statement, Kind::TABLE_RENAME_TO).is_some()
                || sql.child(statement, Kind::SET_SCHEMA).is_some();
            if is_optional || is_renamed {
                return;
            }
            // No script creates the table. Only its changes are known.
            let table = Some(Table::new(Knowledge::Partial));
            let entry = Entry {
                site: None,
                text: None,
                is_outdated: false,
                owners: Vec::new(),
                table,
                arguments: Vec::new(),
            };
            self.set(key.clone(), Some(Rc::new(entry)));
        }
        let mut tables = vec![key];
        if !is_only {
            self.add_children(&mut tables);
        }
        for action in sql.children(statement) {
            if sql.is_leaf(action) {
                continue;
            }
            let site = Site {
                script,
                offset: sql.range(action).start,
            };
            for one in &tables {
                self.drop_with_column(sql, one, action);
                self.edit(one, |entry| {
                    if let Some(table) = &mut entry.table {
                        table.change(sql, action, site);
                    }
                });
            }
        }
    }

    /// Adds the partitions and child tables of the listed tables.
    pub(super) fn add_children(&self, tables: &mut Vec<Object>) {
        let mut at = 0;
        while let Some(parent) = tables.get(at).map(|one| one.name.clone()) {
            let children = self.linked(&parent, |entry| {
                let table = entry.table.as_ref();
                table.is_some_and(|table| table.parents.contains(&parent))
            });
            for child in children {
                if !tables.contains(&child) {
                    tables.push(child);
                }
            }
            at += 1;
        }
    }

    /// Drops or renames the column in the indexes and sequences that depend on it.
    pub(super) fn drop_with_column(&mut self, sql: &Sql<'_>, table: &Object, action: Id) {
        let column = column_of(sql, action);
        let Some(column) = column else { return };
        match sql.kind(action) {
            Kind::DROP_COLUMN => {
                let owned = self.linked(&table.name, |entry| {
                    entry.owners.iter().any(|owner| {
                        owner.relation == table.name && owner.columns.contains(&column)
                    })
                });
                for one in owned {
                    self.remove(&one);
                }
                if sql.child(action, Kind::CASCADE_KW).is_some()
                    || sql.find(action, Kind::CASCADE).is_some()
                {
                    self.cascade(table);
                }
            }
            Kind::RENAME_COLUMN => {
                let new = sql
                    .child(action, Kind::COLUMN_NAME)
                    .and_then(|id| name_of(sql, id));
                let Some(new) = new else { return };
                self.mark_outdated(&column);
                let owned = self.linked(&table.name, |entry| {
                    entry
                        .owners
                        .iter()
                        .any(|owner| owner.relation == table.name)
                });
                for one in owned {
                    self.edit(&one, |entry| {
                        let own = entry
                            .owners
                            .iter_mut()
                            .filter(|owner| owner.relation == table.name);
                        for name in own.flat_map(|owner| &mut owner.columns) {
                            if *name == column {
                                name.clone_from(&new.name);
                            }
                        }
                    });
                }
            }
            _ => {}
        }
    }
}
