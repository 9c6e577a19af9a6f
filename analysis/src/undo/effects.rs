//! What a script does, statement by statement, and what is left of it at its end.

use crate::objects::{Deed, Mention, Name, Object, Space, fold};
use crate::parse::{Id, Kind, ROOT, Sql};
use crate::script::Script;

use super::names::Names;

/// Something that a script makes or drops.
#[derive(Clone, Copy)]
pub(super) struct Effect<'a> {
    pub(super) mention: &'a Mention,
    /// The kind of the statement.
    pub(super) kind: Kind,
    /// The part of an ALTER TABLE, or the whole statement.
    pub(super) part: Id,
    /// What it was called before, if it gets another name or schema here.
    pub(super) before: Option<&'a Object>,
}

/// What is left of an object at the end of a script.
#[derive(Clone)]
pub(super) enum Net<'a> {
    /// It is new.
    Made(Object, Effect<'a>),
    /// It has another name.
    Renamed(Object, Effect<'a>),
    /// It is gone.
    Dropped(Object, Effect<'a>),
    /// It is another than it was.
    Changed(Object),
}

/// A script, as far as it makes and drops.
pub(super) struct Effects<'a> {
    pub(super) script: &'a Script<'a>,
    /// All that it makes and drops, in the order of the text.
    pub(super) all: Vec<Effect<'a>>,
    /// Whether it may do more than can be read.
    pub(super) reach: Reach,
}

/// Whether a script may make and drop what is not written in it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Reach {
    /// It does what is written.
    Plain,
    /// It runs SQL that is put together as it runs.
    Unknown,
}

impl<'a> Effects<'a> {
    pub(super) fn of(script: &'a Script<'a>) -> Effects<'a> {
        let sql = &script.sql;
        let mut all: Vec<Effect<'a>> = Vec::new();
        let mut renamed: Option<&'a Mention> = None;
        for mention in &script.mentions {
            if !matches!(mention.deed, Deed::Make | Deed::Drop) {
                continue;
            }
            let before = renamed.take().filter(|old| {
                mention.deed == Deed::Make
                    && old.deed == Deed::Drop
                    && (old.statement, old.offset) == (mention.statement, mention.offset)
            });
            if before.is_some() {
                all.pop();
            }
            all.push(Effect {
                mention,
                kind: sql.kind(mention.statement),
                part: part(sql, mention),
                before: before.map(|old| &old.object),
            });
            renamed = Some(mention);
        }
        let is_unknown = sql.statements().any(|id| is_dynamic(sql, id));
        let reach = if is_unknown {
            Reach::Unknown
        } else {
            Reach::Plain
        };
        Effects { script, all, reach }
    }

    pub(super) fn has(&self, effect: &Effect<'_>, kind: Kind) -> bool {
        self.script.sql.find(effect.part, kind).is_some()
    }

    /// What is dropped, and not only renamed.
    pub(super) fn drops(&self) -> impl Iterator<Item = &Effect<'a>> {
        self.all
            .iter()
            .filter(|effect| effect.mention.deed == Deed::Drop)
    }

    pub(super) fn drops_relation(&self, names: &Names, table: &Name) -> bool {
        self.drops().any(|effect| {
            let object = &effect.mention.object;
            object.space == Space::Relation && names.same_table(&object.name, table)
        })
    }

    pub(super) fn drops_schema(&self, schema: Option<&str>) -> bool {
        let schema = schema.unwrap_or("public");
        self.drops().any(|effect| {
            let object = &effect.mention.object;
            object.space == Space::Schema && object.name.name == schema
        })
    }

    /// Whether it makes, drops or renames an object.
    pub(super) fn touches(&self, names: &Names, object: &Object) -> bool {
        self.all.iter().any(|effect| {
            names.same(&effect.mention.object, object)
                || effect
                    .before
                    .is_some_and(|before| names.same(before, object))
        })
    }

    pub(super) fn makes(&self, names: &Names, object: &Object) -> bool {
        self.all.iter().any(|effect| {
            effect.mention.deed == Deed::Make && names.same(&effect.mention.object, object)
        })
    }

    /// What is left at the end, in no order.
    pub(super) fn net(&self, names: &Names) -> Vec<Net<'a>> {
        let mut net: Vec<Net<'a>> = Vec::new();
        for effect in &self.all {
            let object = &effect.mention.object;
            match (effect.mention.deed, effect.before) {
                (Deed::Drop, _) => drop_object(&mut net, names, object, *effect),
                (_, Some(before)) => rename(&mut net, names, before, *effect),
                (_, None) => make(&mut net, names, object, self, *effect),
            }
        }
        net
    }
}

impl Net<'_> {
    pub(super) fn object(&self) -> &Object {
        match self {
            Net::Made(object, _)
            | Net::Renamed(object, _)
            | Net::Dropped(object, _)
            | Net::Changed(object) => object,
        }
    }
}

fn take<'a>(net: &mut Vec<Net<'a>>, names: &Names, object: &Object) -> Option<Net<'a>> {
    let at = net
        .iter()
        .position(|entry| names.same_thing(entry.object(), object))?;
    Some(net.remove(at))
}

fn make<'a>(
    net: &mut Vec<Net<'a>>,
    names: &Names,
    object: &Object,
    effects: &Effects<'a>,
    effect: Effect<'a>,
) {
    let now = match take(net, names, object) {
        // DROP IF EXISTS and CREATE are a CREATE OR REPLACE.
        Some(Net::Dropped(_, old))
            if effects.has(&old, Kind::IF_EXISTS) && is_replaceable(effect.kind) =>
        {
            Net::Made(object.clone(), effect)
        }
        Some(Net::Made(object, first)) => Net::Made(object, first),
        Some(Net::Dropped(object, _) | Net::Changed(object) | Net::Renamed(object, _)) => {
            Net::Changed(object)
        }
        None => Net::Made(object.clone(), effect),
    };
    net.push(now);
}

fn drop_object<'a>(net: &mut Vec<Net<'a>>, names: &Names, object: &Object, effect: Effect<'a>) {
    match take(net, names, object) {
        None | Some(Net::Changed(_)) => net.push(Net::Dropped(object.clone(), effect)),
        Some(Net::Made(..)) => {}
        Some(Net::Dropped(object, first)) => net.push(Net::Dropped(object, first)),
        Some(Net::Renamed(_, renaming)) => {
            let old = renaming.before.unwrap_or(object).clone();
            let is_back = take(net, names, &old).is_some();
            net.push(if is_back {
                Net::Changed(old)
            } else {
                Net::Dropped(old, effect)
            });
        }
    }
}

fn rename<'a>(net: &mut Vec<Net<'a>>, names: &Names, before: &Object, effect: Effect<'a>) {
    let object = effect.mention.object.clone();
    let is_moved = names.same_thing(before, &object);
    let old = take(net, names, before);
    let target = if is_moved {
        None
    } else {
        take(net, names, &object)
    };
    let now = match (old, target) {
        (_, Some(_)) | (Some(Net::Changed(_)), None) => Net::Changed(object),
        (Some(Net::Made(_, first)), None) => Net::Made(object, first),
        // Back to the name that it had at first.
        (Some(Net::Renamed(_, first)), None)
            if first
                .before
                .is_some_and(|first| names.same_thing(first, &object)) =>
        {
            return;
        }
        (Some(Net::Renamed(_, first)), None) => Net::Renamed(
            object,
            Effect {
                before: first.before,
                ..effect
            },
        ),
        (Some(Net::Dropped(..)) | None, None) => Net::Renamed(object, effect),
    };
    net.push(now);
}

/// Whether DROP IF EXISTS is the usual way to replace what a statement makes.
fn is_replaceable(kind: Kind) -> bool {
    !matches!(kind, Kind::ALTER_TABLE | Kind::CREATE_INDEX)
}

fn part(sql: &Sql<'_>, mention: &Mention) -> Id {
    let is_part = matches!(mention.object.space, Space::Column | Space::Constraint);
    let starts_there = |&id: &Id| sql.range(id).start == mention.offset && !sql.is_leaf(id);
    let part = sql.descendants(mention.statement).find(starts_there);
    part.filter(|_| is_part).unwrap_or(mention.statement)
}

/// Whether a statement may run SQL that is not written in the script.
fn is_dynamic(sql: &Sql<'_>, statement: Id) -> bool {
    match sql.kind(statement) {
        Kind::DO => is_dynamic_block(sql, statement),
        Kind::CALL | Kind::EXECUTE | Kind::IMPORT_FOREIGN_SCHEMA => true,
        Kind::SELECT | Kind::SELECT_INTO | Kind::COMPOUND_SELECT | Kind::PAREN_SELECT => {
            let mut calls = sql.descendants(statement);
            calls.any(|id| sql.kind(id) == Kind::CALL_EXPR && !is_harmless(sql, id))
        }
        _ => false,
    }
}

/// A block that only raises an error or changes rows makes and drops nothing.
fn is_dynamic_block(sql: &Sql<'_>, statement: Id) -> bool {
    let text = sql.text_of(statement);
    let is_plpgsql = sql
        .find(statement, Kind::DO_LANGUAGE)
        .is_none_or(|language| {
            sql.text_of(language)
                .to_ascii_lowercase()
                .contains("plpgsql")
        });
    let outside_strings = text.split('\'').step_by(2);
    let is_quoted = text.split('\'').nth(1).is_some() && !text.contains('$');
    let mut words = outside_strings.flat_map(|part| part.split(|c: char| !c.is_alphanumeric()));
    let acts = words.any(|word| ACTS.iter().any(|act| word.eq_ignore_ascii_case(act)));
    !is_plpgsql || is_quoted || acts
}

const ACTS: [&str; 6] = ["create", "drop", "alter", "execute", "perform", "call"];

/// Whether a call is known not to make or drop anything.
fn is_harmless(sql: &Sql<'_>, call: Id) -> bool {
    let Some(callee) = sql.children(call).next() else {
        return true;
    };
    let parts: Vec<String> = sql.text_of(callee).split('.').map(fold).collect();
    match parts.as_slice() {
        [schema, _] => schema == "pg_catalog",
        [name] => HARMLESS.contains(&name.as_str()) || name.starts_with("pg_"),
        _ => false,
    }
}

const HARMLESS: [&str; 20] = [
    "array_agg",
    "coalesce",
    "count",
    "current_setting",
    "currval",
    "exists",
    "format",
    "json_agg",
    "jsonb_agg",
    "lastval",
    "lower",
    "max",
    "min",
    "nextval",
    "now",
    "set_config",
    "setval",
    "string_agg",
    "sum",
    "upper",
];

/// The names in a part of a script.
pub(super) fn words<'s>(sql: &'s Sql<'_>, part: Id) -> impl Iterator<Item = String> + 's {
    let leaves = sql.descendants(part).filter(|&id| sql.is_leaf(id));
    leaves.map(|id| fold(sql.text_of(id)))
}

/// Whether a script has a node of a kind.
pub(super) fn holds(script: &Script<'_>, kind: Kind) -> bool {
    script.sql.find(ROOT, kind).is_some()
}
