//! The rows, columns and constraints of a table that the lints need.

mod copy;

use std::collections::BTreeMap;

use migrator_model::Code;

use crate::clauses::{column_of, constraint_name, is_not_validated, referred_constraint};
use crate::names::{Name, fold, name_of};
use crate::parse::{Id, Kind, Sql};
use crate::sql_type::SqlType;

/// A table. If no script creates the table, it has only the changes that scripts make.
pub(in crate::safety) struct Table {
    /// The number of the migration that creates it, or 0.
    made: usize,
    kind_of_relation: RelationKind,
    columns: BTreeMap<String, Column>,
    constraints: BTreeMap<String, Constraint>,
    /// Whether it may have columns that the scripts do not show.
    has_unknown_columns: bool,
    /// The tables that it inherits from, or the table of which it is a partition.
    pub(in crate::safety) parents: Vec<Name>,
    /// The tables that its foreign keys refer to.
    pub(in crate::safety) references: Vec<Name>,
    /// The number of the migration that last emptied it, and how.
    emptied: Option<(usize, Emptied)>,
}

/// The kind of a relation with rows.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(in crate::safety) enum RelationKind {
    Table,
    Partitioned,
    View,
}

/// How a statement emptied a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::safety) enum Emptied {
    /// With TRUNCATE. Its file is empty, and no other session can write before the transaction
    /// ends.
    Truncated,
    /// With DELETE. A scan still reads the dead rows, and other sessions may insert.
    Deleted,
}

#[derive(Clone)]
struct Column {
    made: usize,
    of_type: Option<SqlType>,
    is_not_null: bool,
}

/// A constraint that Postgres validates by a scan of the table.
#[derive(Clone)]
pub(in crate::safety) struct Constraint {
    made: usize,
    /// The rule about its validation.
    pub(in crate::safety) rule: Code,
    validation: Validation,
    /// The columns that it makes NOT NULL.
    pub(in crate::safety) not_null: Vec<String>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Validation {
    Done,
    Pending,
}

impl Table {
    /// A table without columns. `made` is the number of the migration that creates it, or 0.
    pub(in crate::safety) fn created_by(made: usize, kind_of_relation: RelationKind) -> Table {
        Table {
            made,
            kind_of_relation,
            columns: BTreeMap::new(),
            constraints: BTreeMap::new(),
            has_unknown_columns: false,
            parents: Vec::new(),
            references: Vec::new(),
            emptied: None,
        }
    }

    /// A table that no script creates.
    pub(in crate::safety) fn unknown(made: usize) -> Table {
        Table {
            has_unknown_columns: true,
            ..Table::created_by(made, RelationKind::Table)
        }
    }

    pub(in crate::safety) fn is_created_by(&self, current: usize) -> bool {
        self.made == current
    }

    pub(in crate::safety) fn is_partitioned(&self) -> bool {
        self.kind_of_relation == RelationKind::Partitioned
    }

    pub(in crate::safety) fn is_view(&self) -> bool {
        self.kind_of_relation == RelationKind::View
    }

    pub(in crate::safety) fn type_of(&self, column: &str) -> Option<&SqlType> {
        self.columns.get(column)?.of_type.as_ref()
    }

    pub(in crate::safety) fn has_column(&self, column: &str) -> bool {
        self.columns.contains_key(column)
    }

    /// Whether it certainly has no such column.
    pub(in crate::safety) fn lacks_column(&self, column: &str) -> bool {
        !self.has_unknown_columns && !self.has_column(column)
    }

    /// Whether a column has no nulls: it is NOT NULL, or a validated constraint excludes them.
    pub(in crate::safety) fn is_never_null(&self, column: &str) -> bool {
        let is_not_null = self.columns.get(column).is_some_and(|c| c.is_not_null);
        let mut proven = self
            .constraints
            .values()
            .filter(|one| one.validation == Validation::Done);
        is_not_null || proven.any(|one| one.not_null.iter().any(|not_null| not_null == column))
    }

    /// Whether a migration adds a column.
    pub(in crate::safety) fn has_column_of(&self, current: usize, column: &str) -> bool {
        let column = self.columns.get(column);
        column.is_some_and(|column| column.made == current)
    }

    /// A constraint that is not validated yet.
    pub(in crate::safety) fn unvalidated(&self, name: &str) -> Option<&Constraint> {
        let constraint = self.constraints.get(name)?;
        (constraint.validation == Validation::Pending).then_some(constraint)
    }

    /// A constraint that a migration adds and that is not validated yet.
    pub(in crate::safety) fn own_unvalidated(
        &self,
        current: usize,
        name: &str,
    ) -> Option<&Constraint> {
        self.unvalidated(name)
            .filter(|constraint| constraint.made == current)
    }

    /// How a migration has emptied it.
    pub(in crate::safety) fn emptied_by(&self, current: usize) -> Option<Emptied> {
        let (by, how) = self.emptied?;
        (by == current).then_some(how)
    }

    pub(in crate::safety) fn set_emptied(&mut self, emptied: Option<(usize, Emptied)>) {
        self.emptied = emptied;
    }
}

impl Table {
    /// Follows an action of ALTER TABLE.
    pub(in crate::safety) fn change(
        &mut self,
        sql: &Sql<'_>,
        name: &Name,
        action: Id,
        current: usize,
    ) {
        let refers_to = || {
            sql.find(action, Kind::TABLE_NAME_REF)
                .and_then(|id| name_of(sql, id))
        };
        match sql.kind(action) {
            Kind::ADD_COLUMN => {
                let is_optional = sql.child(action, Kind::IF_NOT_EXISTS).is_some();
                if !is_optional || !column_of(sql, action).is_some_and(|c| self.has_column(&c)) {
                    self.add_part(sql, name, action, current);
                }
            }
            Kind::ADD_CONSTRAINT => {
                for constraint in sql.children(action) {
                    self.add_part(sql, name, constraint, current);
                }
            }
            Kind::VALIDATE_CONSTRAINT | Kind::DROP_CONSTRAINT => {
                self.change_constraint(sql, action);
            }
            Kind::ALTER_CONSTRAINT if sql.child(action, Kind::ENFORCED).is_some() => {
                self.change_constraint(sql, action);
            }
            Kind::DROP_COLUMN | Kind::RENAME_COLUMN | Kind::ALTER_COLUMN => {
                self.change_column(sql, action);
            }
            Kind::INHERIT_TABLE => self.parents.extend(refers_to()),
            Kind::NO_INHERIT_TABLE => {
                let parent = refers_to();
                self.parents.retain(|one| Some(one) != parent.as_ref());
            }
            _ => {}
        }
    }

    /// Adds a column or a constraint.
    pub(in crate::safety) fn add_part(
        &mut self,
        sql: &Sql<'_>,
        table: &Name,
        part: Id,
        current: usize,
    ) {
        let kind = sql.kind(part);
        let references = [Kind::REFERENCES_CONSTRAINT, Kind::FOREIGN_KEY_CONSTRAINT];
        let is_key = |&id: &Id| references.contains(&sql.kind(id));
        let keys = std::iter::once(part)
            .chain(sql.descendants(part))
            .filter(is_key);
        let others = keys.filter_map(|key| name_of(sql, sql.find(key, Kind::TABLE_NAME_REF)?));
        self.references.extend(others);
        if matches!(kind, Kind::COLUMN | Kind::ADD_COLUMN) {
            self.add_column(sql, table, part, current);
        }
        if kind == Kind::PRIMARY_KEY_CONSTRAINT {
            let columns = sql
                .descendants(part)
                .filter(|&id| sql.kind(id) == Kind::COLUMN_NAME_REF);
            for column in columns {
                self.set_not_null(&fold(sql.text_of(column)));
            }
        }
        let (rule, not_null) = match kind {
            Kind::CHECK_CONSTRAINT => (Code::M0217, columns_not_null_in(sql, part)),
            Kind::FOREIGN_KEY_CONSTRAINT => (Code::M0218, Vec::new()),
            Kind::NOT_NULL_CONSTRAINT => (Code::M0225, Vec::from_iter(column_of(sql, part))),
            _ => return,
        };
        let name = constraint_name(sql, part);
        // A constraint without a name needs a unique key here.
        let name = name.unwrap_or_else(|| format!("{}#{}", table.name, self.constraints.len()));
        let constraint = Constraint {
            made: current,
            rule,
            validation: if is_not_validated(sql, part) {
                Validation::Pending
            } else {
                Validation::Done
            },
            not_null,
        };
        self.constraints.insert(name, constraint);
    }

    fn add_column(&mut self, sql: &Sql<'_>, table: &Name, part: Id, current: usize) {
        let of_type = SqlType::within(sql, part);
        let column = column_of(sql, part).unwrap_or_default();
        let has = |kind| sql.child(part, kind);
        let is_identity = has(Kind::GENERATED_CONSTRAINT)
            .is_some_and(|generated| sql.child(generated, Kind::GENERATED_IDENTITY).is_some());
        let is_not_null = has(Kind::NOT_NULL_CONSTRAINT).is_some()
            || has(Kind::PRIMARY_KEY_CONSTRAINT).is_some()
            || is_identity
            || of_type.as_ref().is_some_and(SqlType::is_serial);
        let defined = Column {
            made: current,
            of_type,
            is_not_null,
        };
        self.columns.insert(column, defined);
        for constraint in sql.children(part) {
            if sql.kind(constraint) == Kind::CHECK_CONSTRAINT {
                self.add_part(sql, table, constraint, current);
            }
        }
    }

    /// Marks a column as NOT NULL.
    pub(in crate::safety) fn set_not_null(&mut self, column: &str) {
        if let Some(column) = self.columns.get_mut(column) {
            column.is_not_null = true;
        } else if self.has_unknown_columns {
            let column_of_unknown = Column {
                made: 0,
                of_type: None,
                is_not_null: true,
            };
            self.columns.insert(column.to_owned(), column_of_unknown);
        }
    }

    fn change_constraint(&mut self, sql: &Sql<'_>, action: Id) {
        let Some(name) = referred_constraint(sql, action) else {
            return;
        };
        if sql.kind(action) == Kind::DROP_CONSTRAINT {
            self.constraints.remove(&name);
        } else if let Some(constraint) = self.constraints.get_mut(&name) {
            constraint.validation = Validation::Done;
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
                    .retain(|_, constraint| !constraint.not_null.contains(&name));
            }
            Kind::RENAME_COLUMN => self.rename_column(sql, action, &name),
            _ if sql.child(action, Kind::DROP_NOT_NULL).is_some() => self.drop_not_null(&name),
            _ => {
                let is_identity = sql.find(action, Kind::GENERATED_IDENTITY).is_some();
                if is_identity || sql.child(action, Kind::SET_NOT_NULL).is_some() {
                    self.set_not_null(&name);
                }
                let change = sql.child(action, Kind::SET_TYPE);
                if let (Some(change), Some(column)) = (change, self.columns.get_mut(&name)) {
                    column.of_type = SqlType::within(sql, change);
                }
            }
        }
    }

    fn drop_not_null(&mut self, name: &str) {
        if let Some(column) = self.columns.get_mut(name) {
            column.is_not_null = false;
        }
        let is_of_it = |one: &Constraint| one.rule == Code::M0225 && one.not_null == [name];
        self.constraints.retain(|_, one| !is_of_it(one));
    }

    fn rename_column(&mut self, sql: &Sql<'_>, action: Id, old: &str) {
        let Some(new) = sql.child(action, Kind::COLUMN_NAME) else {
            return;
        };
        let new = fold(sql.text_of(new));
        for constraint in self.constraints.values_mut() {
            let same = constraint
                .not_null
                .iter_mut()
                .filter(|not_null| *not_null == old);
            same.for_each(|not_null| not_null.clone_from(&new));
        }
        if let Some(column) = self.columns.remove(old) {
            self.columns.insert(new, column);
        }
    }
}

/// The columns that a CHECK makes NOT NULL: `a IS NOT NULL`, alone or in an AND.
fn columns_not_null_in(sql: &Sql<'_>, check: Id) -> Vec<String> {
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

/// Whether a condition implies each of its parts.
fn keeps(sql: &Sql<'_>, node: Id) -> bool {
    match sql.kind(node) {
        Kind::PAREN_EXPR => true,
        Kind::BIN_EXPR => sql.child(node, Kind::AND_KW).is_some(),
        _ => false,
    }
}
