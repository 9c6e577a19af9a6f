//! The tables before a statement.

mod alter;
mod create;
mod related;
mod rows;

use std::collections::{BTreeSet, HashMap};

use migrator_model::registry::Mode;

use crate::clauses::table_of;
use crate::names::{Name, fold, name_of};
use crate::objects::{Effect, Space};
use crate::parse::{Id, Kind};
use crate::safety::domains::Domains;
use crate::safety::table::{Constraint, Emptied, Table};
use crate::script::Script;
use crate::sql_type::SqlType;
use related::Related;

/// The tables that the scripts show.
#[derive(Default)]
pub(in crate::safety) struct Tables {
    by_name: HashMap<Name, Table>,
    related: Related,
    pub(in crate::safety) domains: Domains,
    /// The columns of each unique index. A primary key can use such an index.
    indexes: HashMap<Name, Vec<String>>,
    /// The indexes of partitioned tables.
    partitioned: BTreeSet<Name>,
    /// The number of the current migration, from 1.
    current: usize,
    /// All relations that its up script creates.
    creates: BTreeSet<Name>,
    /// Whether its up script may empty tables that no script creates.
    empties_unknown: bool,
}

impl Tables {
    /// Starts the next migration.
    pub(in crate::safety) fn begin(&mut self, script: &Script<'_>) {
        self.current += 1;
        self.empties_unknown = false;
        let made = script
            .mentions
            .iter()
            .filter(|mention| mention.effect == Effect::Create);
        let relations = made.filter(|mention| mention.object.space == Space::Relation);
        self.creates = relations
            .map(|mention| mention.object.name.clone())
            .collect();
    }

    pub(in crate::safety) fn table(&self, name: &Name) -> Option<&Table> {
        self.by_name.get(name)
    }

    /// The names of the known tables.
    pub(in crate::safety) fn names(&self) -> impl Iterator<Item = &Name> {
        self.by_name.keys()
    }

    /// Whether the current migration creates a table.
    pub(in crate::safety) fn is_new(&self, name: &Name) -> bool {
        match self.by_name.get(name) {
            Some(table) => table.is_created_by(self.current),
            None => self.creates.contains(name),
        }
    }

    /// Whether the current migration creates a relation, before or after this statement.
    pub(in crate::safety) fn creates(&self, name: &Name) -> bool {
        self.creates.contains(name)
    }

    /// How the current migration has emptied a table so far.
    pub(in crate::safety) fn emptied(&self, name: &Name) -> Option<Emptied> {
        let emptied = self
            .by_name
            .get(name)
            .and_then(|table| table.emptied_by(self.current));
        let is_unknown = self
            .by_name
            .get(name)
            .is_none_or(|table| table.is_created_by(0));
        emptied.or((self.empties_unknown && is_unknown).then_some(Emptied::Deleted))
    }

    /// Whether the current migration adds a column.
    pub(in crate::safety) fn is_new_column(&self, table: &Name, column: &str) -> bool {
        self.by_name
            .get(table)
            .is_some_and(|table| table.has_column_of(self.current, column))
    }

    /// A constraint that the current migration adds and has not validated yet.
    pub(in crate::safety) fn own_unvalidated(
        &self,
        table: &Name,
        name: &str,
    ) -> Option<&Constraint> {
        self.by_name.get(table)?.own_unvalidated(self.current, name)
    }

    /// Whether an index is one of a partitioned table and includes its partitions.
    pub(in crate::safety) fn is_partitioned_index(&self, name: &Name) -> bool {
        self.partitioned.contains(name)
    }

    /// The child tables and partitions of a table.
    pub(in crate::safety) fn children_of(&self, name: &Name) -> Vec<Name> {
        self.related_to(name, |table| table.parents.contains(name))
    }

    /// The tables whose foreign keys refer to a table.
    pub(in crate::safety) fn referrers_of(&self, name: &Name) -> Vec<Name> {
        self.related_to(name, |table| table.references.contains(name))
    }

    pub(in crate::safety) fn parents_of(&self, name: &Name) -> Vec<Name> {
        self.by_name
            .get(name)
            .map_or_else(Vec::new, |table| table.parents.clone())
    }

    fn related_to(&self, name: &Name, is_meant: impl Fn(&Table) -> bool) -> Vec<Name> {
        let candidates = self.related.to(name);
        let is_meant = |one: &&Name| self.by_name.get(one).is_some_and(&is_meant);
        candidates.filter(is_meant).cloned().collect()
    }

    /// Adds a table, or replaces it.
    fn set(&mut self, name: Name, table: Table) {
        self.related.add(&name, &table);
        self.by_name.insert(name, table);
    }

    /// Whether a column can change from one type to another without a rewrite of the table.
    pub(in crate::safety) fn changes_without_rewrite(&self, old: &SqlType, new: &SqlType) -> bool {
        let old_base = self.domains.base_of(old);
        let is_asked = self.domains.constrained(new).is_some();
        old == new || !is_asked && old_base.changes_without_rewrite(&self.domains.base_of(new))
    }

    /// Follows a statement, or one action of an ALTER TABLE.
    pub(in crate::safety) fn follow(&mut self, script: &Script<'_>, statement: Id, unit: Id) {
        let sql = &script.sql;
        if let Some(table) = table_of(sql, statement) {
            self.follow_index(sql, statement, &table);
            return self.follow_action(sql, &table, statement, unit);
        }
        self.domains.follow(sql, statement);
        let in_transaction = script.mode() == Mode::Transaction;
        self.follow_rows(sql, statement, in_transaction);
        match sql.kind(statement) {
            Kind::DROP_TABLE | Kind::DROP_MATERIALIZED_VIEW => {
                let is_name =
                    |&id: &Id| matches!(sql.kind(id), Kind::TABLE_NAME_REF | Kind::VIEW_REF);
                for dropped in sql.children(statement).filter(is_name) {
                    name_of(sql, dropped).and_then(|name| self.by_name.remove(&name));
                }
            }
            Kind::DROP_INDEX => {
                let dropped = sql.children(statement).filter_map(|id| name_of(sql, id));
                for name in dropped.collect::<Vec<_>>() {
                    self.partitioned.remove(&name);
                }
            }
            Kind::DROP_SCHEMA | Kind::ALTER_SCHEMA => self.follow_schema(sql, statement),
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
}
