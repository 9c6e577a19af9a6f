//! Whether the down script reverses an outcome of the up script, by name or through another object.

use super::comparison::Comparison;
use super::dependencies::{self, goes_with_table};
use super::moments::Moment;
use super::operations::Operation;
use super::outcomes::Outcome;
use crate::names::{Name, name_of};
use crate::objects::{Object, Space};
use crate::parse::Kind;
use crate::state::text;

impl<'a> Comparison<'_, 'a> {
    pub(super) fn is_dropped(&self, object: &Object, by: &Operation<'a>) -> bool {
        // The first question is a look-up, and the last ones read the whole script.
        self.goes_with_another(object)
            || self.down.touches(&self.names, object)
            || self.cascade.takes(object)
            || self.goes_with_index_of_whole(by)
            || self.goes_with_schema(object, by)
            || self.goes_with_table_or_column(object, by)
    }

    fn goes_with_table_or_column(&self, object: &Object, by: &Operation<'a>) -> bool {
        let tables = dependencies::tables(&self.up, &self.links, &self.names, object, by);
        let goes_with = |table: &Name| {
            let is_other = |outcome: &&Outcome<'a>| outcome.object() != object;
            self.down.drops_relation(&self.names, table)
                || self.up.drops_relation(&self.names, table)
                || self
                    .outcomes
                    .of_table(&self.names, table)
                    .filter(is_other)
                    .any(|outcome| matches!(outcome, Outcome::Created(..)))
        };
        tables.iter().any(goes_with)
            || dependencies::goes_with_column(
                &self.up.script.sql,
                by,
                &tables,
                &self.names,
                &self.down,
            )
    }

    /// Whether an index of a partition has the keys of an index of the partitioned table. Postgres
    /// attaches the first to the second and drops both together.
    pub(super) fn goes_with_index_of_whole(&self, by: &Operation<'a>) -> bool {
        let sql = &self.up.script.sql;
        let keys = |operation: &Operation<'a>| {
            let list = sql.child(operation.part, Kind::PARTITION_ITEM_LIST)?;
            Some(text::definition(sql, list))
        };
        let Some(partition) = self.table_of_index(by) else {
            return false;
        };
        let known = self.moments.table(Moment::AfterUp, &partition);
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

    pub(super) fn table_of_index(&self, by: &Operation<'a>) -> Option<Name> {
        let sql = &self.up.script.sql;
        let table = sql.child(by.part, Kind::TABLE_RELATION_NAME)?;
        let name = name_of(sql, sql.find(table, Kind::TABLE_NAME_REF)?)?;
        (by.kind == Kind::CREATE_INDEX).then_some(name)
    }

    /// Whether the down script drops an object together with another object.
    pub(super) fn goes_with_another(&self, object: &Object) -> bool {
        self.key(object).is_some_and(|key| {
            self.moments.is_there(Moment::AfterUp, &key)
                && !self.moments.is_there(Moment::AfterDown, &key)
        })
    }

    pub(super) fn goes_with_schema(&self, object: &Object, by: &Operation<'a>) -> bool {
        let owner = object.of.as_ref().unwrap_or(&object.name);
        let is_in_schema = !matches!(object.space, Space::Schema | Space::Extension);
        let is_made = owner.schema.as_ref().is_some_and(|schema| {
            let mut named = self.outcomes.named(schema);
            named.any(|outcome| {
                matches!(outcome, Outcome::Created(..)) && outcome.object().space == Space::Schema
            })
        });
        // CREATE SCHEMA can contain CREATE TABLE.
        is_in_schema
            && (is_made
                || by.kind == Kind::CREATE_SCHEMA
                || self.down.drops_schema(owner.schema.as_deref()))
    }

    pub(super) fn is_renamed_back(&self, object: &Object, by: &Operation<'a>) -> bool {
        let is_back = |before: &Object| {
            self.down.makes(&self.names, before) && !self.names.is_same_object(before, object)
        };
        self.down.touches(&self.names, object)
            || by.before.is_some_and(is_back)
            || goes_with_table(&self.down, &self.names, object)
            || goes_with_table(&self.up, &self.names, object)
            || self.cascade.takes(object)
    }

    pub(super) fn is_made_again(&self, object: &Object) -> bool {
        self.down.touches(&self.names, object)
            || self.may_be_made_unnamed(object)
            || self
                .key(object)
                .is_some_and(|key| self.moments.is_there(Moment::AfterDown, &key))
    }
}
