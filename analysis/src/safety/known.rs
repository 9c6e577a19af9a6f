//! What the scripts before a statement have made.

use std::collections::{BTreeSet, HashMap};

use super::case::table_of;
use super::table::{Constraint, Shape, Table};
use crate::objects::{Deed, Name, Space, fold, name_of};
use crate::parse::{Id, Kind, Sql};
use crate::script::Script;

/// The tables, as far as the scripts tell.
#[derive(Default)]
pub(super) struct Known {
    tables: HashMap<Name, Table>,
    /// The domains that give their columns a default.
    defaults: BTreeSet<Name>,
    /// The number of the migration that is looked at, from 1.
    here: usize,
    /// Every relation that its up script makes.
    makes: BTreeSet<Name>,
}

impl Known {
    /// Goes on to the next migration.
    pub(super) fn begin(&mut self, script: &Script<'_>) {
        self.here += 1;
        let made = script
            .mentions
            .iter()
            .filter(|mention| mention.deed == Deed::Make);
        let relations = made.filter(|mention| mention.object.space == Space::Relation);
        self.makes = relations
            .map(|mention| mention.object.name.clone())
            .collect();
    }

    pub(super) fn table(&self, name: &Name) -> Option<&Table> {
        self.tables.get(name)
    }

    /// Whether the migration itself makes a table.
    pub(super) fn is_new(&self, name: &Name) -> bool {
        match self.tables.get(name) {
            Some(table) => table.is_made_by(self.here),
            None => self.makes.contains(name),
        }
    }

    /// Whether the migration makes a relation, before or after.
    pub(super) fn makes(&self, name: &Name) -> bool {
        self.makes.contains(name)
    }

    /// Whether the migration itself adds a column.
    pub(super) fn is_new_column(&self, table: &Name, column: &str) -> bool {
        self.tables
            .get(table)
            .is_some_and(|table| table.has_column_of(self.here, column))
    }

    /// A constraint that the migration itself adds and has not proven yet.
    pub(super) fn open_constraint(&self, table: &Name, name: &str) -> Option<&Constraint> {
        self.tables.get(table)?.open_constraint(self.here, name)
    }

    /// Whether a type is a domain with a default.
    pub(super) fn has_default(&self, name: &Name) -> bool {
        self.defaults.contains(name)
    }

    /// Takes in what a statement, or an action of one, does.
    pub(super) fn follow(&mut self, script: &Script<'_>, statement: Id, unit: Id) {
        let sql = &script.sql;
        if let Some(table) = table_of(sql, statement) {
            return self.follow_action(sql, &table, unit);
        }
        match sql.kind(statement) {
            Kind::CREATE_DOMAIN => self.follow_domain(sql, statement),
            Kind::DROP_TABLE | Kind::DROP_MATERIALIZED_VIEW => {
                let is_name =
                    |&id: &Id| matches!(sql.kind(id), Kind::TABLE_NAME_REF | Kind::VIEW_REF);
                for dropped in sql.children(statement).filter(is_name) {
                    name_of(sql, dropped).and_then(|name| self.tables.remove(&name));
                }
            }
            Kind::CREATE_SCHEMA => {
                let schema = sql
                    .find(statement, Kind::SCHEMA)
                    .map(|id| fold(sql.text_of(id)));
                for element in sql.children(statement) {
                    self.follow_definition(sql, element, schema.as_ref());
                }
            }
            _ => self.follow_definition(sql, statement, None),
        }
    }

    fn follow_domain(&mut self, sql: &Sql<'_>, statement: Id) {
        let default = sql.find(statement, Kind::DEFAULT_CONSTRAINT);
        let name = sql
            .find(statement, Kind::DOMAIN)
            .filter(|_| default.is_some());
        self.defaults.extend(name.and_then(|id| name_of(sql, id)));
    }

    /// A statement that makes a table or a materialized view.
    fn follow_definition(&mut self, sql: &Sql<'_>, statement: Id, schema: Option<&String>) {
        let defined = match sql.kind(statement) {
            Kind::CREATE_TABLE | Kind::CREATE_TABLE_AS | Kind::SELECT_INTO => Kind::TABLE_NAME,
            Kind::CREATE_MATERIALIZED_VIEW => Kind::VIEW,
            _ => return,
        };
        let node = sql.find(statement, defined);
        let Some(mut name) = node.and_then(|id| name_of(sql, id)) else {
            return;
        };
        name.schema = name.schema.or_else(|| schema.cloned());
        let is_optional = sql.child(statement, Kind::IF_NOT_EXISTS).is_some();
        if is_optional && self.tables.contains_key(&name) {
            return;
        }
        let shape = match sql.child(statement, Kind::PARTITION_BY) {
            _ if defined == Kind::VIEW => Shape::View,
            Some(_) => Shape::Partitioned,
            None => Shape::Plain,
        };
        let mut table = Table::made_by(self.here, shape);
        if let Some(list) = sql.child(statement, Kind::TABLE_ARG_LIST) {
            for part in sql.children(list) {
                table.take_in(sql, &name, part, self.here);
            }
        }
        self.tables.insert(name, table);
    }

    fn follow_action(&mut self, sql: &Sql<'_>, name: &Name, action: Id) {
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
            _ => {
                let here = self.here;
                let made = if self.makes.contains(name) { here } else { 0 };
                let unknown = || Table::made_by(made, Shape::Plain);
                let table = self.tables.entry(name.clone()).or_insert_with(unknown);
                table.change(sql, name, action, here);
            }
        }
    }

    fn move_table(&mut self, from: &Name, to: Name) {
        let made = if self.is_new(from) { self.here } else { 0 };
        let unknown = Table::made_by(made, Shape::Plain);
        let table = self.tables.remove(from).unwrap_or(unknown);
        self.tables.insert(to, table);
    }
}
