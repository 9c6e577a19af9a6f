//! Copies columns and constraints of other tables: LIKE, INHERITS, PARTITION OF, CREATE TABLE AS.

use migrator_model::Code;

use super::{Column, Table};
use crate::sql_type::SqlType;

impl Table {
    /// Marks the table as having unknown columns.
    pub(in crate::safety) fn add_unknown_columns(&mut self) {
        self.has_unknown_columns = true;
    }

    /// Copies all columns of another table, with NOT NULL.
    pub(in crate::safety) fn copy_columns(&mut self, from: &Table, current: usize) {
        self.has_unknown_columns |= from.has_unknown_columns;
        for (name, column) in &from.columns {
            let column = Column {
                made: current,
                ..column.clone()
            };
            self.columns.insert(name.clone(), column);
        }
    }

    /// Copies the CHECK and NOT NULL constraints of another table.
    pub(in crate::safety) fn copy_checks(&mut self, from: &Table) {
        let checks = from.constraints.iter();
        let checks = checks.filter(|(_, one)| [Code::M0217, Code::M0225].contains(&one.rule));
        self.constraints
            .extend(checks.map(|(name, one)| (name.clone(), one.clone())));
    }

    /// Adds a column of a query. It has only a type.
    pub(in crate::safety) fn derive_column(
        &mut self,
        name: &str,
        of_type: Option<SqlType>,
        current: usize,
    ) {
        let column = Column {
            made: current,
            of_type,
            is_not_null: false,
        };
        self.columns.insert(name.to_owned(), column);
    }

    /// Adds all columns of another table, as a query returns them.
    pub(in crate::safety) fn derive_columns(&mut self, from: &Table, current: usize) {
        self.has_unknown_columns |= from.has_unknown_columns;
        for (name, column) in &from.columns {
            self.derive_column(name, column.of_type.clone(), current);
        }
    }
}
