//! Reverts the actions of ALTER TABLE.

use super::create::part;
use super::drafter::Drafter;
use super::step::{Step, Undo};
use super::words::{derived, quoted};
use crate::clauses::{constraint_name, table_of};
use crate::names::{Name, fold, name_of};
use crate::objects::{Object, Space};
use crate::parse::{Id, Kind};

/// What an action changes.
struct Action {
    statement: Id,
    id: Id,
    /// The node of the table's name.
    table: Id,
    /// The words before an action, such as `ALTER TABLE a.b`.
    head: String,
    /// The table's name as it is written.
    name: String,
    is_guarded: bool,
    /// Whether the script creates the table, and nothing after it that a part of it may need.
    is_own: bool,
    /// Whether the script creates the table.
    is_made: bool,
}

/// Adds the steps for the actions of an ALTER TABLE.
pub(super) fn steps(drafter: &mut Drafter<'_>, statement: Id) {
    let sql = drafter.sql;
    let relation = sql.child(statement, Kind::TABLE_RELATION_NAME);
    let Some(table) = relation.and_then(|id| sql.find(id, Kind::TABLE_NAME_REF)) else {
        return drafter.gap(statement, "the table is not certain");
    };
    let name: String = sql.text_of(table).split_whitespace().collect();
    let object = table_of(sql, statement).map(Object::relation);
    let is_own = object.as_ref().is_some_and(|one| drafter.is_last_made(one));
    let is_made = object.as_ref().is_some_and(|one| drafter.makes(one));
    let what = match sql.kind(statement) {
        Kind::ALTER_FOREIGN_TABLE => "ALTER FOREIGN TABLE",
        _ => "ALTER TABLE",
    };
    let is_action = |id: &Id| {
        !sql.is_leaf(*id) && !matches!(sql.kind(*id), Kind::TABLE_RELATION_NAME | Kind::IF_EXISTS)
    };
    let actions: Vec<Id> = sql.children(statement).filter(is_action).collect();
    for id in actions {
        let action = Action {
            statement,
            id,
            table,
            head: format!("{what} {name}"),
            name: name.clone(),
            is_guarded: sql.child(statement, Kind::IF_EXISTS).is_some(),
            is_own,
            is_made,
        };
        action.step(drafter);
    }
}

impl Action {
    fn step(&self, drafter: &mut Drafter<'_>) {
        let sql = drafter.sql;
        match sql.kind(self.id) {
            Kind::ADD_COLUMN => self.add_column(drafter),
            Kind::ADD_CONSTRAINT => self.add_constraint(drafter),
            Kind::DROP_COLUMN => self.drop(drafter, Space::Column, Kind::COLUMN_NAME_REF),
            Kind::DROP_CONSTRAINT => {
                self.drop(drafter, Space::Constraint, Kind::CONSTRAINT_NAME_REF);
            }
            Kind::RENAME_COLUMN => {
                let kinds = (Kind::COLUMN_NAME_REF, Kind::COLUMN_NAME);
                self.rename(drafter, Space::Column, kinds);
            }
            Kind::RENAME_CONSTRAINT => {
                let kinds = (Kind::CONSTRAINT_NAME_REF, Kind::CONSTRAINT_NAME);
                self.rename(drafter, Space::Constraint, kinds);
            }
            Kind::VALIDATE_CONSTRAINT => {
                let is_own = self
                    .part_of(drafter, Space::Constraint, Kind::CONSTRAINT_NAME_REF)
                    .is_some_and(|one| drafter.makes(&one));
                if !is_own && !self.is_made {
                    drafter.gap(self.statement, "Postgres cannot take back a validation");
                }
            }
            Kind::ALTER_COLUMN => self.alter_column(drafter),
            Kind::ATTACH_PARTITION => self.attach_partition(drafter),
            Kind::INHERIT_TABLE => self.swap(drafter, "INHERIT", "NO INHERIT"),
            Kind::ENABLE_RLS | Kind::ENABLE_TRIGGER => self.swap(drafter, "ENABLE", "DISABLE"),
            Kind::DISABLE_RLS | Kind::DISABLE_TRIGGER => self.swap(drafter, "DISABLE", "ENABLE"),
            Kind::FORCE_RLS => self.swap(drafter, "FORCE", "NO FORCE"),
            Kind::NO_FORCE_RLS => self.swap(drafter, "NO FORCE", "FORCE"),
            Kind::SET_LOGGED => self.swap(drafter, "SET LOGGED", "SET UNLOGGED"),
            Kind::SET_UNLOGGED => self.swap(drafter, "SET UNLOGGED", "SET LOGGED"),
            _ if self.is_made => {}
            _ => drafter.gap(self.statement, "the state before it is not known"),
        }
    }

    fn part_of(&self, drafter: &Drafter<'_>, space: Space, kind: Kind) -> Option<Object> {
        let name = drafter.sql.child(self.id, kind)?;
        part(drafter, space, self.table, drafter.sql.text_of(name))
    }

    fn push(&self, drafter: &mut Drafter<'_>, undo: Undo) {
        let step = match self.is_guarded {
            true => Step::Perhaps {
                undo,
                when: "if the table is there",
            },
            false => Step::Undo(undo),
        };
        drafter.push(self.statement, step);
    }

    /// Adds a step, unless the whole table is dropped.
    fn undo(&self, drafter: &mut Drafter<'_>, action: Option<String>) {
        match action {
            _ if self.is_own => {}
            Some(action) => self.push(drafter, Undo::plain(format!("{} {action}", self.head))),
            None => drafter.gap(self.statement, "what reverts it is not certain"),
        }
    }

    /// The same action with other first words.
    fn swap(&self, drafter: &mut Drafter<'_>, old: &str, new: &str) {
        let mut words = drafter.words(self.id);
        let action = words.eat(old).then(|| format!("{new} {}", words.rest()));
        let action = action.map(|action| action.trim_end().to_owned());
        self.undo(drafter, action);
    }

    /// A partition keeps the indexes that it got from its parent.
    fn attach_partition(&self, drafter: &mut Drafter<'_>) {
        let sql = drafter.sql;
        let Some(partition) = sql.child(self.id, Kind::TABLE_NAME_REF) else {
            return drafter.gap(self.statement, "the partition is not certain");
        };
        let object = name_of(sql, partition).map(Object::relation);
        let action = format!("DETACH PARTITION {}", sql.text_of(partition));
        if self.is_own || object.is_some_and(|one| drafter.makes(&one)) {
            return self.undo(drafter, Some(action));
        }
        let undo = Undo::plain(format!("{} {action}", self.head));
        let when = "and drop the indexes that the partition got from its parent";
        drafter.push(self.statement, Step::Perhaps { undo, when });
    }

    fn add_column(&self, drafter: &mut Drafter<'_>) {
        let sql = drafter.sql;
        let Some(name) = sql.child(self.id, Kind::COLUMN_NAME) else {
            return drafter.gap(self.statement, "the column is not certain");
        };
        let name = sql.text_of(name).to_owned();
        let undo = Undo::guardable(format!("{} DROP COLUMN", self.head), name.as_str());
        if sql.child(self.id, Kind::IF_NOT_EXISTS).is_some() {
            let when = "unless the column was there before";
            return drafter.push(self.statement, Step::Perhaps { undo, when });
        }
        if self.is_own {
            return;
        }
        if let (Some(object), false) = (
            part(drafter, Space::Column, self.table, &name),
            self.is_guarded,
        ) {
            drafter.make(object);
        }
        self.push(drafter, undo);
    }

    fn add_constraint(&self, drafter: &mut Drafter<'_>) {
        let sql = drafter.sql;
        let constraint = sql.children(self.id).find(|&id| !sql.is_leaf(id));
        let Some(constraint) = constraint else {
            return drafter.gap(self.statement, "the constraint is not certain");
        };
        let kind = sql.kind(constraint);
        let is_foreign_key = kind == Kind::FOREIGN_KEY_CONSTRAINT;
        if self.is_own && !is_foreign_key {
            return;
        }
        let name = constraint_name(sql, constraint)
            .map(|name| quoted(&name))
            .or_else(|| self.derived_name(drafter, constraint));
        let Some(name) = name else {
            let why = "Postgres chooses the name of this constraint";
            return drafter.gap(self.statement, why);
        };
        if !self.takes_no_index_but_own(drafter, constraint) {
            let why = "the constraint takes over the index, whose definition is not here";
            return drafter.gap(self.statement, why);
        }
        if let (Some(object), false) = (
            part(drafter, Space::Constraint, self.table, &name),
            self.is_guarded,
        ) {
            drafter.make(object);
        }
        let undo = Undo::guardable(format!("{} DROP CONSTRAINT", self.head), name.as_str());
        self.push(drafter, undo);
        let is_key = kind == Kind::PRIMARY_KEY_CONSTRAINT;
        if is_key && !self.is_made && !self.has_new_columns(drafter, constraint) {
            let why = "the primary key made its columns NOT NULL, if they were not before";
            drafter.gap(self.statement, why);
        }
    }

    /// Whether a constraint takes over no index, or one that the script creates. The constraint then
    /// drops it.
    fn takes_no_index_but_own(&self, drafter: &mut Drafter<'_>, constraint: Id) -> bool {
        let sql = drafter.sql;
        let kinds = [Kind::USING_INDEX, Kind::USING_INDEX_NAME];
        let mut clauses = kinds.iter().filter_map(|kind| sql.find(constraint, *kind));
        let Some(clause) = clauses.next() else {
            return true;
        };
        let mut words = drafter.words(clause);
        words.until("INDEX");
        let index = words.next().map(fold);
        let table = name_of(sql, self.table);
        let object = table.zip(index).map(|(table, name)| {
            let schema = table.schema;
            Object::relation(Name { schema, name })
        });
        object.is_some_and(|one| drafter.unmake(&one)) || self.is_made
    }

    fn columns(drafter: &Drafter<'_>, constraint: Id) -> Vec<String> {
        let sql = drafter.sql;
        let list = sql
            .children(constraint)
            .find_map(|child| match sql.kind(child) {
                Kind::CONSTRAINT_COLUMN_REF_LIST
                | Kind::FOREIGN_KEY_COLUMN_LIST
                | Kind::COLUMN_REF_LIST => Some(child),
                Kind::INDEX_PARAMETERS => sql.child(child, Kind::CONSTRAINT_COLUMN_REF_LIST),
                _ => None,
            });
        let nodes = list.map_or(0..0, |list| sql.descendants(list));
        let names = nodes.filter(|&id| sql.kind(id) == Kind::COLUMN_NAME_REF);
        names.map(|id| fold(sql.text_of(id))).collect()
    }

    fn has_new_columns(&self, drafter: &Drafter<'_>, constraint: Id) -> bool {
        let columns = Action::columns(drafter, constraint);
        let is_new = |name: &String| {
            part(drafter, Space::Column, self.table, name).is_some_and(|one| drafter.makes(&one))
        };
        !columns.is_empty() && columns.iter().all(is_new)
    }

    /// The name that Postgres gives a constraint without one.
    fn derived_name(&self, drafter: &Drafter<'_>, constraint: Id) -> Option<String> {
        let columns = Action::columns(drafter, constraint);
        let (columns, ending) = match drafter.sql.kind(constraint) {
            Kind::PRIMARY_KEY_CONSTRAINT => (Vec::new(), "pkey"),
            Kind::UNIQUE_CONSTRAINT if !columns.is_empty() => (columns, "key"),
            Kind::FOREIGN_KEY_CONSTRAINT if !columns.is_empty() => (columns, "fkey"),
            _ => return None,
        };
        derived(&self.name, &columns, ending)
    }

    fn drop(&self, drafter: &mut Drafter<'_>, space: Space, kind: Kind) {
        let object = self.part_of(drafter, space, kind);
        let is_own = object.is_some_and(|object| drafter.unmake(&object));
        if !is_own && !self.is_made {
            drafter.gap(self.statement, "the up script does not say what this drops");
        }
    }

    fn rename(&self, drafter: &mut Drafter<'_>, space: Space, kinds: (Kind, Kind)) {
        let sql = drafter.sql;
        let text = |kind| {
            sql.child(self.id, kind)
                .map(|id| sql.text_of(id).to_owned())
        };
        let (Some(old), Some(new)) = (text(kinds.0), text(kinds.1)) else {
            return drafter.gap(self.statement, "the names are not certain");
        };
        let object = |drafter: &Drafter<'_>, name| part(drafter, space, self.table, name);
        if let (Some(from), Some(to)) = (object(drafter, &old), object(drafter, &new)) {
            drafter.rename(&from, to);
        }
        let what = match space {
            Space::Constraint => "CONSTRAINT",
            _ => "COLUMN",
        };
        self.undo(drafter, Some(format!("RENAME {what} {new} TO {old}")));
    }

    fn alter_column(&self, drafter: &mut Drafter<'_>) {
        let sql = drafter.sql;
        let column = self.part_of(drafter, Space::Column, Kind::COLUMN_NAME_REF);
        let is_new = column.is_some_and(|column| drafter.makes(&column));
        let Some(name) = sql.child(self.id, Kind::COLUMN_NAME_REF) else {
            return drafter.gap(self.statement, "the column is not certain");
        };
        let name = sql.text_of(name).to_owned();
        let of_column = |action: &str| Some(format!("ALTER COLUMN {name} {action}"));
        let has = |kind| sql.child(self.id, kind).is_some();
        if has(Kind::SET_DEFAULT) && (is_new || self.is_made) {
            // A default may need an object that is dropped before the column.
            return self.undo(drafter, of_column("DROP DEFAULT"));
        }
        if is_new || self.is_made {
            return;
        }
        if has(Kind::SET_NOT_NULL) {
            return self.undo(drafter, of_column("DROP NOT NULL"));
        }
        if has(Kind::DROP_NOT_NULL) {
            return self.undo(drafter, of_column("SET NOT NULL"));
        }
        if has(Kind::ADD_GENERATED) {
            return self.undo(drafter, of_column("DROP IDENTITY"));
        }
        drafter.gap(self.statement, "the column before it is not known");
    }
}
