//! M0230: the down script drops an object that the up script does not create.

use migrator_model::{Code, nearest, small};

use super::comparison::Comparison;
use super::dependencies::goes_with_table;
use super::not_undone::{Expected, NotUndone};
use super::operations::{DynamicSql, Operation};
use super::outcomes::Outcome;
use super::statements;
use crate::finding::Finding;
use crate::kinds::is_constraint;
use crate::names::name_of;
use crate::objects::{Object, Space};
use crate::parse::{Id, Kind};

impl<'a> Comparison<'_, 'a> {
    /// Finds wrong drops. Removes from `left` the outcomes that the author meant to drop.
    pub(super) fn wrongly_dropped(&self, left: &mut Vec<NotUndone<'a>>) -> Vec<Finding<'a>> {
        if self.up.dynamic_sql == DynamicSql::Present {
            return Vec::new();
        }
        let mut wrong: Vec<(&Object, Operation<'a>)> = Vec::new();
        for outcome in self.down.outcomes(&self.names).iter() {
            if let Outcome::Dropped(object, by) = outcome
                && self.is_wrong(object)
            {
                wrong.push((object, *by));
            }
        }
        small::sort_by(&mut wrong, |(_, a), (_, b)| {
            a.mention.offset.cmp(&b.mention.offset)
        });
        let findings = wrong.into_iter().filter_map(|(object, by)| {
            let meant = Self::meant(object, left);
            let is_sure =
                meant.is_some() || !self.down.has(&by, Kind::IF_EXISTS) || by.made.is_some();
            let meant = meant.map(|at| left.remove(at).shown);
            is_sure.then(|| {
                let shown = statements::shown(object, by.kind);
                let message =
                    format!("the down script drops {shown}, which the up script does not create");
                let help = match (meant, by.made) {
                    (Some(meant), _) => format!("drop {meant}, which the up script creates"),
                    (None, Some(site)) => format!("do not drop it: {} creates it", site.place()),
                    (None, None) => "drop only what the up script creates".to_owned(),
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

    pub(super) fn is_wrong(&self, object: &Object) -> bool {
        let is_of_new_table = || {
            let table = object.of.as_ref();
            let is_part = matches!(object.space, Space::Column | Space::Constraint);
            let mut made = table.into_iter().filter(|_| is_part);
            made.any(|table| self.outcomes.of_table(&self.names, table).next().is_some())
        };
        let makes_extension = || {
            let mut all = self.up.all.iter();
            all.any(|operation| operation.mention.object.space == Space::Extension)
        };
        !self.up.touches(&self.names, object)
            && !self.may_be_touched(object)
            && !is_of_new_table()
            && !makes_extension()
            && !self.is_implied(object)
            && !goes_with_table(&self.down, &self.names, object)
    }

    /// Whether IF EXISTS or IF NOT EXISTS may make the up script change the object.
    pub(super) fn may_be_touched(&self, object: &Object) -> bool {
        let mut conditional = self.up.conditional_on(&self.names, object);
        conditional.any(|operation| {
            operation.made.is_none()
                && self
                    .names
                    .is_same_or_index(&operation.mention.object, object)
        })
    }

    /// Whether Postgres may have generated the object's name. The name of such an index, constraint
    /// or sequence starts with the name of its table.
    pub(super) fn is_implied(&self, object: &Object) -> bool {
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
            name_of(sql, name)
        });
        matches!(object.space, Space::Relation | Space::Constraint)
            && tables.any(|table| {
                // Postgres truncates long names.
                let stem: String = table.name.chars().take(20).collect();
                object.name.name.starts_with(&stem) && object.name.name.len() > stem.len()
            })
    }

    /// Whether a statement creates an object with a generated name.
    pub(super) fn implies(&self, statement: Id) -> bool {
        let sql = &self.up.script.sql;
        let is_index = sql.kind(statement) == Kind::CREATE_INDEX;
        let is_unnamed = |id: Id| {
            is_constraint(sql.kind(id)) && sql.child(id, Kind::CONSTRAINT_NAME_CLAUSE).is_none()
        };
        // Since Postgres 18, NOT NULL is a constraint with a name.
        let is_not_null = |id: Id| sql.kind(id) == Kind::SET_NOT_NULL;
        let is_serial =
            |id: Id| sql.is_leaf(id) && sql.text_of(id).to_ascii_lowercase().contains("serial");
        if is_index {
            return sql.child(statement, Kind::INDEX).is_none();
        }
        sql.descendants(statement)
            .any(|id| is_unnamed(id) || is_serial(id) || is_not_null(id))
    }

    /// The outcome that the author meant to drop.
    pub(super) fn meant(object: &Object, left: &[NotUndone<'a>]) -> Option<usize> {
        let may_be = |left: &&NotUndone<'a>| {
            left.expected == Expected::Drop && left.object.space == object.space
        };
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
