//! Whether a down script takes back what its up script does.
//!
//! Judged by name, from what is left at the end of each script. Where a script
//! runs SQL that is put together as it runs, nothing is said of what it may
//! hide: a false alarm costs more than a finding brings.

#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "a script has hundreds of kinds of nodes, a few of which matter here"
)]

mod effects;
mod names;
mod parents;
#[cfg(test)]
mod tests;
mod words;

use std::collections::BTreeSet;

use migrator_model::{Code, nearest};

use crate::finding::Finding;
use crate::objects::{Name, Object, Space};
use crate::parse::{Id, Kind, ROOT};
use crate::script::{Pair, Script};

use effects::{Effect, Effects, Net, Reach, holds, words as words_of};
use names::Names;
use parents::Cascade;

pub(crate) fn find<'a>(pair: &'a Pair<'a>) -> Vec<Finding<'a>> {
    let (up, down) = (Effects::of(&pair.up), Effects::of(&pair.down));
    if up.all.is_empty() && down.all.is_empty() {
        return Vec::new();
    }
    let names = Names::of([&up, &down]);
    let judge = Judge {
        links: parents::links(&up.script.sql),
        cascade: parents::goes_by_cascade(&up, &down),
        absorbed: absorbed(&up),
        net: up.net(&names),
        names,
        up,
        down,
    };
    judge.findings()
}

struct Judge<'a> {
    up: Effects<'a>,
    down: Effects<'a>,
    names: Names,
    /// What the up script attaches to something, or has it own.
    links: Vec<(Name, Name)>,
    cascade: Cascade,
    /// The indexes that the up script turns into constraints.
    absorbed: BTreeSet<String>,
    /// What is left of the up script.
    net: Vec<Net<'a>>,
}

/// Something that the down script leaves as it is.
struct Left<'a> {
    object: Object,
    offset: usize,
    code: Code,
    message: String,
    help: String,
    /// Where it is looked for under a wrong name.
    sought: Sought,
    script: &'a Script<'a>,
}

#[derive(PartialEq, Eq)]
enum Sought {
    /// The down script should drop it.
    Dropped,
    Otherwise,
}

impl<'a> Judge<'a> {
    fn findings(&self) -> Vec<Finding<'a>> {
        let mut left: Vec<Left<'a>> = self.net.iter().filter_map(|net| self.left(net)).collect();
        left.sort_by_key(|left| left.offset);
        let mut findings = self.wrongly_dropped(&mut left);
        let does_nothing = self.down.all.is_empty() && findings.is_empty();
        if let (true, [first, _, ..]) = (does_nothing, left.as_slice()) {
            return vec![nothing_taken_back(first, left.len())];
        }
        findings.extend(left.into_iter().map(|left| {
            Finding::new(left.script, left.code, left.offset, left.message, left.help)
        }));
        findings
    }

    fn left(&self, net: &Net<'a>) -> Option<Left<'a>> {
        let (object, by) = match net {
            Net::Made(object, by) | Net::Renamed(object, by) | Net::Dropped(object, by) => {
                (object, by)
            }
            Net::Changed(_) => return None,
        };
        let is_in_doubt = match net {
            Net::Dropped(..) => self.up.reach == Reach::Unknown || !self.is_dropped_for_certain(by),
            _ => by.before.is_none() && self.is_made_for_others(object, by),
        };
        if is_in_doubt || self.down.reach == Reach::Unknown {
            return None;
        }
        let is_taken_back = match net {
            Net::Dropped(..) => {
                self.is_made_again(object) || goes_with_table(&self.up, &self.names, object)
            }
            Net::Renamed(..) => self.is_renamed_back(object, by),
            _ => self.is_dropped(object, by),
        };
        (!is_taken_back).then(|| self.describe(net, object, by))
    }

    /// Whether an object is temporary, shared, or part of another.
    fn is_made_for_others(&self, object: &Object, by: &Effect<'a>) -> bool {
        let is_shared = matches!(object.space, Space::Extension | Space::Schema)
            && self.up.has(by, Kind::IF_NOT_EXISTS);
        let is_temporary =
            self.up.has(by, Kind::TEMP) || object.name.schema.as_deref() == Some("pg_temp");
        is_shared || is_temporary || self.becomes_a_constraint(object, by)
    }

    fn becomes_a_constraint(&self, object: &Object, by: &Effect<'a>) -> bool {
        by.kind == Kind::CREATE_INDEX && self.absorbed.contains(&object.name.name)
    }

    /// Whether what IF EXISTS drops is of weight: a name among several that an
    /// index or function may have had is not.
    fn is_dropped_for_certain(&self, by: &Effect<'a>) -> bool {
        !self.up.has(by, Kind::IF_EXISTS) || is_of_weight(by)
    }

    fn is_dropped(&self, object: &Object, by: &Effect<'a>) -> bool {
        let tables = parents::tables(&self.up, &self.links, &self.names, object, by);
        let goes_with = |table: &Name| {
            let is_table = |net: &&Net<'a>| {
                let other = net.object();
                other.space == Space::Relation
                    && other != object
                    && self.names.same_table(&other.name, table)
            };
            self.down.drops_relation(&self.names, table)
                || self.up.drops_relation(&self.names, table)
                || self
                    .net
                    .iter()
                    .filter(is_table)
                    .any(|net| matches!(net, Net::Made(..)))
        };
        self.down.touches(&self.names, object)
            || self.cascade.takes(object)
            || tables.iter().any(goes_with)
            || self.goes_with_schema(object, by)
            || parents::goes_with_column(&self.up.script.sql, by, &tables, &self.names, &self.down)
    }

    fn goes_with_schema(&self, object: &Object, by: &Effect<'a>) -> bool {
        let owner = object.of.as_ref().unwrap_or(&object.name);
        let is_in_schema = !matches!(object.space, Space::Schema | Space::Extension);
        let is_made = self.net.iter().any(|net| {
            matches!(net, Net::Made(..))
                && net.object().space == Space::Schema
                && Some(&net.object().name.name) == owner.schema.as_ref()
        });
        // CREATE SCHEMA … CREATE TABLE … in one statement.
        is_in_schema
            && (is_made
                || by.kind == Kind::CREATE_SCHEMA
                || self.down.drops_schema(owner.schema.as_deref()))
    }

    fn is_renamed_back(&self, object: &Object, by: &Effect<'a>) -> bool {
        let is_back = |before: &Object| {
            self.down.makes(&self.names, before) && !self.names.same_thing(before, object)
        };
        self.down.touches(&self.names, object)
            || by.before.is_some_and(is_back)
            || goes_with_table(&self.down, &self.names, object)
            || goes_with_table(&self.up, &self.names, object)
            || self.cascade.takes(object)
    }

    fn is_made_again(&self, object: &Object) -> bool {
        self.down.touches(&self.names, object) || self.may_be_made_unnamed(object)
    }

    /// Whether the down script makes a constraint or index without a name, or
    /// within a column or table.
    fn may_be_made_unnamed(&self, object: &Object) -> bool {
        let (down, sql) = (self.down.script, &self.down.script.sql);
        let is_named = |id: Id| words_of(sql, id).any(|word| word == object.name.name);
        let is_constraint = object.space == Space::Constraint;
        if !is_constraint && object.space != Space::Relation {
            return false;
        }
        let unnamed = sql.descendants(ROOT).any(|id| match sql.kind(id) {
            Kind::CREATE_INDEX => sql.child(id, Kind::INDEX).is_none(),
            Kind::CONSTRAINT_NAME => is_named(sql.parent(id)),
            Kind::CHECK_CONSTRAINT | Kind::REFERENCES_CONSTRAINT | Kind::FOREIGN_KEY_CONSTRAINT
                if !is_constraint =>
            {
                false
            }
            Kind::UNIQUE_CONSTRAINT
            | Kind::PRIMARY_KEY_CONSTRAINT
            | Kind::CHECK_CONSTRAINT
            | Kind::REFERENCES_CONSTRAINT
            | Kind::FOREIGN_KEY_CONSTRAINT
            | Kind::EXCLUDE_CONSTRAINT => sql.child(id, Kind::CONSTRAINT_NAME_CLAUSE).is_none(),
            _ => false,
        });
        unnamed || object.name.name.contains("not_null") && holds(down, Kind::SET_NOT_NULL)
    }

    fn describe(&self, net: &Net<'a>, object: &Object, by: &Effect<'a>) -> Left<'a> {
        let is_of_table = matches!(object.space, Space::Column | Space::Constraint);
        let (code, message, help, sought) = match net {
            Net::Dropped(..) => (
                if is_of_table {
                    Code::M0229
                } else {
                    Code::M0228
                },
                format!("the up script drops {object}, and the down script does not make it again"),
                again(object, by),
                Sought::Otherwise,
            ),
            Net::Renamed(..) => (
                if is_of_table {
                    Code::M0229
                } else {
                    Code::M0227
                },
                format!(
                    "the up script turns {} into {object}, and the down script does not turn it back",
                    before(by)
                ),
                renamed_back(object, by),
                Sought::Otherwise,
            ),
            Net::Made(..) | Net::Changed(_) if self.up.has(by, Kind::OR_REPLACE) => (
                Code::M0227,
                format!(
                    "the up script makes or replaces {object}, and the down script neither drops it nor puts its former text back"
                ),
                format!(
                    "write `{}` in the down script, or CREATE OR REPLACE with what was there before",
                    words::drop_statement(object, by.kind)
                ),
                Sought::Dropped,
            ),
            Net::Made(..) | Net::Changed(_) => (
                if is_of_table {
                    Code::M0229
                } else {
                    Code::M0227
                },
                format!("the up script makes {object}, and the down script does not drop it"),
                format!(
                    "write `{}` in the down script",
                    words::drop_statement(object, by.kind)
                ),
                Sought::Dropped,
            ),
        };
        Left {
            object: object.clone(),
            offset: by.mention.offset,
            code,
            message,
            help,
            sought,
            script: self.up.script,
        }
    }

    /// What the down script drops and the up script does not make; what is
    /// meant by it is then no longer `left`.
    fn wrongly_dropped(&self, left: &mut Vec<Left<'a>>) -> Vec<Finding<'a>> {
        if self.up.reach == Reach::Unknown {
            return Vec::new();
        }
        let mut wrong: Vec<(Object, Effect<'a>)> = Vec::new();
        for net in self.down.net(&self.names) {
            if let Net::Dropped(object, by) = net
                && self.is_wrong(&object)
            {
                wrong.push((object, by));
            }
        }
        wrong.sort_by_key(|(_, by)| by.mention.offset);
        let findings = wrong.into_iter().filter_map(|(object, by)| {
            let meant = Self::meant(&object, left);
            let is_sure =
                meant.is_some() || !self.down.has(&by, Kind::IF_EXISTS) || is_of_weight(&by);
            let meant = meant.map(|at| left.remove(at).object);
            is_sure.then(|| {
                let message =
                    format!("the down script drops {object}, which the up script does not make");
                let help = match meant {
                    Some(meant) => format!("the up script makes {meant}: drop that"),
                    None => "drop what the up script makes, and nothing else".to_owned(),
                };
                Finding::new(
                    self.down.script,
                    Code::M0230,
                    by.mention.offset,
                    message,
                    help,
                )
            })
        });
        findings.collect()
    }

    fn is_wrong(&self, object: &Object) -> bool {
        let is_of_new_table = matches!(object.space, Space::Column | Space::Constraint)
            && object.of.as_ref().is_some_and(|table| {
                let is_it = |net: &Net<'a>| {
                    net.object().space == Space::Relation
                        && self.names.same_table(&net.object().name, table)
                };
                self.net.iter().any(is_it)
            });
        let makes_extension = self
            .up
            .all
            .iter()
            .any(|effect| effect.mention.object.space == Space::Extension);
        !self.up.touches(&self.names, object)
            && !is_of_new_table
            && !makes_extension
            && !self.is_implied(object)
            && !goes_with_table(&self.down, &self.names, object)
    }

    /// Whether Postgres may have made it for something without a name: an index,
    /// a constraint or a sequence is called after its table.
    fn is_implied(&self, object: &Object) -> bool {
        let sql = &self.up.script.sql;
        let is_table = |&id: &Id| {
            let is_made = matches!(
                sql.kind(id),
                Kind::CREATE_TABLE | Kind::ALTER_TABLE | Kind::CREATE_INDEX | Kind::CREATE_TABLE_AS
            );
            is_made && self.implies(id)
        };
        let mut tables = sql.statements().filter(is_table).filter_map(|id| {
            let is_name = |&id: &Id| {
                matches!(sql.kind(id), Kind::TABLE_NAME | Kind::TABLE_NAME_REF) && !sql.is_leaf(id)
            };
            let name = sql.descendants(id).find(is_name)?;
            crate::objects::name_of(sql, name)
        });
        matches!(object.space, Space::Relation | Space::Constraint)
            && tables.any(|table| {
                // A long name is cut.
                let stem: String = table.name.chars().take(20).collect();
                object.name.name.starts_with(&stem) && object.name.name.len() > stem.len()
            })
    }

    /// Whether a statement makes something that gets its name by itself.
    fn implies(&self, statement: Id) -> bool {
        let sql = &self.up.script.sql;
        let is_index = sql.kind(statement) == Kind::CREATE_INDEX;
        let is_unnamed = |id: Id| {
            format!("{:?}", sql.kind(id)).ends_with("_CONSTRAINT")
                && sql.child(id, Kind::CONSTRAINT_NAME_CLAUSE).is_none()
        };
        // Since Postgres 18 NOT NULL is a constraint with a name.
        let is_not_null = |id: Id| sql.kind(id) == Kind::SET_NOT_NULL;
        let is_serial =
            |id: Id| sql.is_leaf(id) && sql.text_of(id).to_ascii_lowercase().contains("serial");
        if is_index {
            return sql.child(statement, Kind::INDEX).is_none();
        }
        sql.descendants(statement)
            .any(|id| is_unnamed(id) || is_serial(id) || is_not_null(id))
    }

    /// Which of `left` a wrong drop stands for.
    fn meant(object: &Object, left: &[Left<'a>]) -> Option<usize> {
        let may_be =
            |left: &&Left<'a>| left.sought == Sought::Dropped && left.object.space == object.space;
        let candidates = || left.iter().filter(may_be);
        let name = match candidates().count() {
            1 => candidates()
                .next()
                .map(|left| left.object.name.name.as_str()),
            _ => nearest(
                &object.name.name,
                candidates().map(|left| left.object.name.name.as_str()),
            ),
        }?;
        left.iter()
            .position(|left| may_be(&left) && left.object.name.name == name)
    }
}

fn absorbed(up: &Effects<'_>) -> BTreeSet<String> {
    let sql = &up.script.sql;
    let clauses = sql
        .descendants(ROOT)
        .filter(|&id| sql.kind(id) == Kind::USING_INDEX_NAME);
    clauses.flat_map(|id| words_of(sql, id)).collect()
}

/// Whether the table or schema of an object goes in the same script.
fn goes_with_table(script: &Effects<'_>, names: &Names, object: &Object) -> bool {
    let owner = object.of.as_ref().unwrap_or(&object.name);
    let is_in_schema = !matches!(object.space, Space::Schema | Space::Extension);
    object
        .of
        .as_ref()
        .is_some_and(|table| script.drops_relation(names, table))
        || is_in_schema && script.drops_schema(owner.schema.as_deref())
}

/// Whether it holds rows, or others are built on it.
fn is_of_weight(by: &Effect<'_>) -> bool {
    let space = by.mention.object.space;
    matches!(
        space,
        Space::Relation | Space::Type | Space::Schema | Space::Column
    ) && by.kind != Kind::DROP_INDEX
}

fn before(by: &Effect<'_>) -> String {
    by.before.map(ToString::to_string).unwrap_or_default()
}

fn renamed_back(object: &Object, by: &Effect<'_>) -> String {
    match by.before {
        Some(before) => {
            let statement = words::rename_statement(object, before, by.kind);
            format!("write `{statement}` in the down script")
        }
        None => "turn it back in the down script".to_owned(),
    }
}

fn again(object: &Object, by: &Effect<'_>) -> String {
    let statement = words::make_statement(object, by.kind);
    format!("write `{statement}` in the down script, as it was before")
}

fn nothing_taken_back<'a>(first: &Left<'a>, count: usize) -> Finding<'a> {
    let others = count - 1;
    let word = if others == 1 { "one other" } else { "others" };
    let number = if others == 1 {
        String::new()
    } else {
        format!("{others} ")
    };
    Finding::new(
        first.script,
        first.code,
        first.offset,
        format!(
            "the down script takes back nothing of what the up script does to {} and {number}{word}",
            first.object
        ),
        format!(
            "take it back in the down script, or say in the up script why that cannot be: `-- migrator: allow {} because …`",
            first.code
        ),
    )
}
