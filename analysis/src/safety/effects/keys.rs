//! The foreign keys that scripts create. Postgres locks both tables of one that is dropped.

use crate::clauses::{column_of, constraint_name, referred_constraint};
use crate::names::{LONGEST, Name, fold, name_of};
use crate::parse::{Id, Kind, Sql};

#[derive(Default)]
pub(super) struct Keys(Vec<Key>);

struct Key {
    table: Name,
    name: String,
    columns: Vec<String>,
    /// The table that it refers to.
    other: Name,
}

impl Keys {
    /// The tables that the foreign keys of a table refer to.
    pub(super) fn of_table(&self, table: &Name) -> Vec<Name> {
        let keys = self.0.iter().filter(|key| key.table == *table);
        keys.map(|key| key.other.clone()).collect()
    }

    /// The tables whose foreign keys refer to a table.
    pub(super) fn to_table(&self, table: &Name) -> Vec<Name> {
        let keys = self.0.iter().filter(|key| key.other == *table);
        keys.map(|key| key.table.clone()).collect()
    }

    /// The tables that the keys refer to that an action of ALTER TABLE drops.
    pub(super) fn dropped(&self, sql: &Sql<'_>, table: &Name, action: Id) -> Vec<Name> {
        let keys = self.0.iter().filter(|key| key.table == *table);
        let dropped = keys.filter(|key| key.is_dropped(sql, action));
        dropped.map(|key| key.other.clone()).collect()
    }

    /// Follows an action of ALTER TABLE, or a CREATE TABLE. After a rename of a part of the table, its
    /// keys are unknown.
    pub(super) fn follow(&mut self, sql: &Sql<'_>, table: &Name, within: Id) {
        let renames = [Kind::RENAME_COLUMN, Kind::RENAME_CONSTRAINT].contains(&sql.kind(within));
        let is_lost = |key: &Key| renames || key.is_dropped(sql, within);
        self.0.retain(|key| key.table != *table || !is_lost(key));
        let keys = [Kind::REFERENCES_CONSTRAINT, Kind::FOREIGN_KEY_CONSTRAINT];
        let nodes = sql.descendants(within);
        let nodes = nodes.filter(|&id| keys.contains(&sql.kind(id)));
        self.0.extend(nodes.filter_map(|id| key(sql, table, id)));
    }

    /// Forgets a table that is dropped or renamed.
    pub(super) fn forget(&mut self, table: &Name) {
        self.0
            .retain(|key| key.table != *table && key.other != *table);
    }
}

impl Key {
    fn is_dropped(&self, sql: &Sql<'_>, action: Id) -> bool {
        let column = || column_of(sql, action);
        match sql.kind(action) {
            Kind::DROP_CONSTRAINT => referred_constraint(sql, action).as_ref() == Some(&self.name),
            Kind::DROP_COLUMN => column().is_some_and(|column| self.columns.contains(&column)),
            _ => false,
        }
    }
}

fn key(sql: &Sql<'_>, table: &Name, constraint: Id) -> Option<Key> {
    let reference = sql.find(constraint, Kind::TABLE_NAME_REF)?;
    let columns = match sql.kind(constraint) {
        Kind::REFERENCES_CONSTRAINT => vec![column_of(sql, sql.parent(constraint))?],
        _ => {
            let columns = sql.descendants(constraint).filter(|&id| id < reference);
            let columns = columns.filter(|&id| sql.kind(id) == Kind::COLUMN_NAME_REF);
            columns.map(|id| fold(sql.text_of(id))).collect()
        }
    };
    let name = constraint_name(sql, constraint).or_else(|| {
        // Postgres shortens a longer name in a way of its own (`makeObjectName`).
        let name = format!("{}_{}_fkey", table.name, columns.join("_"));
        (name.len() <= LONGEST).then_some(name)
    });
    Some(Key {
        table: table.clone(),
        name: name.unwrap_or_default(),
        columns,
        other: name_of(sql, reference)?,
    })
}
