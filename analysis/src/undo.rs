//! Whether a down script takes back what its up script does.
//!
//! Judged by name, from what is left at the end of each script. Where a script
//! runs SQL that is put together as it runs, nothing is said of what it may
//! hide: a false alarm costs more than a finding brings.

#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "a script has hundreds of kinds of nodes, a few of which matter here"
)]

mod alike;
mod effects;
mod facts;
mod lost;
mod moments;
mod names;
mod parents;
mod restored;
#[cfg(test)]
mod tests;
mod values;
mod words;

use std::collections::BTreeSet;

use migrator_model::{Code, nearest};

use crate::finding::Finding;
use crate::kinds::is_constraint;
use crate::objects::{Name, Object, Space};
use crate::parse::{Id, Kind, ROOT};
use crate::script::{Pair, Script};
use crate::state::{State, text};

use effects::{Effect, Effects, Net, Reach, holds, words as words_of};
use moments::{Moment, Moments};
use names::Names;
use parents::Cascade;

/// What is wrong with a migration's down script; `state` is what is there before
/// its up script, and then after it.
pub(crate) fn find<'a>(pair: &'a Pair<'a>, state: &mut State<'a>) -> Vec<Finding<'a>> {
    let up = Effects::of(&pair.up, state);
    let up_journal = state.end();
    let down = Effects::of(&pair.down, state);
    let down_journal = state.end();
    let names = Names::of([&up, &down]);
    let mut judge = Judge {
        links: parents::links(&up.script.sql),
        cascade: parents::goes_by_cascade(&up, &down),
        absorbed: absorbed(&up),
        net: up.net(&names),
        moments: Moments {
            state: &*state,
            up: up_journal,
            down: &down_journal,
        },
        names,
        up,
        down,
    };
    let mut findings = judge.findings();
    findings.append(&mut judge.up.alike);
    state.revert(down_journal);
    findings
}

struct Judge<'s, 'a> {
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
    moments: Moments<'s, 'a>,
}

/// Something that the down script leaves as it is.
struct Left<'a> {
    object: Object,
    /// The object in words.
    shown: String,
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

impl<'a> Judge<'_, 'a> {
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
        if self.up.reach == Reach::Plain && self.down.reach == Reach::Plain {
            findings.extend(facts::find(self));
            findings.extend(lost::find(self));
            findings.extend(values::find(self));
            findings.extend(restored::find(self));
        }
        findings
    }

    fn left(&self, net: &Net<'a>) -> Option<Left<'a>> {
        if self.down.reach == Reach::Unknown {
            return None;
        }
        match net {
            Net::Changed(_) => None,
            Net::Remade(object, dropped, made) => self.remade(object, dropped, made),
            Net::Made(object, by) if self.up.has(by, Kind::OR_REPLACE) && by.made.is_some() => {
                self.replaced(object, by)
            }
            Net::Made(object, by) => {
                let is_in_doubt =
                    self.is_made_for_others(object, by) || self.may_be_there(object, by);
                (!is_in_doubt && !self.is_dropped(object, by))
                    .then(|| self.describe(net, object, by))
            }
            Net::Renamed(object, by) => {
                let is_fine = self.is_of_new_table(object) || self.is_renamed_back(object, by);
                (!is_fine).then(|| self.describe(net, object, by))
            }
            Net::Dropped(object, by) => {
                let is_fine = self.up.reach == Reach::Unknown
                    || self.is_of_new_table(object)
                    || self.is_made_again(object)
                    || goes_with_table(&self.up, &self.names, object);
                (!is_fine).then(|| self.describe(net, object, by))
            }
        }
    }

    /// Whether IF NOT EXISTS may have found what nothing is known of.
    fn may_be_there(&self, object: &Object, by: &Effect<'a>) -> bool {
        self.up.has(by, Kind::IF_NOT_EXISTS) && self.moments.state.is_hidden(object)
    }

    /// Whether it belongs to a table that the up script makes.
    fn is_of_new_table(&self, object: &Object) -> bool {
        object.of.as_ref().is_some_and(|of| {
            self.net.iter().any(|net| {
                matches!(net, Net::Made(..))
                    && net.object().space == Space::Relation
                    && self.names.same_table(&net.object().name, of)
            })
        })
    }

    /// An object that the up script drops and makes again.
    fn remade(&self, object: &Object, dropped: &Effect<'a>, made: &Effect<'a>) -> Option<Left<'a>> {
        let (old, new) = (self.key(&dropped.mention.object)?, self.key(object)?);
        if self.up.reach == Reach::Unknown || self.is_of_new_table(object) {
            return None;
        }
        let is_lost = self
            .down
            .drops()
            .any(|effect| self.names.same_thing(&effect.mention.object, object))
            && !self.down.makes(&self.names, object)
            && !self.moments.is_there(Moment::After, &old)
            && !self.may_be_made_unnamed(object);
        if is_lost {
            return Some(self.lost(&old, dropped));
        }
        self.is_left_replaced(&old, &new)
            .then(|| self.left_replaced(&old, made))
    }

    /// An object of an earlier migration that the up script replaces.
    fn replaced(&self, object: &Object, by: &Effect<'a>) -> Option<Left<'a>> {
        let key = self.key(object)?;
        if self.up.reach == Reach::Unknown {
            return None;
        }
        let is_dropped = self
            .down
            .drops()
            .any(|effect| self.names.same_thing(&effect.mention.object, object))
            && self.moments.is_there(Moment::Before, &key)
            && !self.moments.is_there(Moment::After, &key)
            && !self.moments.state.is_hidden(&key);
        if is_dropped {
            return Some(self.dropped_instead(&key, by));
        }
        let is_touched = self.down.touches(&self.names, object)
            || self.cascade.takes(object)
            || goes_with_table(&self.down, &self.names, object);
        let (before, between) = (
            self.moments.text(Moment::Before, &key),
            self.moments.text(Moment::Between, &key),
        );
        let is_other = between.is_none() || before != between;
        let is_left = is_other && !is_touched || self.is_left_replaced(&key, &key);
        is_left.then(|| self.left_replaced(&key, by))
    }

    /// Whether the down script leaves what the up script has put in the place of
    /// something else.
    fn is_left_replaced(&self, old: &Object, new: &Object) -> bool {
        let text = |moment, key| self.moments.text(moment, key);
        match (
            text(Moment::Before, old),
            text(Moment::Between, new),
            text(Moment::After, new),
        ) {
            (Some(before), Some(between), Some(after)) => before != between && between == after,
            _ => false,
        }
    }

    fn lost(&self, object: &Object, by: &Effect<'a>) -> Left<'a> {
        let shown = words::shown(object, by.kind);
        Left {
            message: format!(
                "the up script drops {shown} and makes another of that name, and the down script does not make the first again"
            ),
            code: match object.space {
                Space::Column | Space::Constraint => Code::M0229,
                _ => Code::M0228,
            },
            help: format!("{}, {}", again(object, by), self.as_before(object)),
            ..self.left_replaced(object, by)
        }
    }

    fn dropped_instead(&self, object: &Object, by: &Effect<'a>) -> Left<'a> {
        let shown = words::shown(object, by.kind);
        Left {
            message: format!(
                "the up script replaces {shown}, and the down script drops it instead of putting its former text back"
            ),
            code: Code::M0228,
            ..self.left_replaced(object, by)
        }
    }

    fn left_replaced(&self, object: &Object, by: &Effect<'a>) -> Left<'a> {
        let shown = words::shown(object, by.kind);
        let is_of_table = matches!(object.space, Space::Column | Space::Constraint);
        Left {
            object: object.clone(),
            shown: shown.clone(),
            offset: by.mention.offset,
            code: if is_of_table {
                Code::M0229
            } else {
                Code::M0227
            },
            message: format!(
                "the up script replaces {shown}, and the down script does not put its former text back"
            ),
            help: format!(
                "make it again in the down script, {}",
                self.as_before(object)
            ),
            sought: Sought::Otherwise,
            script: self.up.script,
        }
    }

    /// Where the definition is that an object had before the up script.
    fn as_before(&self, object: &Object) -> String {
        match self.made_before(object) {
            Some(place) => format!("as {place} has it"),
            None => "as it was before".to_owned(),
        }
    }

    fn made_before(&self, object: &Object) -> Option<String> {
        let site = match object.space {
            Space::Column => self.moments.column(Moment::Before, object)?.site,
            Space::Constraint => {
                let table = self.moments.table(Moment::Before, object.of.as_ref()?)?;
                table.constraints.get(&object.name.name)?.site
            }
            _ => self.moments.entry(Moment::Before, object)?.site?,
        };
        Some(site.place())
    }

    /// An object of the up script with its schema.
    fn key(&self, object: &Object) -> Option<Object> {
        self.up.path.key(object)
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
            || self.goes_with_another(object)
            || self.goes_with_index_of_whole(by)
            || tables.iter().any(goes_with)
            || self.goes_with_schema(object, by)
            || parents::goes_with_column(&self.up.script.sql, by, &tables, &self.names, &self.down)
    }

    /// Whether an index of a partition becomes part of an index of the whole, since
    /// that has the same keys, and is dropped with it.
    fn goes_with_index_of_whole(&self, by: &Effect<'a>) -> bool {
        let sql = &self.up.script.sql;
        let keys = |effect: &Effect<'a>| {
            let list = sql.child(effect.part, Kind::PARTITION_ITEM_LIST)?;
            Some(text::definition(sql, list))
        };
        let Some(partition) = self.table_of_index(by) else {
            return false;
        };
        let known = self.moments.table(Moment::Between, &partition);
        let may_be_of = |whole: &Name| known.is_none_or(|table| table.parents.contains(whole));
        self.up.all.iter().any(|other| {
            let whole = self.table_of_index(other);
            whole.is_some_and(|whole| whole != partition && may_be_of(&whole))
                && keys(other) == keys(by)
                && self
                    .down
                    .drops_relation(&self.names, &other.mention.object.name)
        })
    }

    fn table_of_index(&self, by: &Effect<'a>) -> Option<Name> {
        let sql = &self.up.script.sql;
        let table = sql.child(by.part, Kind::TABLE_RELATION_NAME)?;
        let name = crate::objects::name_of(sql, sql.find(table, Kind::TABLE_NAME_REF)?)?;
        (by.kind == Kind::CREATE_INDEX).then_some(name)
    }

    /// Whether it is dropped by the down script together with something else.
    fn goes_with_another(&self, object: &Object) -> bool {
        self.key(object).is_some_and(|key| {
            self.moments.is_there(Moment::Between, &key)
                && !self.moments.is_there(Moment::After, &key)
        })
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
        self.down.touches(&self.names, object)
            || self.may_be_made_unnamed(object)
            || self
                .key(object)
                .is_some_and(|key| self.moments.is_there(Moment::After, &key))
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
        let shown = words::shown(object, by.kind);
        let is_of_table = matches!(object.space, Space::Column | Space::Constraint);
        let (code, message, help, sought) = match net {
            Net::Dropped(..) => (
                if is_of_table {
                    Code::M0229
                } else {
                    Code::M0228
                },
                format!("the up script drops {shown}, and the down script does not make it again"),
                format!("{}, {}", again(object, by), self.as_before(object)),
                Sought::Otherwise,
            ),
            Net::Renamed(..) => (
                if is_of_table {
                    Code::M0229
                } else {
                    Code::M0227
                },
                format!(
                    "the up script turns {} into {shown}, and the down script does not turn it back",
                    before(by)
                ),
                renamed_back(object, by),
                Sought::Otherwise,
            ),
            _ if self.up.has(by, Kind::OR_REPLACE) => (
                Code::M0227,
                format!(
                    "the up script makes or replaces {shown}, and the down script neither drops it nor puts its former text back"
                ),
                format!(
                    "write `{}` in the down script, or CREATE OR REPLACE with what was there before",
                    words::drop_statement(object, by.kind)
                ),
                Sought::Dropped,
            ),
            _ => (
                if is_of_table {
                    Code::M0229
                } else {
                    Code::M0227
                },
                format!("the up script makes {shown}, and the down script does not drop it"),
                format!(
                    "write `{}` in the down script",
                    words::drop_statement(object, by.kind)
                ),
                Sought::Dropped,
            ),
        };
        Left {
            object: object.clone(),
            shown: shown.clone(),
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
                meant.is_some() || !self.down.has(&by, Kind::IF_EXISTS) || by.made.is_some();
            let meant = meant.map(|at| left.remove(at).shown);
            is_sure.then(|| {
                let shown = words::shown(&object, by.kind);
                let message =
                    format!("the down script drops {shown}, which the up script does not make");
                let help = match (meant, by.made) {
                    (Some(meant), _) => format!("the up script makes {meant}: drop that"),
                    (None, Some(site)) => format!("leave it as it is: {} makes it", site.place()),
                    (None, None) => "drop what the up script makes, and nothing else".to_owned(),
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
            && !self.may_be_touched(object)
            && !is_of_new_table
            && !makes_extension
            && !self.is_implied(object)
            && !goes_with_table(&self.down, &self.names, object)
    }

    /// Whether the up script makes or drops it only if it is there, or not there.
    fn may_be_touched(&self, object: &Object) -> bool {
        self.up
            .perhaps
            .iter()
            .any(|effect| effect.made.is_none() && self.names.same(&effect.mention.object, object))
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
            is_constraint(sql.kind(id)) && sql.child(id, Kind::CONSTRAINT_NAME_CLAUSE).is_none()
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

fn before(by: &Effect<'_>) -> String {
    by.before
        .map(|before| words::shown(before, by.kind))
        .unwrap_or_default()
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
    format!("write `{statement}` in the down script")
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
            "the down script undoes nothing of what the up script does to {} and {number}{word}",
            first.shown
        ),
        format!(
            "undo it in the down script, or say in the up script why that is impossible: `-- migrator: allow {} because …`",
            first.code
        ),
    )
}
