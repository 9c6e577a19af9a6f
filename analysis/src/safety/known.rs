//! What the scripts before a statement have made.

use std::collections::{BTreeSet, HashMap};

use migrator_model::registry::Mode;

use super::case::table_of;
use super::domains::Domains;
use super::sql_type::SqlType;
use super::table::{Constraint, Emptied, Shape, Table};
use crate::objects::{Deed, Name, Space, fold, name_of};
use crate::parse::{Id, Kind, Sql};
use crate::script::Script;

/// The tables, as far as the scripts tell.
#[derive(Default)]
pub(super) struct Known {
    tables: HashMap<Name, Table>,
    pub(super) domains: Domains,
    /// The columns of unique indexes, which a primary key may take over.
    indexes: HashMap<Name, Vec<String>>,
    /// The indexes of partitioned tables.
    partitioned: BTreeSet<Name>,
    /// The number of the migration that is looked at, from 1.
    here: usize,
    /// Every relation that its up script makes.
    makes: BTreeSet<Name>,
    /// Whether its up script may empty tables that no script makes.
    empties_unknown: bool,
}

impl Known {
    /// Goes on to the next migration.
    pub(super) fn begin(&mut self, script: &Script<'_>) {
        self.here += 1;
        self.empties_unknown = false;
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

    /// The tables of which something is known.
    pub(super) fn names(&self) -> impl Iterator<Item = &Name> {
        self.tables.keys()
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

    /// How the migration has emptied a table so far, if it has.
    pub(super) fn emptied(&self, name: &Name) -> Option<Emptied> {
        let emptied = self
            .tables
            .get(name)
            .and_then(|table| table.emptied_by(self.here));
        let is_unknown = self
            .tables
            .get(name)
            .is_none_or(|table| table.is_made_by(0));
        emptied.or((self.empties_unknown && is_unknown).then_some(Emptied::Deleted))
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

    /// Whether an index is of a partitioned table, with those of its partitions.
    pub(super) fn is_partitioned_index(&self, name: &Name) -> bool {
        self.partitioned.contains(name)
    }

    /// The tables that inherit from one or are its partitions.
    pub(super) fn children_of(&self, name: &Name) -> Vec<Name> {
        self.those(|table| table.parents.contains(name))
    }

    /// The tables whose foreign keys refer to one.
    pub(super) fn referrers_of(&self, name: &Name) -> Vec<Name> {
        self.those(|table| table.references.contains(name))
    }

    pub(super) fn parents_of(&self, name: &Name) -> Vec<Name> {
        self.tables
            .get(name)
            .map_or_else(Vec::new, |table| table.parents.clone())
    }

    fn those(&self, is_meant: impl Fn(&Table) -> bool) -> Vec<Name> {
        let tables = self.tables.iter().filter(|(_, table)| is_meant(table));
        tables.map(|(name, _)| name.clone()).collect()
    }

    /// Whether a column of a type is of another from here on without a change of its rows.
    pub(super) fn becomes_freely(&self, old: &SqlType, new: &SqlType) -> bool {
        let old_base = self.domains.base_of(old);
        let is_asked = self.domains.constrained(new).is_some();
        old == new || !is_asked && old_base.becomes_freely(&self.domains.base_of(new))
    }

    /// Takes in what a statement, or an action of one, does.
    pub(super) fn follow(&mut self, script: &Script<'_>, statement: Id, unit: Id) {
        let sql = &script.sql;
        if let Some(table) = table_of(sql, statement) {
            self.follow_index(sql, statement, &table);
            return self.follow_action(sql, &table, statement, unit);
        }
        self.domains.follow(sql, statement);
        let is_one = script.mode() == Mode::Transaction;
        self.follow_rows(sql, statement, is_one);
        match sql.kind(statement) {
            Kind::DROP_TABLE | Kind::DROP_MATERIALIZED_VIEW => {
                let is_name =
                    |&id: &Id| matches!(sql.kind(id), Kind::TABLE_NAME_REF | Kind::VIEW_REF);
                for dropped in sql.children(statement).filter(is_name) {
                    name_of(sql, dropped).and_then(|name| self.tables.remove(&name));
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

    /// A schema that is dropped with all in it, or is called another.
    fn follow_schema(&mut self, sql: &Sql<'_>, statement: Id) {
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
        let tables = std::mem::take(&mut self.tables).into_iter();
        let tables = tables.filter_map(|(mut name, table)| {
            let schema = name.schema.as_deref().unwrap_or("public");
            if schemas.iter().any(|one| one == schema) {
                name.schema = Some(new.clone()?);
            }
            Some((name, table))
        });
        self.tables = tables.collect();
    }

    /// The columns of a unique index.
    fn follow_index(&mut self, sql: &Sql<'_>, statement: Id, table: &Name) {
        if let Some(index) = sql.child(statement, Kind::INDEX) {
            let is_partitioned = self.tables.get(table).is_some_and(Table::is_partitioned);
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
        if sql.kind(statement) == Kind::CREATE_TABLE {
            self.inherit(sql, statement, &mut table);
            if let Some(list) = sql.child(statement, Kind::TABLE_ARG_LIST) {
                for part in sql.children(list) {
                    if sql.kind(part) == Kind::LIKE_CLAUSE {
                        self.copy_like(sql, part, &mut table);
                    }
                    table.take_in(sql, &name, part, self.here);
                }
            }
        } else {
            self.derive(sql, statement, &mut table);
        }
        self.tables.insert(name, table);
    }

    /// What a table has of those that it inherits from or is a partition of.
    fn inherit(&self, sql: &Sql<'_>, statement: Id, table: &mut Table) {
        for clause in sql.children(statement) {
            match sql.kind(clause) {
                Kind::INHERITS | Kind::PARTITION_OF => {}
                Kind::OF_TYPE => {
                    table.open();
                    continue;
                }
                _ => continue,
            }
            let parents = sql
                .children(clause)
                .filter(|&id| sql.kind(id) == Kind::TABLE_NAME_REF);
            for parent in parents.filter_map(|id| name_of(sql, id)) {
                match self.tables.get(&parent) {
                    Some(from) => {
                        table.copy_columns(from, self.here);
                        table.copy_checks(from);
                    }
                    None => table.open(),
                }
                table.parents.push(parent);
            }
        }
    }

    fn copy_like(&self, sql: &Sql<'_>, like: Id, table: &mut Table) {
        let source = sql.find(like, Kind::RELATION_NAME_REF);
        let source = source.and_then(|id| name_of(sql, id));
        let Some(from) = source.and_then(|name| self.tables.get(&name)) else {
            return table.open();
        };
        table.copy_columns(from, self.here);
        let properties = sql.text_of(like).to_ascii_lowercase();
        let is_whole = properties.contains("including all");
        if is_whole || properties.contains("including constraints") {
            table.copy_checks(from);
        }
    }

    /// What a table has of the query that makes it, where that is plain.
    fn derive(&self, sql: &Sql<'_>, statement: Id, table: &mut Table) {
        table.open();
        let has_names = sql.child(statement, Kind::TABLE_ARG_LIST).is_some();
        let mut items = sql
            .descendants(statement)
            .filter(|&id| sql.kind(id) == Kind::RELATION_FROM_ITEM);
        let (Some(item), None, false) = (items.next(), items.next(), has_names) else {
            return;
        };
        let source = sql.child(item, Kind::RELATION_NAME_REF);
        let source = source.and_then(|id| name_of(sql, id));
        let Some(from) = source.and_then(|name| self.tables.get(&name)) else {
            return;
        };
        let Some(list) = sql.find(statement, Kind::TARGET_LIST) else {
            return;
        };
        for target in sql
            .children(list)
            .filter(|&id| sql.kind(id) == Kind::TARGET)
        {
            if sql.find(target, Kind::STAR).is_some() {
                table.derive_columns(from, self.here);
                continue;
            }
            let Some(value) = sql.children(target).next() else {
                continue;
            };
            let plain = matches!(sql.kind(value), Kind::NAME_REF | Kind::FIELD_EXPR);
            let column = name_of(sql, value).filter(|_| plain).map(|name| name.name);
            let of_type = match sql.kind(value) {
                Kind::CAST_EXPR => SqlType::within(sql, value),
                _ => column
                    .as_ref()
                    .and_then(|column| from.type_of(column))
                    .cloned(),
            };
            let alias = sql.find(target, Kind::COLUMN_NAME);
            let alias = alias.map(|id| fold(sql.text_of(id)));
            if let Some(name) = alias.or(column) {
                table.derive_column(&name, of_type, self.here);
            }
        }
    }

    fn follow_action(&mut self, sql: &Sql<'_>, name: &Name, statement: Id, action: Id) {
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
                let part = self.tables.entry(part).or_insert_with(|| Table::unknown(0));
                part.parents.retain(|parent| parent != name);
                part.parents.extend(is_attached.then(|| name.clone()));
            }
            _ => self.change(sql, name, statement, action),
        }
    }

    /// An action on a table and, unless `ONLY` is said, on those below it.
    fn change(&mut self, sql: &Sql<'_>, name: &Name, statement: Id, action: Id) {
        let here = self.here;
        let made = if self.makes.contains(name) { here } else { 0 };
        let unknown = || Table::unknown(made);
        let table = self.tables.entry(name.clone()).or_insert_with(unknown);
        table.change(sql, name, action, here);
        let index = sql
            .find(action, Kind::INDEX_REF)
            .and_then(|id| name_of(sql, id));
        if let (Kind::ADD_CONSTRAINT, Some(index)) = (sql.kind(action), index) {
            let schema = name.schema.clone();
            let columns = self.indexes.get(&Name { schema, ..index });
            for column in columns.into_iter().flatten() {
                table.require(column);
            }
        }
        let relation = sql.child(statement, Kind::TABLE_RELATION_NAME);
        if relation.is_some_and(|id| sql.child(id, Kind::ONLY_KW).is_some()) {
            return;
        }
        let mut below = self.children_of(name);
        let mut seen = BTreeSet::from([name.clone()]);
        while let Some(child) = below.pop() {
            if seen.insert(child.clone()) {
                below.extend(self.children_of(&child));
                if let Some(table) = self.tables.get_mut(&child) {
                    table.change(sql, &child, action, here);
                }
            }
        }
    }

    fn move_table(&mut self, from: &Name, to: Name) {
        let made = if self.is_new(from) { self.here } else { 0 };
        let table = self.tables.remove(from);
        for other in self.tables.values_mut() {
            let names = other.parents.iter_mut().chain(&mut other.references);
            names
                .filter(|name| *name == from)
                .for_each(|name| name.clone_from(&to));
        }
        self.tables
            .insert(to, table.unwrap_or_else(|| Table::unknown(made)));
    }
}

/// Rows that are gone or come, as `rows` reads them.
impl Known {
    pub(super) fn mark_emptied(&mut self, name: &Name, how: Option<Emptied>) {
        let emptied = how.map(|how| (self.here, how));
        let table = self
            .tables
            .entry(name.clone())
            .or_insert_with(|| Table::unknown(0));
        table.set_emptied(emptied);
    }

    pub(super) fn empty_unknown(&mut self) {
        self.empties_unknown = true;
    }

    pub(super) fn empty_any(&mut self) {
        self.empties_unknown = true;
        for table in self.tables.values_mut() {
            table.set_emptied(Some((self.here, Emptied::Deleted)));
        }
    }
}
