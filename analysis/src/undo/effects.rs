//! What a script does, statement by statement, and what is left of it at its end.

use migrator_model::file_name::Direction;

use crate::finding::Finding;
use crate::names::{Name, fold};
use crate::objects::{Deed, Mention, Object, Space};
use crate::parse::{Id, Kind, ROOT, Sql};
use crate::script::Script;
use crate::site::Site;
use crate::state::hidden::is_dynamic;
use crate::state::{Path, State};

use super::alike;
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
    /// Where what has its name was made that is there before this.
    pub(super) made: Option<Site<'a>>,
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
    /// It is dropped by the first effect, and made again by the second.
    Remade(Object, Effect<'a>, Effect<'a>),
    /// It is another than it was.
    Changed(Object),
}

/// A script, as far as it makes and drops.
pub(super) struct Effects<'a> {
    pub(super) script: &'a Script<'a>,
    /// All that it makes and drops, in the order of the text.
    pub(super) all: Vec<Effect<'a>>,
    /// What it makes or drops only if that is not there, or there, and is not
    /// known to do.
    pub(super) perhaps: Vec<Effect<'a>>,
    /// Where its names are looked up at its end.
    pub(super) path: Path,
    /// What is found of names that are cut.
    pub(super) alike: Vec<Finding<'a>>,
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
    /// Reads a script, and has `state` follow it.
    pub(super) fn of(script: &'a Script<'a>, state: &mut State<'a>) -> Effects<'a> {
        let sql = &script.sql;
        let mut effects = Effects {
            script,
            all: Vec::new(),
            perhaps: Vec::new(),
            path: Path::default(),
            alike: Vec::new(),
            reach: Reach::Plain,
        };
        state.begin();
        for statement in sql.statements() {
            effects.statement(statement, state);
            if script.direction == Direction::Up {
                effects.alike.extend(alike::find(script, statement, state));
            }
            if is_dynamic(sql, statement) {
                effects.reach = Reach::Unknown;
            }
            state.follow(script, statement);
        }
        effects.path = state.path();
        effects
    }

    fn statement(&mut self, statement: Id, state: &State<'a>) {
        let sql = &self.script.sql;
        let mut renamed: Option<&'a Mention> = None;
        for mention in self.script.mentions_of(statement) {
            if !matches!(mention.deed, Deed::Make | Deed::Drop) {
                continue;
            }
            let before = renamed.take().filter(|old| {
                mention.deed == Deed::Make && old.deed == Deed::Drop && old.offset == mention.offset
            });
            let part = part(sql, mention);
            let is_idle = match before {
                Some(old) => state.is_idle(sql, old, part),
                None => state.is_idle(sql, mention, part),
            };
            let effect = Effect {
                mention,
                kind: sql.kind(statement),
                part,
                before: before.map(|old| &old.object),
                made: state.made(&mention.object),
            };
            let list = match is_idle && self.script.direction == Direction::Up {
                true => &mut self.perhaps,
                false => &mut self.all,
            };
            if before.is_some() {
                list.pop();
            }
            list.push(effect);
            renamed = Some(mention);
        }
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
                (_, None) => make(&mut net, names, object, *effect),
            }
        }
        net
    }
}

/// The names that the scripts of a migration change.
pub(super) fn names(scripts: [&Effects<'_>; 2]) -> Names {
    let mut names = Names::default();
    for effect in scripts.into_iter().flat_map(|effects| &effects.all) {
        if let Some(before) = effect.before {
            names.add(before, &effect.mention.object);
        }
    }
    names
}

impl Net<'_> {
    pub(super) fn object(&self) -> &Object {
        match self {
            Net::Made(object, _)
            | Net::Renamed(object, _)
            | Net::Dropped(object, _)
            | Net::Remade(object, ..)
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

fn make<'a>(net: &mut Vec<Net<'a>>, names: &Names, object: &Object, effect: Effect<'a>) {
    let now = match take(net, names, object) {
        Some(Net::Made(object, first)) => Net::Made(object, first),
        Some(Net::Dropped(object, old) | Net::Remade(object, old, _)) => {
            Net::Remade(object, old, effect)
        }
        Some(Net::Changed(object) | Net::Renamed(object, _)) => Net::Changed(object),
        None => Net::Made(object.clone(), effect),
    };
    net.push(now);
}

fn drop_object<'a>(net: &mut Vec<Net<'a>>, names: &Names, object: &Object, effect: Effect<'a>) {
    match take(net, names, object) {
        None | Some(Net::Changed(_)) => net.push(Net::Dropped(object.clone(), effect)),
        Some(Net::Made(..)) => {}
        Some(Net::Dropped(object, first) | Net::Remade(object, first, _)) => {
            net.push(Net::Dropped(object, first));
        }
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
        (_, Some(_)) | (Some(Net::Changed(_) | Net::Remade(..)), None) => Net::Changed(object),
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

fn part(sql: &Sql<'_>, mention: &Mention) -> Id {
    let is_part = matches!(mention.object.space, Space::Column | Space::Constraint);
    let starts_there = |&id: &Id| sql.range(id).start == mention.offset && !sql.is_leaf(id);
    let part = sql.descendants(mention.statement).find(starts_there);
    part.filter(|_| is_part).unwrap_or(mention.statement)
}

/// The names in a part of a script.
pub(super) fn words<'s>(sql: &'s Sql<'_>, part: Id) -> impl Iterator<Item = String> + 's {
    let leaves = sql.descendants(part).filter(|&id| sql.is_leaf(id));
    leaves.map(|id| fold(sql.text_of(id)))
}

/// Whether a script has a node of a kind.
pub(super) fn holds(script: &Script<'_>, kind: Kind) -> bool {
    script.sql.find(ROOT, kind).is_some()
}
