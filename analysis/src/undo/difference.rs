//! A property whose value differs before the up script and after the down script.

use migrator_model::Code;

use super::comparison::Comparison;
use super::statements::{quoted, quoted_part};
use crate::clauses::column_of;
use crate::finding::Finding;
use crate::names::{Name, name_of};
use crate::objects::{Effect, Space};
use crate::parse::{Id, Kind};
use crate::script::Script;
use crate::state::table::{Property, settings};
use crate::state::text::is_other_type;

/// A property whose value differs before the up script and after the down script.
pub(super) struct Difference<'d> {
    pub(super) table: &'d Name,
    pub(super) column: Option<&'d str>,
    /// The names of the table and the column after the up script.
    pub(super) renamed: (&'d Name, Option<&'d str>),
    pub(super) property: &'d Property,
    pub(super) before: &'d str,
    pub(super) between: Option<&'d str>,
    pub(super) after: &'d str,
}

/// Which script causes the difference.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Cause {
    /// The up script changes the value and the down script does not restore it.
    Up,
    /// The down script changes the value.
    Down,
}

impl<'d> Difference<'d> {
    /// Which script causes the difference. `None` if the values may be equal.
    fn cause(&self) -> Option<Cause> {
        let is_other = |one: &str, other: &str| match self.property {
            Property::Type => is_other_type(one, other),
            Property::Default => one.is_empty() != other.is_empty(),
            _ => one != other,
        };
        let is_as_the_up_script_left_it = self.between == Some(self.after);
        let is_certain = is_other(self.before, self.after)
            || *self.property == Property::Default && are_other_numbers(self.before, self.after)
            || *self.property == Property::Default
                && is_as_the_up_script_left_it
                && self.before != self.after
                && is_plain(self.before)
                && is_plain(self.after);
        let cause = match self.between {
            Some(between) if between != self.before => Cause::Up,
            _ => Cause::Down,
        };
        is_certain.then_some(cause)
    }

    pub(super) fn finding<'a>(
        &self,
        comparison: &Comparison<'_, 'a>,
    ) -> Option<((Cause, &'d Property), Finding<'a>)> {
        let cause = self.cause()?;
        let (script, offset) = match cause {
            Cause::Up => (comparison.up.script, self.offset(comparison.up.script)?),
            Cause::Down => (comparison.down.script, self.offset(comparison.down.script)?),
        };
        let message = match cause {
            Cause::Up => format!(
                "the up script {}, but the down script does not undo this",
                self.change()
            ),
            Cause::Down => format!("the down script leaves {}", self.left()),
        };
        let help = format!("write `{}` in the down script", self.statement());
        let finding = Finding::new(script, Code::M0229, offset, message, help);
        Some(((cause, self.property), finding))
    }

    fn shown(&self) -> String {
        match self.column {
            Some(column) => format!("column `{column}` of `{}`", self.table),
            None => format!("table `{}`", self.table),
        }
    }

    /// The change of the up script, in words.
    fn change(&self) -> String {
        let (shown, before) = (self.shown(), self.before);
        let now = self.between.unwrap_or(self.after);
        match self.property {
            Property::Type => format!("changes the type of {shown} from `{before}` to `{now}`"),
            Property::NotNull if now.is_empty() => format!("drops NOT NULL from {shown}"),
            Property::NotNull => format!("makes {shown} NOT NULL"),
            Property::Default if now.is_empty() => format!("drops the default of {shown}"),
            Property::Default if before.is_empty() => format!("gives {shown} a default"),
            Property::Default => format!("changes the default of {shown}"),
            Property::Identity if now.is_empty() => format!("drops the identity of {shown}"),
            Property::Identity if before.is_empty() => format!("makes {shown} an identity"),
            Property::Identity => format!("changes the identity of {shown}"),
            Property::RowSecurity => format!("{} row level security on {shown}", third_person(now)),
            Property::ForcedRowSecurity => format!("sets {now} ROW LEVEL SECURITY on {shown}"),
            Property::Logged => format!("makes {shown} {now}"),
            Property::Trigger(name) => format!("sets trigger `{name}` of {shown} to {now}"),
        }
    }

    /// The state after the down script, in words.
    fn left(&self) -> String {
        let (shown, before, after) = (self.shown(), self.before, self.after);
        match self.property {
            Property::Type => format!(
                "{shown} with the type `{after}`, which was `{before}` before the up script"
            ),
            Property::NotNull if after.is_empty() => {
                format!("{shown} without the NOT NULL that it had before the up script")
            }
            Property::NotNull => format!("{shown} NOT NULL, which it was not before the up script"),
            Property::Default if after.is_empty() => {
                format!("{shown} without the default that it had before the up script")
            }
            Property::Default => {
                format!("{shown} with a default that it did not have before the up script")
            }
            _ => format!("{shown} other than it was before the up script"),
        }
    }

    /// The statement that restores the value.
    fn statement(&self) -> String {
        let table = quoted(self.table);
        let column = self.column.map(quoted_part).unwrap_or_default();
        let before = self.before;
        let action = match self.property {
            Property::Type => format!("TYPE {before}"),
            Property::NotNull if before.is_empty() => "DROP NOT NULL".to_owned(),
            Property::NotNull => "SET NOT NULL".to_owned(),
            Property::Default if before.is_empty() => "DROP DEFAULT".to_owned(),
            Property::Default => "SET DEFAULT …".to_owned(),
            Property::Identity if before.is_empty() => "DROP IDENTITY".to_owned(),
            Property::Identity => format!("ADD GENERATED {before} AS IDENTITY"),
            Property::RowSecurity | Property::ForcedRowSecurity => {
                format!("{before} ROW LEVEL SECURITY")
            }
            Property::Logged => format!("SET {before}"),
            Property::Trigger(name) => format!("{before} TRIGGER {}", quoted_part(name)),
        };
        match self.column {
            Some(_) => format!("ALTER TABLE {table} ALTER COLUMN {column} {action};"),
            None => format!("ALTER TABLE {table} {action};"),
        }
    }

    /// Where a script changes the property.
    fn offset(&self, script: &Script<'_>) -> Option<usize> {
        let sql = &script.sql;
        let actions = || {
            let tables = sql.statements().filter(|&id| self.is_about(script, id));
            tables.flat_map(|statement| sql.children(statement))
        };
        let changed = actions()
            .filter(|&action| {
                let mut settings = settings(sql, action).into_iter();
                settings.any(|one| {
                    self.is_column(one.column.as_deref()) && one.property == *self.property
                })
            })
            .last();
        let named = || {
            let is_it = |&action: &Id| {
                self.column.is_some() && column_of(sql, action).as_deref() == self.column
            };
            actions().filter(is_it).last()
        };
        let keyed = || {
            let is_key = |&action: &Id| sql.find(action, Kind::PRIMARY_KEY_CONSTRAINT).is_some();
            actions().filter(is_key).last()
        };
        let found = changed.or_else(named).or_else(keyed);
        found
            .map(|action| sql.range(action).start)
            .or_else(|| made_in(script, self.table))
    }

    fn is_column(&self, name: Option<&str>) -> bool {
        name == self.column || name == self.renamed.1
    }

    fn is_about(&self, script: &Script<'_>, statement: Id) -> bool {
        let sql = &script.sql;
        let name = sql.find(statement, Kind::TABLE_NAME_REF);
        let name = name.and_then(|id| name_of(sql, id));
        sql.kind(statement) == Kind::ALTER_TABLE
            && name
                .is_some_and(|name| [&self.table.name, &self.renamed.0.name].contains(&&name.name))
    }
}

/// Where a script creates a table.
pub(super) fn made_in(script: &Script<'_>, table: &Name) -> Option<usize> {
    let mut made = script.mentions.iter().filter(|one| {
        one.effect == Effect::Create
            && one.object.space == Space::Relation
            && one.object.name.name == table.name
    });
    made.next_back().map(|one| one.offset)
}

fn third_person(verb: &str) -> String {
    format!("{}s", verb.to_ascii_lowercase())
}

fn are_other_numbers(one: &str, other: &str) -> bool {
    let number = |text: &str| text.parse::<i64>().ok();
    matches!((number(one), number(other)), (Some(one), Some(other)) if one != other)
}

/// Whether an expression is one number or one word. Two of these differ if their texts differ.
fn is_plain(expression: &str) -> bool {
    expression
        .chars()
        .all(|c| c.is_alphanumeric() || "_-.".contains(c))
}
