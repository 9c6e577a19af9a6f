//! What is known of one table.

use std::collections::BTreeMap;

use migrator_model::Code;

use super::case::column_of;
use super::sql_type::SqlType;
use crate::objects::{Name, fold, name_of};
use crate::parse::{Id, Kind, Sql};

/// A table; of one that no script makes, only what was done to it.
pub(super) struct Table {
    /// The migration that makes it; 0 for none.
    made: usize,
    shape: Shape,
    columns: BTreeMap<String, Column>,
    constraints: BTreeMap<String, Constraint>,
}

/// What a relation with rows is.
#[derive(PartialEq, Eq)]
pub(super) enum Shape {
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
    /// A table without columns; `made` is the migration that makes it, 0 for none.
    pub(super) fn made_by(made: usize, shape: Shape) -> Table {
        Table {
            made,
            shape,
            columns: BTreeMap::new(),
            constraints: BTreeMap::new(),
        }
    }

    pub(super) fn is_made_by(&self, here: usize) -> bool {
        self.made == here
    }

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

    /// Whether a migration adds a column.
    pub(super) fn has_column_of(&self, here: usize, column: &str) -> bool {
        let column = self.columns.get(column);
        column.is_some_and(|column| column.made == here)
    }

    /// A constraint that a migration adds and that is not proven yet.
    pub(super) fn open_constraint(&self, here: usize, name: &str) -> Option<&Constraint> {
        let constraint = self.constraints.get(name)?;
        let is_open = constraint.made == here && constraint.proof == Proof::Open;
        is_open.then_some(constraint)
    }
}

impl Table {
    /// Takes in what an action of ALTER TABLE does.
    pub(super) fn change(&mut self, sql: &Sql<'_>, name: &Name, action: Id, here: usize) {
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
    pub(super) fn take_in(&mut self, sql: &Sql<'_>, table: &Name, part: Id, here: usize) {
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
