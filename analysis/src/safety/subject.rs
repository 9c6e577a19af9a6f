//! The subject of a rule: a statement, or one action of an ALTER TABLE.

use migrator_model::Code;
use migrator_model::registry::Mode;

use super::table::{Constraint, Emptied, Table};
use super::tables::Tables;
use crate::clauses::{column_of, referred_constraint, table_of};
use crate::finding::Finding;
use crate::names::Name;
use crate::parse::{Id, Kind, Sql};
use crate::script::Script;
use crate::sql_type::SqlType;
use crate::unread::Unread;

pub(super) struct Subject<'k, 'a> {
    pub(super) script: &'a Script<'a>,
    pub(super) tables: &'k Tables,
    /// The action of an ALTER TABLE, or another statement.
    pub(super) unit: Id,
    /// The table of an ALTER TABLE or CREATE INDEX.
    pub(super) table: Option<Name>,
}

/// The actions of an ALTER TABLE, or another statement as a whole.
pub(super) fn units(script: &Script<'_>, statement: Id) -> Vec<Id> {
    let sql = &script.sql;
    if sql.kind(statement) != Kind::ALTER_TABLE {
        return vec![statement];
    }
    let is_action = |&id: &Id| {
        !sql.is_leaf(id) && !matches!(sql.kind(id), Kind::TABLE_RELATION_NAME | Kind::IF_EXISTS)
    };
    sql.children(statement).filter(is_action).collect()
}

impl<'k, 'a> Subject<'k, 'a> {
    pub(super) fn new(
        script: &'a Script<'a>,
        tables: &'k Tables,
        statement: Id,
        unit: Id,
    ) -> Subject<'k, 'a> {
        Subject {
            script,
            tables,
            unit,
            table: table_of(&script.sql, statement),
        }
    }

    pub(super) fn sql(&self) -> &'a Sql<'a> {
        &self.script.sql
    }

    /// Whether the current migration creates the table.
    pub(super) fn is_new(&self) -> bool {
        self.table
            .as_ref()
            .is_some_and(|table| self.tables.is_new(table))
    }

    /// The table, if it is known.
    pub(super) fn of_table(&self) -> Option<&'k Table> {
        self.tables.table(self.table.as_ref()?)
    }

    pub(super) fn is_partitioned(&self) -> bool {
        self.of_table().is_some_and(Table::is_partitioned)
    }

    /// The child of a kind, if the unit has the other kind.
    pub(super) fn part(&self, unit: Kind, part: Kind) -> Option<Id> {
        let is_kind = self.sql().kind(self.unit) == unit;
        is_kind.then(|| self.sql().child(self.unit, part)).flatten()
    }

    /// The constraint that the action adds, with a column or alone.
    pub(super) fn added(&self, constraint: Kind) -> Option<Id> {
        let of_column = self.part(Kind::ADD_COLUMN, constraint);
        of_column.or_else(|| self.part(Kind::ADD_CONSTRAINT, constraint))
    }

    /// Whether IF NOT EXISTS or IF EXISTS makes the action do nothing.
    pub(super) fn has_no_effect(&self) -> bool {
        let (sql, column) = (self.sql(), self.column());
        let says = |kind| sql.child(self.unit, kind).is_some();
        let table = self.of_table();
        match sql.kind(self.unit) {
            Kind::ADD_COLUMN => {
                says(Kind::IF_NOT_EXISTS) && table.is_some_and(|table| table.has_column(&column))
            }
            Kind::DROP_COLUMN => {
                says(Kind::IF_EXISTS) && table.is_some_and(|table| table.lacks_column(&column))
            }
            _ => false,
        }
    }

    /// Whether a rule applies, although the script may have emptied the table.
    pub(super) fn applies_to_rows(&self, rule: Code) -> bool {
        let emptied = self
            .table
            .as_ref()
            .and_then(|table| self.tables.emptied(table));
        let is_about_users = [Code::M0220, Code::M0221, Code::M0222].contains(&rule);
        match emptied {
            None => true,
            Some(Emptied::Truncated) => is_about_users,
            Some(Emptied::Deleted) => rule != Code::M0213,
        }
    }

    /// Whether a script with errors may have caused a finding of a rule.
    pub(super) fn depends_on_unread(&self, unread: &Unread, rule: Code) -> bool {
        let is_unknown = |table: &Name| {
            let table_is_unknown = self
                .tables
                .table(table)
                .is_none_or(|one| one.is_created_by(0));
            table_is_unknown && unread.may_mention(&table.name)
        };
        let is_named = || unread.may_mention(&self.column());
        let of_type = || {
            let name = self.added_type().filter(|added| !added.is_built_in());
            name.and_then(|added| added.name)
                .is_some_and(|name| unread.may_mention(&name.name))
        };
        let is_among = |rules: &[Code]| rules.contains(&rule);
        if is_among(&[Code::M0219, Code::M0225]) {
            is_named() || self.table.as_ref().is_some_and(is_unknown)
        } else if is_among(&[Code::M0213, Code::M0215, Code::M0221]) {
            let guards = [Kind::IF_EXISTS, Kind::IF_NOT_EXISTS];
            let is_guarded = guards
                .iter()
                .any(|&kind| self.sql().child(self.unit, kind).is_some());
            is_guarded && is_named() || of_type()
        } else {
            false
        }
    }

    /// The type of the column that the action adds.
    pub(super) fn added_type(&self) -> Option<SqlType> {
        let is_column = self.sql().kind(self.unit) == Kind::ADD_COLUMN;
        is_column
            .then(|| SqlType::within(self.sql(), self.unit))
            .flatten()
    }

    /// The column of the action. Empty if it has none.
    pub(super) fn column(&self) -> String {
        column_of(self.sql(), self.unit).unwrap_or_default()
    }

    /// The table in messages.
    pub(super) fn shown_table(&self) -> String {
        let table = self.table.as_ref();
        table.map_or_else(|| "a table".to_owned(), |table| format!("`{table}`"))
    }

    /// A finding at the start of the unit.
    pub(super) fn finding(
        &self,
        code: Code,
        message: impl Into<String>,
        help: impl Into<String>,
    ) -> Finding<'a> {
        let offset = self.sql().range(self.unit).start;
        Finding::new(self.script, code, offset, message, help)
    }
}

/// Constraints that a transaction adds and validates.
impl<'k> Subject<'k, '_> {
    /// Whether the action validates a constraint that the same transaction has added. The lock of
    /// the ADD is still held.
    pub(super) fn validates_own(&self, rule: Code) -> bool {
        self.own_unvalidated()
            .is_some_and(|constraint| constraint.rule == rule)
    }

    /// The constraint that the action validates, if the same transaction has added it.
    pub(super) fn own_unvalidated(&self) -> Option<&'k Constraint> {
        let sql = self.sql();
        let is_validation = sql.kind(self.unit) == Kind::VALIDATE_CONSTRAINT;
        let is_transaction = self.script.mode() == Mode::Transaction;
        if !is_validation || !is_transaction {
            return None;
        }
        let name = referred_constraint(sql, self.unit)?;
        self.tables.own_unvalidated(self.table.as_ref()?, &name)
    }
}
