//! Follows ALTER TABLE, CREATE INDEX, DROP SCHEMA and ALTER SCHEMA.

use migrator_model::small;
use std::collections::BTreeSet;

use super::Tables;
use crate::names::{Name, fold, name_of};
use crate::parse::{Id, Kind, Sql};
use crate::safety::table::Table;

impl Tables {
    /// Follows a schema that is dropped or renamed, with its tables.
    pub(super) fn follow_schema(&mut self, sql: &Sql<'_>, statement: Id) {
        let schemas = sql
            .children(statement)
            .filter(|&id| sql.kind(id) == Kind::SCHEMA_REF);
        let schemas: Vec<String> = schemas.map(|id| fold(sql.text_of(id))).collect();
        let new = sql
            .find(statement, Kind::SCHEMA)
            .map(|id| fold(sql.text_of(id)));
        let is_drop = sql.kind(statement) == Kind::DROP_SCHEMA;
        if !is_drop && new.is_none() {
            return;
        }
        let tables = std::mem::take(&mut self.by_name).into_iter();
        let tables = tables.filter_map(|(mut name, table)| {
            let schema = name.schema.as_deref().unwrap_or("public");
            if schemas.iter().any(|one| one == schema) {
                name.schema = Some(new.clone()?);
            }
            Some((name, table))
        });
        self.by_name = small::collect(tables);
        self.relate_all();
    }

    /// Follows a new index.
    pub(super) fn follow_index(&mut self, sql: &Sql<'_>, statement: Id, table: &Name) {
        if let Some(index) = sql.child(statement, Kind::INDEX) {
            let is_partitioned = self.by_name.get(table).is_some_and(Table::is_partitioned);
            let schema = table.schema.clone();
            let name = name_of(sql, index).map(|index| Name { schema, ..index });
            let is_built = is_partitioned && sql.child(statement, Kind::CONCURRENTLY_KW).is_none();
            match name {
                Some(name) if is_built => self.partitioned.insert(name),
                Some(name) => self.partitioned.remove(&name),
                None => false,
            };
        }
        if sql.child(statement, Kind::UNIQUE_KW).is_none() {
            return;
        }
        let list = sql.child(statement, Kind::PARTITION_ITEM_LIST);
        let name = sql
            .child(statement, Kind::INDEX)
            .and_then(|id| name_of(sql, id));
        let (Some(list), Some(name)) = (list, name) else {
            return;
        };
        let items = sql
            .children(list)
            .filter_map(|item| sql.child(item, Kind::NAME_REF));
        let columns = items.map(|item| fold(sql.text_of(item))).collect();
        let schema = table.schema.clone();
        self.indexes.insert(Name { schema, ..name }, columns);
    }

    pub(super) fn follow_action(&mut self, sql: &Sql<'_>, name: &Name, statement: Id, action: Id) {
        let new_name = |kind| sql.find(action, kind).and_then(|id| name_of(sql, id));
        match sql.kind(action) {
            Kind::TABLE_RENAME_TO => {
                if let Some(new) = new_name(Kind::TABLE_NAME) {
                    let schema = name.schema.clone();
                    self.move_table(name, Name { schema, ..new });
                }
            }
            Kind::SET_SCHEMA => {
                if let Some(schema) = new_name(Kind::SCHEMA_REF) {
                    let schema = Some(schema.name).filter(|schema| schema != "public");
                    let moved = Name {
                        schema,
                        ..name.clone()
                    };
                    self.move_table(name, moved);
                }
            }
            Kind::ATTACH_PARTITION | Kind::DETACH_PARTITION => {
                let Some(part) = new_name(Kind::TABLE_NAME_REF) else {
                    return;
                };
                let is_attached = sql.kind(action) == Kind::ATTACH_PARTITION;
                let table = self
                    .by_name
                    .entry(part.clone())
                    .or_insert_with(|| Table::unknown(0));
                table.parents.retain(|parent| parent != name);
                table.parents.extend(is_attached.then(|| name.clone()));
                self.related.add(&part, table);
            }
            _ => self.change(sql, name, statement, action),
        }
    }

    /// Follows an action on a table, and without `ONLY` on its partitions and child tables.
    pub(super) fn change(&mut self, sql: &Sql<'_>, name: &Name, statement: Id, action: Id) {
        let current = self.current;
        let made = if self.creates.contains(name) {
            current
        } else {
            0
        };
        let unknown = || Table::unknown(made);
        let table = self.by_name.entry(name.clone()).or_insert_with(unknown);
        table.change(sql, name, action, current);
        let index = sql
            .find(action, Kind::INDEX_REF)
            .and_then(|id| name_of(sql, id));
        if let (Kind::ADD_CONSTRAINT, Some(index)) = (sql.kind(action), index) {
            let schema = name.schema.clone();
            let columns = self.indexes.get(&Name { schema, ..index });
            for column in columns.into_iter().flatten() {
                table.set_not_null(column);
            }
        }
        self.related.add(name, table);
        let relation = sql.child(statement, Kind::TABLE_RELATION_NAME);
        if relation.is_some_and(|id| sql.child(id, Kind::ONLY_KW).is_some()) {
            return;
        }
        let mut below = self.children_of(name);
        let mut seen = BTreeSet::from([name.clone()]);
        while let Some(child) = below.pop() {
            if seen.insert(child.clone()) {
                below.extend(self.children_of(&child));
                if let Some(table) = self.by_name.get_mut(&child) {
                    table.change(sql, &child, action, current);
                    self.related.add(&child, table);
                }
            }
        }
    }

    pub(super) fn move_table(&mut self, from: &Name, to: Name) {
        let made = if self.is_new(from) { self.current } else { 0 };
        let table = self.by_name.remove(from);
        let dependents: Vec<Name> = self.related.to(from).cloned().collect();
        for dependent in dependents {
            if let Some(other) = self.by_name.get_mut(&dependent) {
                let names = other.parents.iter_mut().chain(&mut other.references);
                names
                    .filter(|name| *name == from)
                    .for_each(|name| name.clone_from(&to));
                self.related.add(&dependent, other);
            }
        }
        self.set(to, table.unwrap_or_else(|| Table::unknown(made)));
    }

    /// Adds all tables to the index of related tables, after their names have changed.
    fn relate_all(&mut self) {
        for (name, table) in &self.by_name {
            self.related.add(name, table);
        }
    }
}
