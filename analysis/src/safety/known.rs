//! What the scripts before a statement have made.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use migrator_model::Code;

use super::case::{column_of, table_of};
use super::sql_type::SqlType;
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

/// A table; of one that no script makes, only what was done to it.
#[derive(Default)]
pub(super) struct Table {
    /// The migration that makes it; 0 for none.
    made: usize,
    shape: Shape,
    columns: BTreeMap<String, Column>,
    constraints: BTreeMap<String, Constraint>,
}

#[derive(Default, PartialEq, Eq)]
enum Shape {
    #[default]
    Plain,
    Partitioned,
    View,
}

struct Column {
    made: usize,
    of_type: Option<SqlType>,
}

/// A constraint that is proven by a look at every row.
pub(super) struct Constraint {
    made: usize,
    /// The rule that is about proving it.
    pub(super) rule: Code,
    proof: Proof,
    /// The columns that are never null where it holds.
    pub(super) filled: Vec<String>,
}

#[derive(PartialEq, Eq)]
enum Proof {
    Done,
    Open,
}

impl Table {
    pub(super) fn is_partitioned(&self) -> bool {
        self.shape == Shape::Partitioned
    }

    pub(super) fn is_view(&self) -> bool {
        self.shape == Shape::View
    }

    pub(super) fn type_of(&self, column: &str) -> Option<&SqlType> {
        self.columns.get(column)?.of_type.as_ref()
    }

    /// Whether a constraint proves that a column is never null.
    pub(super) fn is_filled(&self, column: &str) -> bool {
        let proven = self
            .constraints
            .values()
            .filter(|one| one.proof == Proof::Done);
        proven
            .flat_map(|one| &one.filled)
            .any(|filled| filled == column)
    }
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
            Some(table) => table.made == self.here,
            None => self.makes.contains(name),
        }
    }

    /// Whether the migration makes a relation, before or after.
    pub(super) fn makes(&self, name: &Name) -> bool {
        self.makes.contains(name)
    }

    /// Whether the migration itself adds a column.
    pub(super) fn is_new_column(&self, table: &Name, column: &str) -> bool {
        let column = self
            .tables
            .get(table)
            .and_then(|table| table.columns.get(column));
        column.is_some_and(|column| column.made == self.here)
    }

    /// A constraint that the migration itself adds and has not proven yet.
    pub(super) fn open_constraint(&self, table: &Name, name: &str) -> Option<&Constraint> {
        let constraint = self.tables.get(table)?.constraints.get(name)?;
        let is_open = constraint.made == self.here && constraint.proof == Proof::Open;
        is_open.then_some(constraint)
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
                for name in sql.children(statement).filter_map(|id| name_of(sql, id)) {
                    self.tables.remove(&name);
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
        let mut table = Table {
            made: self.here,
            shape: match sql.child(statement, Kind::PARTITION_BY) {
                _ if defined == Kind::VIEW => Shape::View,
                Some(_) => Shape::Partitioned,
                None => Shape::Plain,
            },
            ..Table::default()
        };
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
                    let name_there = name.name.clone();
                    self.move_table(
                        name,
                        Name {
                            schema,
                            name: name_there,
                        },
                    );
                }
            }
            _ => {
                let here = self.here;
                let made = if self.makes.contains(name) { here } else { 0 };
                let unknown = || Table {
                    made,
                    ..Table::default()
                };
                let table = self.tables.entry(name.clone()).or_insert_with(unknown);
                table.change(sql, name, action, here);
            }
        }
    }

    fn move_table(&mut self, from: &Name, to: Name) {
        let made = if self.is_new(from) { self.here } else { 0 };
        let unknown = Table {
            made,
            ..Table::default()
        };
        let table = self.tables.remove(from).unwrap_or(unknown);
        self.tables.insert(to, table);
    }
}

impl Table {
    fn change(&mut self, sql: &Sql<'_>, name: &Name, action: Id, here: usize) {
        match sql.kind(action) {
            Kind::ADD_COLUMN => self.take_in(sql, name, action, here),
            Kind::ADD_CONSTRAINT => {
                for constraint in sql.children(action) {
                    self.take_in(sql, name, constraint, here);
                }
            }
            Kind::VALIDATE_CONSTRAINT | Kind::DROP_CONSTRAINT => {
                self.change_constraint(sql, action);
            }
            Kind::DROP_COLUMN | Kind::RENAME_COLUMN | Kind::ALTER_COLUMN => {
                self.change_column(sql, action);
            }
            _ => {}
        }
    }

    /// A column or a constraint that is defined.
    fn take_in(&mut self, sql: &Sql<'_>, table: &Name, part: Id, here: usize) {
        let kind = sql.kind(part);
        if matches!(kind, Kind::COLUMN | Kind::ADD_COLUMN) {
            let of_type = SqlType::within(sql, part);
            let column = column_of(sql, part).unwrap_or_default();
            self.columns.insert(
                column,
                Column {
                    made: here,
                    of_type,
                },
            );
            for constraint in sql.children(part) {
                if sql.kind(constraint) == Kind::CHECK_CONSTRAINT {
                    self.take_in(sql, table, constraint, here);
                }
            }
        }
        let (rule, filled) = match kind {
            Kind::CHECK_CONSTRAINT => (Code::M0217, filled_by(sql, part)),
            Kind::FOREIGN_KEY_CONSTRAINT => (Code::M0218, Vec::new()),
            Kind::NOT_NULL_CONSTRAINT => (Code::M0225, Vec::from_iter(column_of(sql, part))),
            _ => return,
        };
        let name = constraint_name(sql, part);
        // Postgres's own name for one without; it is only told apart here.
        let name = name.unwrap_or_else(|| format!("{}#{}", table.name, self.constraints.len()));
        let proof = match sql.child(part, Kind::NOT_VALID) {
            Some(_) => Proof::Open,
            None => Proof::Done,
        };
        let constraint = Constraint {
            made: here,
            rule,
            proof,
            filled,
        };
        self.constraints.insert(name, constraint);
    }

    fn change_constraint(&mut self, sql: &Sql<'_>, action: Id) {
        let Some(name) = referred_constraint(sql, action) else {
            return;
        };
        if sql.kind(action) == Kind::DROP_CONSTRAINT {
            self.constraints.remove(&name);
        } else if let Some(constraint) = self.constraints.get_mut(&name) {
            constraint.proof = Proof::Done;
        }
    }

    fn change_column(&mut self, sql: &Sql<'_>, action: Id) {
        let Some(name) = column_of(sql, action) else {
            return;
        };
        match sql.kind(action) {
            Kind::DROP_COLUMN => {
                self.columns.remove(&name);
                self.constraints
                    .retain(|_, constraint| !constraint.filled.contains(&name));
            }
            Kind::RENAME_COLUMN => self.rename_column(sql, action, &name),
            _ => {
                let change = sql.child(action, Kind::SET_TYPE);
                if let (Some(change), Some(column)) = (change, self.columns.get_mut(&name)) {
                    column.of_type = SqlType::within(sql, change);
                }
            }
        }
    }

    fn rename_column(&mut self, sql: &Sql<'_>, action: Id, old: &str) {
        let Some(new) = sql.child(action, Kind::COLUMN_NAME) else {
            return;
        };
        let new = fold(sql.text_of(new));
        for constraint in self.constraints.values_mut() {
            let same = constraint.filled.iter_mut().filter(|filled| *filled == old);
            same.for_each(|filled| filled.clone_from(&new));
        }
        if let Some(column) = self.columns.remove(old) {
            self.columns.insert(new, column);
        }
    }
}

/// The constraint that an action refers to.
pub(super) fn referred_constraint(sql: &Sql<'_>, action: Id) -> Option<String> {
    let name = sql.child(action, Kind::CONSTRAINT_NAME_REF)?;
    Some(name_of(sql, name)?.name)
}

fn constraint_name(sql: &Sql<'_>, constraint: Id) -> Option<String> {
    let clause = sql.child(constraint, Kind::CONSTRAINT_NAME_CLAUSE)?;
    let name = sql.find(clause, Kind::CONSTRAINT_NAME)?;
    Some(fold(sql.text_of(name)))
}

/// The columns of which a CHECK says `IS NOT NULL`, by itself or with AND.
fn filled_by(sql: &Sql<'_>, check: Id) -> Vec<String> {
    let nodes = sql.descendants(check);
    let tests = nodes
        .filter(|&id| sql.kind(id) == Kind::IS_NOT)
        .filter_map(|is_not| {
            let test = sql.parent(is_not);
            let mut children = sql.children(test);
            let (left, right) = (children.next()?, children.last()?);
            let is_test = sql.kind(left) == Kind::NAME_REF
                && sql.text_of(right).eq_ignore_ascii_case("null")
                && sql
                    .ancestors(test)
                    .take_while(|&id| id != check)
                    .all(|id| keeps(sql, id));
            is_test.then(|| fold(sql.text_of(left)))
        });
    tests.collect()
}

/// Whether what holds for a node holds for each of its parts.
fn keeps(sql: &Sql<'_>, node: Id) -> bool {
    match sql.kind(node) {
        Kind::PAREN_EXPR => true,
        Kind::BIN_EXPR => sql.child(node, Kind::AND_KW).is_some(),
        _ => false,
    }
}
