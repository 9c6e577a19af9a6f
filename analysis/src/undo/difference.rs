//! A property that has another value after both scripts.

use migrator_model::Code;

use super::comparison::Judge;
use super::words::{quoted, quoted_part};
use crate::clauses::column_of;
use crate::finding::Finding;
use crate::names::{Name, name_of};
use crate::objects::{Deed, Space};
use crate::parse::{Id, Kind};
use crate::script::Script;
use crate::state::table::{Facet, changes};
use crate::state::text::is_other_type;

/// A fact that is another after both scripts.
pub(super) struct Difference<'d> {
    pub(super) table: &'d Name,
    pub(super) column: Option<&'d str>,
    /// What the up script calls the table and the column at its end.
    pub(super) renamed: (&'d Name, Option<&'d str>),
    pub(super) facet: &'d Facet,
    pub(super) before: &'d str,
    pub(super) between: Option<&'d str>,
    pub(super) after: &'d str,
}

/// Which script has made the difference.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Cause {
    /// The up script, and the down script does nothing about it.
    Up,
    /// The down script.
    Down,
}

impl<'d> Difference<'d> {
    /// Which script is at fault, if it is certain that there is a difference.
    fn cause(&self) -> Option<Cause> {
        let is_other = |one: &str, other: &str| match self.facet {
            Facet::Type => is_other_type(one, other),
            Facet::Default => one.is_empty() != other.is_empty(),
            _ => one != other,
        };
        let is_as_the_up_script_left_it = self.between == Some(self.after);
        let is_certain = is_other(self.before, self.after)
            || *self.facet == Facet::Default && are_other_numbers(self.before, self.after)
            || *self.facet == Facet::Default
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
        judge: &Judge<'_, 'a>,
    ) -> Option<((Cause, &'d Facet), Finding<'a>)> {
        let cause = self.cause()?;
        let (script, offset) = match cause {
            Cause::Up => (judge.up.script, self.offset(judge.up.script)?),
            Cause::Down => (judge.down.script, self.offset(judge.down.script)?),
        };
        let message = match cause {
            Cause::Up => format!(
                "the up script {}, and the down script does not take that back",
                self.change()
            ),
            Cause::Down => format!("the down script leaves {}", self.left()),
        };
        let help = format!("write `{}` in the down script", self.statement());
        let finding = Finding::new(script, Code::M0229, offset, message, help);
        Some(((cause, self.facet), finding))
    }

    fn shown(&self) -> String {
        match self.column {
            Some(column) => format!("column `{column}` of `{}`", self.table),
            None => format!("table `{}`", self.table),
        }
    }

    /// What the up script does.
    fn change(&self) -> String {
        let (shown, before) = (self.shown(), self.before);
        let now = self.between.unwrap_or(self.after);
        match self.facet {
            Facet::Type => format!("changes the type of {shown} from `{before}` to `{now}`"),
            Facet::NotNull if now.is_empty() => format!("drops NOT NULL from {shown}"),
            Facet::NotNull => format!("makes {shown} NOT NULL"),
            Facet::Default if now.is_empty() => format!("drops the default of {shown}"),
            Facet::Default if before.is_empty() => format!("gives {shown} a default"),
            Facet::Default => format!("changes the default of {shown}"),
            Facet::Identity if now.is_empty() => format!("drops the identity of {shown}"),
            Facet::Identity if before.is_empty() => format!("makes {shown} an identity"),
            Facet::Identity => format!("changes the identity of {shown}"),
            Facet::RowSecurity => format!("{} row level security on {shown}", third_person(now)),
            Facet::ForcedRowSecurity => format!("sets {now} ROW LEVEL SECURITY on {shown}"),
            Facet::Logged => format!("makes {shown} {now}"),
            Facet::Trigger(name) => format!("sets trigger `{name}` of {shown} to {now}"),
        }
    }

    /// What is wrong after the down script.
    fn left(&self) -> String {
        let (shown, before, after) = (self.shown(), self.before, self.after);
        match self.facet {
            Facet::Type => format!(
                "{shown} with the type `{after}`, which was `{before}` before the up script"
            ),
            Facet::NotNull if after.is_empty() => {
                format!("{shown} without the NOT NULL that it had before the up script")
            }
            Facet::NotNull => format!("{shown} NOT NULL, which it was not before the up script"),
            Facet::Default if after.is_empty() => {
                format!("{shown} without the default that it had before the up script")
            }
            Facet::Default => {
                format!("{shown} with a default that it did not have before the up script")
            }
            _ => format!("{shown} other than it was before the up script"),
        }
    }

    /// The statement that puts it back.
    fn statement(&self) -> String {
        let table = quoted(self.table);
        let column = self.column.map(quoted_part).unwrap_or_default();
        let before = self.before;
        let action = match self.facet {
            Facet::Type => format!("TYPE {before}"),
            Facet::NotNull if before.is_empty() => "DROP NOT NULL".to_owned(),
            Facet::NotNull => "SET NOT NULL".to_owned(),
            Facet::Default if before.is_empty() => "DROP DEFAULT".to_owned(),
            Facet::Default => "SET DEFAULT …".to_owned(),
            Facet::Identity if before.is_empty() => "DROP IDENTITY".to_owned(),
            Facet::Identity => format!("ADD GENERATED {before} AS IDENTITY"),
            Facet::RowSecurity | Facet::ForcedRowSecurity => format!("{before} ROW LEVEL SECURITY"),
            Facet::Logged => format!("SET {before}"),
            Facet::Trigger(name) => format!("{before} TRIGGER {}", quoted_part(name)),
        };
        match self.column {
            Some(_) => format!("ALTER TABLE {table} ALTER COLUMN {column} {action};"),
            None => format!("ALTER TABLE {table} {action};"),
        }
    }

    /// Where a script has to do with it.
    fn offset(&self, script: &Script<'_>) -> Option<usize> {
        let sql = &script.sql;
        let actions = || {
            let tables = sql.statements().filter(|&id| self.is_about(script, id));
            tables.flat_map(|statement| sql.children(statement))
        };
        let changed = actions()
            .filter(|&action| {
                let mut changes = changes(sql, action).into_iter();
                changes.any(|one| self.is_column(one.column.as_deref()) && one.facet == *self.facet)
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

/// Where a script makes a table.
pub(super) fn made_in(script: &Script<'_>, table: &Name) -> Option<usize> {
    let mut made = script.mentions.iter().filter(|one| {
        one.deed == Deed::Make
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

/// Whether an expression is a number or one word, of which two that differ mean
/// different things.
fn is_plain(expression: &str) -> bool {
    expression
        .chars()
        .all(|c| c.is_alphanumeric() || "_-.".contains(c))
}
