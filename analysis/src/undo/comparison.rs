//! The up script and the down script of a migration, for comparison.

use std::collections::BTreeSet;

use super::dependencies::Cascade;
use super::moments::{Moment, Moments};
use super::operations::{Operation, Operations, contains_kind, words as identifiers};
use super::outcomes::{Outcome, Outcomes};
use super::renames::Renames;
use crate::names::Name;
use crate::objects::{Object, Space};
use crate::parse::{Id, Kind, ROOT};

pub(super) struct Comparison<'s, 'a> {
    pub(super) up: Operations<'a>,
    pub(super) down: Operations<'a>,
    pub(super) names: Renames,
    /// The partitions, indexes and sequences that the up script attaches to another object, with
    /// that object.
    pub(super) links: Vec<(Name, Name)>,
    pub(super) cascade: Cascade,
    /// The indexes that the up script uses for constraints.
    pub(super) absorbed: BTreeSet<String>,
    /// The outcomes of the up script.
    pub(super) outcomes: Outcomes<'a>,
    pub(super) moments: Moments<'s, 'a>,
}

impl<'a> Comparison<'_, 'a> {
    /// An object of the up script, with its schema.
    pub(super) fn key(&self, object: &Object) -> Option<Object> {
        self.up.path.key(object)
    }

    /// Names the place of an object's former definition.
    pub(super) fn as_before(&self, object: &Object) -> String {
        match self.made_before(object) {
            Some(place) => format!("as in {place}"),
            None => "as it was before".to_owned(),
        }
    }

    pub(super) fn made_before(&self, object: &Object) -> Option<String> {
        let site = match object.space {
            Space::Column => self.moments.column(Moment::BeforeUp, object)?.site,
            Space::Constraint => {
                let table = self.moments.table(Moment::BeforeUp, object.of.as_ref()?)?;
                table.constraints.get(&object.name.name)?.site
            }
            _ => self.moments.entry(Moment::BeforeUp, object)?.site?,
        };
        Some(site.place())
    }

    /// Whether an object is temporary, shared, or the index of a constraint.
    pub(super) fn is_made_for_others(&self, object: &Object, by: &Operation<'a>) -> bool {
        let is_shared = matches!(object.space, Space::Extension | Space::Schema)
            && self.up.has(by, Kind::IF_NOT_EXISTS);
        let is_temporary =
            self.up.has(by, Kind::TEMP) || object.name.schema.as_deref() == Some("pg_temp");
        is_shared || is_temporary || self.becomes_a_constraint(object, by)
    }

    pub(super) fn becomes_a_constraint(&self, object: &Object, by: &Operation<'a>) -> bool {
        by.kind == Kind::CREATE_INDEX && self.absorbed.contains(&object.name.name)
    }

    /// Whether an object is a part of a table that the up script creates.
    pub(super) fn is_of_new_table(&self, object: &Object) -> bool {
        object.of.as_ref().is_some_and(|of| {
            let mut tables = self.outcomes.of_table(&self.names, of);
            tables.any(|outcome| matches!(outcome, Outcome::Created(..)))
        })
    }

    /// Whether the down script may create a constraint or index under a generated name, or within
    /// CREATE TABLE.
    pub(super) fn may_be_made_unnamed(&self, object: &Object) -> bool {
        let (down, sql) = (self.down.script, &self.down.script.sql);
        let is_named = |id: Id| identifiers(sql, id).any(|word| word == object.name.name);
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
        unnamed || object.name.name.contains("not_null") && contains_kind(down, Kind::SET_NOT_NULL)
    }
}

pub(super) fn absorbed(up: &Operations<'_>) -> BTreeSet<String> {
    let sql = &up.script.sql;
    let clauses = sql
        .descendants(ROOT)
        .filter(|&id| sql.kind(id) == Kind::USING_INDEX_NAME);
    clauses.flat_map(|id| identifiers(sql, id)).collect()
}
