//! Which data scripts remove: the tables, columns and rows that they drop by name.
//!
//! A table that one of the scripts creates is empty before it, so that its removal loses nothing.
//! The names are those from before the first script, also of what a script renames.

#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "a script has hundreds of kinds of nodes, a few of which matter here"
)]

use std::collections::{BTreeMap, BTreeSet};

use crate::names::Name;
use crate::objects::{Effect, Mention, Object, Space, mentions};
use crate::parse::{Id, Kind, Sql, on_large_stack, parse};
use crate::state::hidden::is_dynamic;

/// A table by its name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct TableName {
    /// The schema; `None` if the script names none, or `public`.
    pub schema: Option<String>,
    /// The name itself.
    pub name: String,
}

/// Data that a script removes.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Loss {
    /// A schema, with all that is in it.
    Schema(String),
    /// A table.
    Table(TableName),
    /// Rows of a table.
    Rows(TableName),
    /// A column of a table.
    Column(TableName, String),
}

/// The data that scripts remove, one after the other.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Losses {
    /// What they remove, each once.
    pub named: BTreeSet<Loss>,
    /// The scripts, by index, that may remove more than they name: they run dynamic SQL, or their
    /// SQL cannot be read.
    pub unclear: Vec<usize>,
}

/// Finds the data that scripts remove when they run in this order.
#[must_use]
pub fn losses(scripts: &[String]) -> Losses {
    let read = || {
        let mut reader = Reader::default();
        for (index, script) in scripts.iter().enumerate() {
            if reader.script(script) == Clarity::Unclear {
                reader.losses.unclear.push(index);
            }
        }
        reader.losses.without_parts()
    };
    on_large_stack(read).unwrap_or_else(|_| Losses {
        named: BTreeSet::new(),
        unclear: (0..scripts.len()).collect(),
    })
}

impl Losses {
    /// The same losses, without the parts of tables that are lost as a whole.
    fn without_parts(self) -> Losses {
        let is_whole = |loss: &Loss| match loss {
            Loss::Rows(table) | Loss::Column(table, _) => {
                !self.named.contains(&Loss::Table(table.clone()))
            }
            Loss::Schema(_) | Loss::Table(_) => true,
        };
        let named = self.named.iter().filter(|loss| is_whole(loss)).cloned();
        Losses {
            named: named.collect(),
            unclear: self.unclear,
        }
    }
}

/// Whether the text of a script names all that it removes.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Clarity {
    Clear,
    Unclear,
}

/// Follows the names of tables and columns from script to script.
#[derive(Default)]
struct Reader {
    losses: Losses,
    /// The name that a table had before the scripts, by its name now. `None`: the table was not
    /// there.
    tables: BTreeMap<Name, Option<Name>>,
    /// The same for columns: by the former name of their table, and their name now.
    columns: BTreeMap<(Name, String), Option<String>>,
}

impl Reader {
    fn script(&mut self, text: &str) -> Clarity {
        let sql = parse(text);
        let mentions = mentions(&sql);
        let mut clarity = match sql.errors.is_empty() {
            true => Clarity::Clear,
            false => Clarity::Unclear,
        };
        for statement in sql.statements() {
            if is_dynamic(&sql, statement) || sql.kind(statement) == Kind::DROP_OWNED {
                clarity = Clarity::Unclear;
            }
            let start = mentions.partition_point(|one| one.statement < statement);
            let end = mentions.partition_point(|one| one.statement <= statement);
            self.statement(&sql, statement, &mentions[start..end]);
        }
        clarity
    }

    fn statement(&mut self, sql: &Sql<'_>, statement: Id, mentions: &[Mention]) {
        let kind = sql.kind(statement);
        let relations = || {
            let all = mentions.iter().map(|mention| &mention.object);
            all.filter(|object| object.space == Space::Relation)
        };
        match kind {
            Kind::TRUNCATE => relations().for_each(|table| self.lose_rows(&table.name)),
            Kind::DELETE => relations()
                .take(1)
                .for_each(|table| self.lose_rows(&table.name)),
            Kind::DROP_TABLE | Kind::ALTER_TABLE | Kind::CREATE_TABLE | Kind::CREATE_TABLE_AS => {
                self.definition(mentions);
            }
            Kind::DROP_SCHEMA if sql.find(statement, Kind::CASCADE).is_some() => {
                let schemas = mentions.iter().map(|mention| &mention.object);
                let schemas = schemas.filter(|object| object.space == Space::Schema);
                let schemas = schemas.map(|schema| Loss::Schema(schema.name.name.clone()));
                self.losses.named.extend(schemas);
            }
            _ => {}
        }
    }

    /// A statement that creates, drops or alters tables.
    fn definition(&mut self, mentions: &[Mention]) {
        let mut mentions = mentions.iter().peekable();
        while let Some(mention) = mentions.next() {
            let is_new_name = |next: &&Mention| {
                next.effect == Effect::Create
                    && next.offset == mention.offset
                    && next.object.space == mention.object.space
            };
            match mention.effect {
                Effect::Drop => match mentions.next_if(is_new_name) {
                    Some(new) => self.rename(&mention.object, &new.object),
                    None => self.drop(&mention.object),
                },
                Effect::Create => self.create(&mention.object),
                Effect::Alter | Effect::Reference => {}
            }
        }
    }

    fn drop(&mut self, object: &Object) {
        match (object.space, &object.of) {
            (Space::Relation, _) => {
                if let Some(table) = self.take_table(&object.name) {
                    self.losses.named.insert(Loss::Table(table.into()));
                }
            }
            (Space::Column, Some(table)) => {
                if let Some((table, column)) = self.take_column(table, &object.name.name) {
                    let column = Loss::Column(table.into(), column);
                    self.losses.named.insert(column);
                }
            }
            _ => {}
        }
    }

    fn create(&mut self, object: &Object) {
        match (object.space, &object.of) {
            (Space::Relation, _) => {
                self.tables.insert(object.name.clone(), None);
            }
            (Space::Column, Some(table)) => {
                self.take_column(table, &object.name.name);
            }
            _ => {}
        }
    }

    fn rename(&mut self, old: &Object, new: &Object) {
        match (old.space, &old.of) {
            (Space::Relation, _) => {
                let former = self.take_table(&old.name);
                self.tables.insert(new.name.clone(), former);
            }
            (Space::Column, Some(table)) => {
                if let Some((table, column)) = self.take_column(table, &old.name.name) {
                    let now = (table, new.name.name.clone());
                    self.columns.insert(now, Some(column));
                }
            }
            _ => {}
        }
    }

    fn lose_rows(&mut self, table: &Name) {
        if let Some(table) = self.former(table) {
            self.losses.named.insert(Loss::Rows(table.into()));
        }
    }

    /// The name that a table had before the scripts.
    fn former(&self, table: &Name) -> Option<Name> {
        let known = self.tables.get(table).cloned();
        known.unwrap_or_else(|| Some(table.clone()))
    }

    /// The same. From now on, no table has this name.
    fn take_table(&mut self, table: &Name) -> Option<Name> {
        let former = self.former(table);
        self.tables.insert(table.clone(), None);
        former
    }

    /// The names that a column and its table had before the scripts. From now on, no column has
    /// this name.
    fn take_column(&mut self, table: &Name, column: &str) -> Option<(Name, String)> {
        let table = self.former(table)?;
        let now = (table.clone(), column.to_owned());
        let former = self.columns.insert(now, None);
        let former = former.unwrap_or_else(|| Some(column.to_owned()))?;
        Some((table, former))
    }
}

impl From<Name> for TableName {
    fn from(name: Name) -> TableName {
        let Name { schema, name } = name;
        TableName { schema, name }
    }
}

#[cfg(test)]
mod tests {
    use super::{Loss, TableName, losses};

    fn in_short(scripts: &[&str]) -> Vec<String> {
        let scripts: Vec<String> = scripts.iter().map(|&script| script.to_owned()).collect();
        let found = losses(&scripts);
        let table = |TableName { schema, name }: TableName| match schema {
            Some(schema) => format!("{schema}.{name}"),
            None => name,
        };
        let named = found.named.into_iter().map(|loss| match loss {
            Loss::Schema(schema) => format!("schema {schema}"),
            Loss::Table(name) => format!("table {}", table(name)),
            Loss::Rows(name) => format!("rows {}", table(name)),
            Loss::Column(name, column) => format!("column {} {column}", table(name)),
        });
        let unclear = found.unclear.into_iter().map(|at| format!("unclear {at}"));
        named.chain(unclear).collect()
    }

    #[test]
    fn dropped_tables_and_columns_are_lost() {
        assert_eq!(
            in_short(&[
                "DROP TABLE IF EXISTS tenant.Notes, \"Old\" CASCADE; DROP VIEW v; \
                        ALTER TABLE auth.sessions DROP COLUMN a, ADD COLUMN b int, DROP b2;"
            ]),
            [
                "table Old",
                "table tenant.notes",
                "column auth.sessions a",
                "column auth.sessions b2"
            ]
        );
        assert_eq!(
            in_short(&[
                "DROP SCHEMA tenant CASCADE; DROP SCHEMA empty; TRUNCATE a, b; \
                        DELETE FROM c WHERE id IN (SELECT id FROM d); DROP FOREIGN TABLE f;"
            ]),
            ["schema tenant", "rows a", "rows b", "rows c"]
        );
    }

    #[test]
    fn names_are_those_before_the_first_script() {
        assert_eq!(
            in_short(&[
                "ALTER TABLE b RENAME TO c; ALTER TABLE c RENAME COLUMN x TO y;",
                "ALTER TABLE c SET SCHEMA s; ALTER TABLE s.c DROP COLUMN y;",
            ]),
            ["column b x"]
        );
        assert_eq!(
            in_short(&[
                "ALTER TABLE b RENAME TO c;",
                "DROP TABLE c; DROP TABLE IF EXISTS b;"
            ]),
            ["table b"]
        );
    }

    #[test]
    fn what_a_script_made_is_not_lost() {
        assert_eq!(
            in_short(&[
                "CREATE TABLE a (); ALTER TABLE b ADD COLUMN x int;",
                "DELETE FROM a; DROP TABLE a; ALTER TABLE b DROP COLUMN x;"
            ]),
            [""; 0]
        );
        assert_eq!(
            in_short(&["DROP TABLE a;", "CREATE TABLE a ();", "DROP TABLE a;"]),
            ["table a"]
        );
    }

    #[test]
    fn a_column_of_a_dropped_table_is_no_loss_of_its_own() {
        assert_eq!(
            in_short(&["ALTER TABLE a DROP COLUMN x; TRUNCATE a;", "DROP TABLE a;"]),
            ["table a"]
        );
    }

    #[test]
    fn dynamic_or_unreadable_sql_may_remove_more() {
        assert_eq!(
            in_short(&[
                "SELECT 1;",
                "DO $$ BEGIN EXECUTE 'DROP TABLE a'; END $$;",
                "DROP TABEL b;",
                ""
            ]),
            ["unclear 1", "unclear 2"]
        );
    }
}
