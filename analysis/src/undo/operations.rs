//! The operations of a script, and their outcomes at its end.

use migrator_model::file_name::Direction;

use crate::finding::Finding;
use crate::names::{Name, fold};
use crate::objects::{Effect, Mention, Object, Space};
use crate::parse::{Id, Kind, ROOT, Sql};
use crate::script::Script;
use crate::site::Site;
use crate::state::hidden::is_dynamic;
use crate::state::{SearchPath, State};

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

/// What a script has done to an object at its end.
#[derive(Clone)]
pub(super) enum Outcome<'a> {
    /// The object is new.
    Created(Object, Operation<'a>),
    /// The object has another name.
    Renamed(Object, Operation<'a>),
    /// The object is dropped.
    Dropped(Object, Operation<'a>),
    /// The first operation drops the object, and the second creates it again.
    Recreated(Object, Operation<'a>, Operation<'a>),
    /// The object is changed.
    Changed(Object),
}

/// The operations of a script.
pub(super) struct Operations<'a> {
    pub(super) script: &'a Script<'a>,
    /// The operations, in the order of the text.
    pub(super) all: Vec<Operation<'a>>,
    /// The operations that IF EXISTS or IF NOT EXISTS turns off, as far as the analysis knows.
    pub(super) conditional: Vec<Operation<'a>>,
    /// The search path at its end.
    pub(super) path: SearchPath,
    /// The findings about truncated names.
    pub(super) truncated: Vec<Finding<'a>>,
    /// Whether the script runs dynamic SQL.
    pub(super) dynamic_sql: DynamicSql,
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
        self.drops().any(|operation| {
            let object = &operation.mention.object;
            object.space == Space::Relation && names.is_same_table(&object.name, table)
        })
    }

    pub(super) fn drops_schema(&self, schema: Option<&str>) -> bool {
        let schema = schema.unwrap_or("public");
        self.drops().any(|operation| {
            let object = &operation.mention.object;
            object.space == Space::Schema && object.name.name == schema
        })
    }

    /// Whether the script creates, drops or renames an object.
    pub(super) fn touches(&self, names: &Renames, object: &Object) -> bool {
        self.all.iter().any(|operation| {
            names.is_same_or_index(&operation.mention.object, object)
                || operation
                    .before
                    .is_some_and(|before| names.is_same_or_index(before, object))
        })
    }

    pub(super) fn makes(&self, names: &Renames, object: &Object) -> bool {
        self.all.iter().any(|operation| {
            operation.mention.effect == Effect::Create
                && names.is_same_or_index(&operation.mention.object, object)
        })
    }

    /// The outcomes at the end of the script, in no order.
    pub(super) fn outcomes(&self, names: &Renames) -> Vec<Outcome<'a>> {
        let mut outcomes: Vec<Outcome<'a>> = Vec::new();
        for operation in &self.all {
            let object = &operation.mention.object;
            match (operation.mention.effect, operation.before) {
                (Effect::Drop, _) => drop_object(&mut outcomes, names, object, *operation),
                (_, Some(before)) => rename(&mut outcomes, names, before, *operation),
                (_, None) => make(&mut outcomes, names, object, *operation),
            }
        }
        outcomes
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

impl Outcome<'_> {
    pub(super) fn object(&self) -> &Object {
        match self {
            Outcome::Created(object, _)
            | Outcome::Renamed(object, _)
            | Outcome::Dropped(object, _)
            | Outcome::Recreated(object, ..)
            | Outcome::Changed(object) => object,
        }
    }
}

fn take<'a>(
    outcomes: &mut Vec<Outcome<'a>>,
    names: &Renames,
    object: &Object,
) -> Option<Outcome<'a>> {
    let at = outcomes
        .iter()
        .position(|entry| names.is_same_object(entry.object(), object))?;
    Some(outcomes.remove(at))
}

fn make<'a>(
    outcomes: &mut Vec<Outcome<'a>>,
    names: &Renames,
    object: &Object,
    operation: Operation<'a>,
) {
    let now = match take(outcomes, names, object) {
        Some(Outcome::Created(object, first)) => Outcome::Created(object, first),
        Some(Outcome::Dropped(object, old) | Outcome::Recreated(object, old, _)) => {
            Outcome::Recreated(object, old, operation)
        }
        Some(Outcome::Changed(object) | Outcome::Renamed(object, _)) => Outcome::Changed(object),
        None => Outcome::Created(object.clone(), operation),
    };
    outcomes.push(now);
}

fn drop_object<'a>(
    outcomes: &mut Vec<Outcome<'a>>,
    names: &Renames,
    object: &Object,
    operation: Operation<'a>,
) {
    match take(outcomes, names, object) {
        None | Some(Outcome::Changed(_)) => {
            outcomes.push(Outcome::Dropped(object.clone(), operation));
        }
        Some(Outcome::Created(..)) => {}
        Some(Outcome::Dropped(object, first) | Outcome::Recreated(object, first, _)) => {
            outcomes.push(Outcome::Dropped(object, first));
        }
        Some(Outcome::Renamed(_, renaming)) => {
            let old = renaming.before.unwrap_or(object).clone();
            let is_back = take(outcomes, names, &old).is_some();
            outcomes.push(if is_back {
                Outcome::Changed(old)
            } else {
                Outcome::Dropped(old, operation)
            });
        }
    }
}

fn rename<'a>(
    outcomes: &mut Vec<Outcome<'a>>,
    names: &Renames,
    before: &Object,
    operation: Operation<'a>,
) {
    let object = operation.mention.object.clone();
    let is_moved = names.is_same_object(before, &object);
    let old = take(outcomes, names, before);
    let target = if is_moved {
        None
    } else {
        take(outcomes, names, &object)
    };
    let now = match (old, target) {
        (_, Some(_)) | (Some(Outcome::Changed(_) | Outcome::Recreated(..)), None) => {
            Outcome::Changed(object)
        }
        (Some(Outcome::Created(_, first)), None) => Outcome::Created(object, first),
        // Back to the original name.
        (Some(Outcome::Renamed(_, first)), None)
            if first
                .before
                .is_some_and(|first| names.is_same_object(first, &object)) =>
        {
            return;
        }
        (Some(Outcome::Renamed(_, first)), None) => Outcome::Renamed(
            object,
            Operation {
                before: first.before,
                ..operation
            },
        ),
        (Some(Outcome::Dropped(..)) | None, None) => Outcome::Renamed(object, operation),
    };
    outcomes.push(now);
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
