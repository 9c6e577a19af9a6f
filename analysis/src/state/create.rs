//! Follows CREATE statements.

use std::rc::Rc;

use super::State;
use super::entry::{Entry, Owner};
use super::table::{Knowledge, Property, Table};
use super::text;
use crate::clauses::names_in;
use crate::names::{Name, name_of};
use crate::objects::{Mention, Object, Space};
use crate::parse::{Id, Kind, Sql};
use crate::script::Script;
use crate::site::Site;

impl<'a> State<'a> {
    pub(super) fn make(&mut self, script: &'a Script<'a>, mention: &Mention) {
        let (sql, statement) = (&script.sql, mention.statement);
        let object = &mention.object;
        if sql.find(statement, Kind::TEMP).is_some() {
            self.temporary.insert(object.name.name.clone());
            return;
        }
        let Some(mut key) = self.key(object) else {
            self.hide_name(&object.name.name);
            return;
        };
        let kind = sql.kind(statement);
        if kind == Kind::CREATE_SCHEMA && object.space != Space::Schema {
            let schema = sql
                .find(statement, Kind::SCHEMA)
                .and_then(|id| name_of(sql, id));
            key.name.schema = key.name.schema.or(schema.map(|schema| schema.name));
        }
        let site = Site {
            script,
            offset: mention.offset,
        };
        let text = text::definition(sql, statement);
        if object.space == Space::Routine {
            let list = sql.find(statement, Kind::PARAM_LIST);
            let arguments = list.and_then(|list| text::arguments(sql, list));
            return self.make_routine(key, site, text, arguments);
        }
        let mut entry = Entry {
            site: Some(site),
            text: Some(text),
            is_outdated: false,
            owners: Vec::new(),
            table: None,
            arguments: Vec::new(),
        };
        match kind {
            Kind::CREATE_TABLE
            | Kind::CREATE_FOREIGN_TABLE
            | Kind::CREATE_TABLE_AS
            | Kind::SELECT_INTO => {
                entry.table = Some(self.new_table(sql, statement, site, &mut entry.owners));
            }
            Kind::CREATE_SCHEMA => entry.text = None,
            Kind::CREATE_INDEX => entry.owners.extend(index_owner(sql, statement)),
            Kind::CREATE_VIEW | Kind::CREATE_MATERIALIZED_VIEW | Kind::CREATE_SEQUENCE => {}
            _ => {
                if let Some(of) = &key.of {
                    entry.owners.push(Owner {
                        relation: of.clone(),
                        columns: Vec::new(),
                    });
                }
            }
        }
        if self.hidden.contains(&key.name.name) {
            self.remember_hidden();
            self.hidden.remove(&key.name.name);
        }
        self.set(key, Some(Rc::new(entry)));
    }

    /// Adds a function. Functions of one name share an entry.
    pub(super) fn make_routine(
        &mut self,
        key: Object,
        site: Site<'a>,
        text: String,
        arguments: Option<Vec<String>>,
    ) {
        let head = |text: &str| {
            text.split(" returns ")
                .next()
                .unwrap_or_default()
                .to_owned()
        };
        let is_other = self
            .entries
            .get(&key)
            .is_some_and(|old| old.text.as_ref().is_none_or(|old| head(old) != head(&text)));
        let old = self.entries.get(&key);
        let mut all = old.map_or_else(Vec::new, |old| old.arguments.clone());
        all.push(arguments);
        let entry = Entry {
            site: Some(site),
            text: (!is_other).then_some(text),
            is_outdated: false,
            owners: Vec::new(),
            table: None,
            arguments: all,
        };
        if is_other {
            self.hide_name(&key.name.name);
        }
        self.set(key, Some(Rc::new(entry)));
    }

    pub(super) fn new_table(
        &self,
        sql: &Sql<'_>,
        statement: Id,
        site: Site<'a>,
        owners: &mut Vec<Owner>,
    ) -> Table<'a> {
        let kind = sql.kind(statement);
        let list = sql.child(statement, Kind::TABLE_ARG_LIST);
        let has = |kind| sql.child(statement, kind).is_some();
        let is_copied =
            matches!(kind, Kind::CREATE_TABLE_AS | Kind::SELECT_INTO) || has(Kind::OF_TYPE);
        let knowledge = if is_copied {
            Knowledge::Partial
        } else {
            Knowledge::Complete
        };
        let mut table = Table::new(knowledge);
        if has(Kind::UNLOGGED) || sql.child(statement, Kind::UNLOGGED_KW).is_some() {
            table
                .properties
                .insert(Property::Logged, "UNLOGGED".to_owned());
        }
        for clause in [Kind::INHERITS, Kind::PARTITION_OF] {
            let Some(clause_id) = sql.child(statement, clause) else {
                continue;
            };
            for parent in names_in(sql, clause_id) {
                self.copy(&mut table, &parent, Copied::AllProperties);
                if clause == Kind::PARTITION_OF {
                    owners.push(Owner {
                        relation: parent.clone(),
                        columns: Vec::new(),
                    });
                }
                table.parents.push(parent);
            }
        }
        for part in list.into_iter().flat_map(|list| sql.children(list)) {
            if sql.kind(part) == Kind::LIKE_CLAUSE {
                let has = |kind| sql.find(part, kind).is_some();
                let copied = match has(Kind::PROPERTY_ALL) {
                    true => Copied::AllProperties,
                    false => Copied::TypesOnly,
                };
                for source in names_in(sql, part) {
                    self.copy(&mut table, &source, copied);
                }
            } else {
                table.add_part(sql, part, site);
            }
        }
        table
    }

    /// Copies the columns of a table to a new table.
    pub(super) fn copy(&self, table: &mut Table<'a>, from: &Name, copied: Copied) {
        let Some(source) = self.table(from) else {
            table.knowledge = Knowledge::Partial;
            return;
        };
        if source.knowledge == Knowledge::Partial {
            table.knowledge = Knowledge::Partial;
        }
        for (name, column) in &source.columns {
            let mut column = column.clone();
            if copied == Copied::TypesOnly {
                column
                    .properties
                    .retain(|property, _| matches!(property, Property::Type | Property::NotNull));
            }
            table.columns.insert(name.clone(), column);
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Copied {
    AllProperties,
    TypesOnly,
}

fn index_owner(sql: &Sql<'_>, statement: Id) -> Option<Owner> {
    let relation = names_in(sql, statement).into_iter().next()?;
    let is_column = |&id: &Id| sql.kind(id) == Kind::NAME_REF;
    let names = sql.descendants(statement).filter(is_column);
    let columns = names
        .filter_map(|id| name_of(sql, id))
        .map(|name| name.name)
        .collect();
    Some(Owner { relation, columns })
}
