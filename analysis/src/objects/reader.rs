//! Reads the mentions of a statement.

use std::collections::BTreeSet;

use super::kinds::{created, dropped, referred};
use super::mention::{Effect, Mention};
use super::object::{Object, Space};
use crate::kinds::{is_alter, is_rename};
use crate::names::{Name, fold, name_of, parts_of};
use crate::parse::{Id, Kind, Sql};

/// Adds the mentions of a statement to `mentions`.
pub(super) fn read(sql: &Sql<'_>, statement: Id, mentions: &mut Vec<Mention>) {
    let mut reader = Reader {
        sql,
        statement,
        kind: sql.kind(statement),
        table: table(sql, statement),
        ctes: ctes(sql, statement),
        mentions,
    };
    for node in sql.descendants(statement) {
        reader.node(node);
    }
}

/// The names of a statement's common table expressions.
fn ctes(sql: &Sql<'_>, statement: Id) -> BTreeSet<String> {
    let nodes = sql.descendants(statement);
    let names = nodes.filter(|&node| sql.kind(node) == Kind::CTE_NAME);
    names.map(|node| fold(sql.text_of(node))).collect()
}

/// The table that a statement changes.
fn table(sql: &Sql<'_>, statement: Id) -> Option<Name> {
    let is_about_one = matches!(
        sql.kind(statement),
        Kind::ALTER_TABLE
            | Kind::ALTER_FOREIGN_TABLE
            | Kind::CREATE_INDEX
            | Kind::CREATE_TRIGGER
            | Kind::CREATE_POLICY
            | Kind::CREATE_RULE
            | Kind::ALTER_TRIGGER
            | Kind::ALTER_POLICY
            | Kind::DROP_TRIGGER
            | Kind::DROP_POLICY
            | Kind::DROP_RULE
            | Kind::COMMENT_ON
    );
    let is_table =
        |&id: &Id| matches!(sql.kind(id), Kind::TABLE_NAME_REF | Kind::RELATION_NAME_REF);
    let found = is_about_one.then(|| sql.descendants(statement).find(is_table));
    name_of(sql, found.flatten()?)
}

struct Reader<'a, 'm> {
    sql: &'a Sql<'a>,
    statement: Id,
    kind: Kind,
    /// The table that the statement changes.
    table: Option<Name>,
    ctes: BTreeSet<String>,
    mentions: &'m mut Vec<Mention>,
}

impl Reader<'_, '_> {
    fn node(&mut self, node: Id) {
        let kind = self.sql.kind(node);
        if self.sql.is_leaf(node) {
            return;
        }
        if let Some(space) = created(kind) {
            self.definition(node, space);
        } else if let Some(space) = referred(kind) {
            self.reference(node, space);
        } else if kind == Kind::SET_SCHEMA && is_alter(self.kind) {
            self.moved(node);
        } else {
            self.special(node, kind);
        }
    }

    fn definition(&mut self, node: Id, space: Space) {
        let Some(mut name) = name_of(self.sql, node) else {
            return;
        };
        let of = of_table(space).then(|| self.table.clone()).flatten();
        let parent = self.sql.kind(self.sql.parent(node));
        // The sequence of an identity comes and goes with its column, named or not.
        if parent == Kind::OPTION_SEQUENCE_NAME {
            return;
        }
        let is_rename = is_rename(parent);
        let target = is_rename.then(|| self.target()).flatten();
        let lacks_schema =
            name.schema.is_none() && !matches!(space, Space::Schema | Space::Extension);
        if lacks_schema && of.is_none() {
            // A renamed object stays in its schema. An index is in the schema of its table.
            let anchor = match (&target, self.kind) {
                (Some(old), _) => Some(old.name.clone()),
                (None, Kind::CREATE_INDEX) => self.table.clone(),
                _ => None,
            };
            name.schema = anchor.and_then(|anchor| anchor.schema);
        }
        if let Some(old) = target {
            let offset = self.sql.range(node).start;
            self.push(Effect::Drop, old, offset);
        } else if is_rename {
            return;
        }
        self.push(
            Effect::Create,
            Object { space, name, of },
            self.sql.range(node).start,
        );
    }

    /// An object that SET SCHEMA moves is dropped and created under another name.
    fn moved(&mut self, node: Id) {
        let schema = self.sql.find(node, Kind::SCHEMA_REF);
        let schema = schema.and_then(|schema| name_of(self.sql, schema));
        let (Some(old), Some(schema)) = (self.target(), schema) else {
            return;
        };
        if old.space == Space::Extension {
            return;
        }
        let Some(name) = Name::of(vec![schema.name, old.name.name.clone()]) else {
            return;
        };
        let new = Object {
            name,
            ..old.clone()
        };
        let offset = self.sql.range(node).start;
        self.push(Effect::Drop, old, offset);
        self.push(Effect::Create, new, offset);
    }

    fn reference(&mut self, node: Id, space: Space) {
        let mut parts = parts_of(self.sql, node);
        if self.sql.kind(node) == Kind::QUALIFIED_COLUMN_NAME_REF {
            parts.pop();
        }
        let Some(name) = Name::of(parts) else {
            return;
        };
        if name.schema.is_none() && self.ctes.contains(&name.name) {
            return;
        }
        let of = of_table(space).then(|| self.table.clone()).flatten();
        let effect = self.effect(node);
        self.push(
            effect,
            Object { space, name, of },
            self.sql.range(node).start,
        );
    }

    /// The effect of the statement on an object that it refers to.
    fn effect(&self, node: Id) -> Effect {
        let kind = self.sql.kind(node);
        if dropped(self.kind) == Some(kind) {
            return Effect::Drop;
        }
        let is_type_argument = kind == Kind::PATH_TYPE;
        let is_first = self
            .sql
            .descendants(self.statement)
            .find(|&id| referred(self.sql.kind(id)).is_some() && !self.sql.is_leaf(id))
            == Some(node);
        match self.kind {
            _ if is_type_argument => Effect::Reference,
            Kind::CREATE_INDEX | Kind::CREATE_TRIGGER | Kind::CREATE_POLICY | Kind::CREATE_RULE
                if is_first =>
            {
                Effect::Alter
            }
            Kind::DROP_TRIGGER | Kind::DROP_POLICY | Kind::DROP_RULE => Effect::Alter,
            Kind::COMMENT_ON if is_first => Effect::Alter,
            alter if is_alter(alter) && is_first => Effect::Alter,
            _ => Effect::Reference,
        }
    }

    /// Reads calls and the actions of ALTER TABLE.
    fn special(&mut self, node: Id, kind: Kind) {
        let offset = self.sql.range(node).start;
        let Some(table) = self.table.clone() else {
            return self.call(node, kind);
        };
        let part = |reader: &Self, wanted: Kind| {
            let found = reader.sql.find(node, wanted)?;
            name_of(reader.sql, found)
        };
        let (deeds, space): (Vec<(Effect, Option<Name>)>, Space) = match kind {
            Kind::ADD_COLUMN => (
                vec![(Effect::Create, part(self, Kind::COLUMN_NAME))],
                Space::Column,
            ),
            Kind::DROP_COLUMN => (
                vec![(Effect::Drop, part(self, Kind::COLUMN_NAME_REF))],
                Space::Column,
            ),
            Kind::RENAME_COLUMN => (
                vec![
                    (Effect::Drop, part(self, Kind::COLUMN_NAME_REF)),
                    (Effect::Create, part(self, Kind::COLUMN_NAME)),
                ],
                Space::Column,
            ),
            Kind::ADD_CONSTRAINT => (
                vec![(Effect::Create, part(self, Kind::CONSTRAINT_NAME))],
                Space::Constraint,
            ),
            Kind::DROP_CONSTRAINT => (
                vec![(Effect::Drop, part(self, Kind::CONSTRAINT_NAME_REF))],
                Space::Constraint,
            ),
            Kind::RENAME_CONSTRAINT => (
                vec![
                    (Effect::Drop, part(self, Kind::CONSTRAINT_NAME_REF)),
                    (Effect::Create, part(self, Kind::CONSTRAINT_NAME)),
                ],
                Space::Constraint,
            ),
            _ => return self.call(node, kind),
        };
        for (effect, name) in deeds {
            let Some(name) = name else { continue };
            let of = Some(table.clone());
            self.push(effect, Object { space, name, of }, offset);
        }
    }

    /// Reads a call of a function with a schema.
    fn call(&mut self, node: Id, kind: Kind) {
        if kind != Kind::CALL_EXPR {
            return;
        }
        let Some(callee) = self.sql.children(node).next() else {
            return;
        };
        if self.sql.kind(callee) != Kind::FIELD_EXPR {
            return;
        }
        if let Some(name) = name_of(self.sql, callee) {
            let object = Object {
                space: Space::Routine,
                name,
                of: None,
            };
            self.push(Effect::Reference, object, self.sql.range(callee).start);
        }
    }

    /// The object that an ALTER statement alters.
    fn target(&self) -> Option<Object> {
        let mut nodes = self.sql.descendants(self.statement);
        nodes.find_map(|node| {
            let space = referred(self.sql.kind(node)).filter(|_| !self.sql.is_leaf(node))?;
            Some(Object {
                space,
                name: name_of(self.sql, node)?,
                of: of_table(space).then(|| self.table.clone()).flatten(),
            })
        })
    }

    fn push(&mut self, effect: Effect, object: Object, offset: usize) {
        self.mentions.push(Mention {
            effect,
            object,
            offset,
            statement: self.statement,
        });
    }
}

fn of_table(space: Space) -> bool {
    matches!(space, Space::Trigger | Space::Policy | Space::Rule)
}
