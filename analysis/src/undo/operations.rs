//! The operations of a script.

use std::collections::{HashMap, HashSet};

use migrator_model::file_name::Direction;

use crate::finding::Finding;
use crate::names::{Name, fold};
use crate::objects::{Effect, Mention, Object, Space};
use crate::parse::{Id, Kind, ROOT, Sql};
use crate::script::Script;
use crate::site::Site;
use crate::state::hidden::is_dynamic;
use crate::state::{SearchPath, State};

use super::by_name::ByName;
use super::renames::Renames;
use super::truncated;

/// An object that a script creates or drops.
#[derive(Clone, Copy)]
pub(super) struct Operation<'a> {
    pub(super) mention: &'a Mention,
    /// The kind of the statement.
    pub(super) kind: Kind,
    /// The action of an ALTER TABLE, or the whole statement.
    pub(super) part: Id,
    /// The old name, if the operation is a rename.
    pub(super) before: Option<&'a Object>,
    /// Where an existing object of this name was created.
    pub(super) made: Option<Site<'a>>,
}

/// The operations of a script.
pub(super) struct Operations<'a> {
    pub(super) script: &'a Script<'a>,
    /// The operations, in the order of the text.
    pub(super) all: Vec<Operation<'a>>,
    /// The operations that IF EXISTS or IF NOT EXISTS turns off, as far as the analysis knows.
    pub(super) conditional: Vec<Operation<'a>>,
    index: Index<'a>,
    /// The search path at its end.
    pub(super) path: SearchPath,
    /// The findings about truncated names.
    pub(super) truncated: Vec<Finding<'a>>,
    /// Whether the script runs dynamic SQL.
    pub(super) dynamic_sql: DynamicSql,
}

/// Look-ups in the operations, of which a script may have thousands.
#[derive(Default)]
struct Index<'a> {
    /// The operations in `all`, also by the former name of their object.
    named: ByName<'a>,
    /// The operations in `conditional`.
    conditional: ByName<'a>,
    /// The relations that the script drops, by name.
    dropped_relations: HashMap<&'a str, Vec<&'a Name>>,
    dropped_schemas: HashSet<&'a str>,
}

/// Whether a script may create and drop objects that its text does not name.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum DynamicSql {
    /// All objects are in its text.
    Absent,
    /// It builds and runs SQL.
    Present,
}

impl<'a> Operations<'a> {
    /// Reads a script. `state` follows it.
    pub(super) fn of(script: &'a Script<'a>, state: &mut State<'a>) -> Operations<'a> {
        let sql = &script.sql;
        let mut operations = Operations {
            script,
            all: Vec::new(),
            conditional: Vec::new(),
            index: Index::default(),
            path: SearchPath::default(),
            truncated: Vec::new(),
            dynamic_sql: DynamicSql::Absent,
        };
        state.begin();
        for statement in sql.statements() {
            operations.statement(statement, state);
            if script.direction == Direction::Up {
                operations
                    .truncated
                    .extend(truncated::find(script, statement, state));
            }
            if is_dynamic(sql, statement) {
                operations.dynamic_sql = DynamicSql::Present;
            }
            state.follow(script, statement);
        }
        operations.path = state.path();
        operations.index = Index::of(&operations.all, &operations.conditional);
        operations
    }

    fn statement(&mut self, statement: Id, state: &State<'a>) {
        let sql = &self.script.sql;
        let mut renamed: Option<&'a Mention> = None;
        for mention in self.script.mentions_of(statement) {
            if !matches!(mention.effect, Effect::Create | Effect::Drop) {
                continue;
            }
            let before = renamed.take().filter(|old| {
                mention.effect == Effect::Create
                    && old.effect == Effect::Drop
                    && old.offset == mention.offset
            });
            let part = part(sql, mention);
            let has_no_effect = match before {
                Some(old) => state.has_no_effect(sql, old, part),
                None => state.has_no_effect(sql, mention, part),
            };
            let operation = Operation {
                mention,
                kind: sql.kind(statement),
                part,
                before: before.map(|old| &old.object),
                made: state.made(&mention.object),
            };
            let list = match has_no_effect && self.script.direction == Direction::Up {
                true => &mut self.conditional,
                false => &mut self.all,
            };
            if before.is_some() {
                list.pop();
            }
            list.push(operation);
            renamed = Some(mention);
        }
    }

    pub(super) fn has(&self, operation: &Operation<'_>, kind: Kind) -> bool {
        self.script.sql.find(operation.part, kind).is_some()
    }

    /// The objects that the script drops. A rename is no drop.
    pub(super) fn drops(&self) -> impl Iterator<Item = &Operation<'a>> {
        self.all
            .iter()
            .filter(|operation| operation.mention.effect == Effect::Drop)
    }

    pub(super) fn drops_relation(&self, names: &Renames, table: &Name) -> bool {
        let dropped = &self.index.dropped_relations;
        let called = names.also_called(&table.name).into_iter();
        let mut alike = called.filter_map(|name| dropped.get(name)).flatten();
        alike.any(|name| names.is_same_table(name, table))
    }

    pub(super) fn drops_schema(&self, schema: Option<&str>) -> bool {
        let schema = schema.unwrap_or("public");
        self.index.dropped_schemas.contains(schema)
    }

    /// The operations whose object may be this one, also by its former name.
    fn alike(&self, names: &Renames, object: &Object) -> impl Iterator<Item = &Operation<'a>> {
        let places = self.index.named.alike(names, object);
        places.filter_map(|at| self.all.get(at))
    }

    /// The operations that a condition turns off, and whose object may be this one.
    pub(super) fn conditional_on(
        &self,
        names: &Renames,
        object: &Object,
    ) -> impl Iterator<Item = &Operation<'a>> {
        let places = self.index.conditional.alike(names, object);
        places.filter_map(|at| self.conditional.get(at))
    }

    /// Whether the script drops an object.
    pub(super) fn drops_object(&self, names: &Renames, object: &Object) -> bool {
        self.alike(names, object).any(|operation| {
            operation.mention.effect == Effect::Drop
                && names.is_same_object(&operation.mention.object, object)
        })
    }

    /// Whether the script creates, drops or renames an object.
    pub(super) fn touches(&self, names: &Renames, object: &Object) -> bool {
        self.alike(names, object).any(|operation| {
            names.is_same_or_index(&operation.mention.object, object)
                || operation
                    .before
                    .is_some_and(|before| names.is_same_or_index(before, object))
        })
    }

    pub(super) fn makes(&self, names: &Renames, object: &Object) -> bool {
        self.alike(names, object).any(|operation| {
            operation.mention.effect == Effect::Create
                && names.is_same_or_index(&operation.mention.object, object)
        })
    }
}

/// The renames in the scripts of a migration.
pub(super) fn names(scripts: [&Operations<'_>; 2]) -> Renames {
    let mut names = Renames::default();
    for operation in scripts.into_iter().flat_map(|operations| &operations.all) {
        if let Some(before) = operation.before {
            names.add(before, &operation.mention.object);
        }
    }
    names
}

impl<'a> Index<'a> {
    fn of(all: &[Operation<'a>], conditional: &[Operation<'a>]) -> Index<'a> {
        let mut index = Index::default();
        for (at, operation) in all.iter().enumerate() {
            let object = &operation.mention.object;
            for object in [Some(object), operation.before].into_iter().flatten() {
                index.named.add(object, at);
            }
            let is_drop = operation.mention.effect == Effect::Drop;
            if is_drop && object.space == Space::Relation {
                let named = index.dropped_relations.entry(&object.name.name);
                named.or_default().push(&object.name);
            } else if is_drop && object.space == Space::Schema {
                index.dropped_schemas.insert(&object.name.name);
            }
        }
        for (at, operation) in conditional.iter().enumerate() {
            index.conditional.add(&operation.mention.object, at);
        }
        index
    }
}

fn part(sql: &Sql<'_>, mention: &Mention) -> Id {
    let is_part = matches!(mention.object.space, Space::Column | Space::Constraint);
    let starts_there = |&id: &Id| sql.range(id).start == mention.offset && !sql.is_leaf(id);
    let part = sql.descendants(mention.statement).find(starts_there);
    part.filter(|_| is_part).unwrap_or(mention.statement)
}

/// The identifiers and keywords in a part of a script.
pub(super) fn words<'s>(sql: &'s Sql<'_>, part: Id) -> impl Iterator<Item = String> + 's {
    let leaves = sql.descendants(part).filter(|&id| sql.is_leaf(id));
    leaves.map(|id| fold(sql.text_of(id)))
}

/// Whether a script contains a node of a kind.
pub(super) fn contains_kind(script: &Script<'_>, kind: Kind) -> bool {
    script.sql.find(ROOT, kind).is_some()
}
