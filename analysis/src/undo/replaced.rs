//! Finds objects that the up script replaces and the down script does not restore.

use migrator_model::Code;

use super::comparison::Comparison;
use super::dependencies::goes_with_table;
use super::moments::Moment;
use super::not_undone::{Expected, NotUndone};
use super::operations::{DynamicSql, Operation};
use super::statements::{self, again};
use crate::objects::{Object, Space};

impl<'a> Comparison<'_, 'a> {
    /// An object that the up script drops and creates again.
    pub(super) fn remade(
        &self,
        object: &Object,
        dropped: &Operation<'a>,
        made: &Operation<'a>,
    ) -> Option<NotUndone<'a>> {
        let (old, new) = (self.key(&dropped.mention.object)?, self.key(object)?);
        if self.up.dynamic_sql == DynamicSql::Present || self.is_of_new_table(object) {
            return None;
        }
        let is_lost = self.down.drops_object(&self.names, object)
            && !self.down.makes(&self.names, object)
            && !self.moments.is_there(Moment::AfterDown, &old)
            && !self.may_be_made_unnamed(object);
        if is_lost {
            return Some(self.lost(&old, dropped));
        }
        self.is_left_replaced(&old, &new)
            .then(|| self.left_replaced(&old, made))
    }

    /// An object of an earlier migration that the up script replaces.
    pub(super) fn replaced(&self, object: &Object, by: &Operation<'a>) -> Option<NotUndone<'a>> {
        let key = self.key(object)?;
        if self.up.dynamic_sql == DynamicSql::Present {
            return None;
        }
        let is_dropped = self.down.drops_object(&self.names, object)
            && self.moments.is_there(Moment::BeforeUp, &key)
            && !self.moments.is_there(Moment::AfterDown, &key)
            && !self.moments.state.is_hidden(&key);
        if is_dropped {
            return Some(self.dropped_instead(&key, by));
        }
        let is_touched = self.down.touches(&self.names, object)
            || self.cascade.takes(object)
            || goes_with_table(&self.down, &self.names, object);
        let (before, between) = (
            self.moments.text(Moment::BeforeUp, &key),
            self.moments.text(Moment::AfterUp, &key),
        );
        let is_other = between.is_none() || before != between;
        let is_left = is_other && !is_touched || self.is_left_replaced(&key, &key);
        is_left.then(|| self.left_replaced(&key, by))
    }

    /// Whether the down script keeps the definition that the up script has replaced.
    pub(super) fn is_left_replaced(&self, old: &Object, new: &Object) -> bool {
        let text = |moment, key| self.moments.text(moment, key);
        match (
            text(Moment::BeforeUp, old),
            text(Moment::AfterUp, new),
            text(Moment::AfterDown, new),
        ) {
            (Some(before), Some(between), Some(after)) => before != between && between == after,
            _ => false,
        }
    }

    pub(super) fn lost(&self, object: &Object, by: &Operation<'a>) -> NotUndone<'a> {
        let shown = statements::shown(object, by.kind);
        NotUndone {
            message: format!(
                "the up script drops {shown} and creates another with the same name, but the down script does not create the first again"
            ),
            code: match object.space {
                Space::Column | Space::Constraint => Code::M0229,
                _ => Code::M0228,
            },
            help: format!("{}, {}", again(object, by), self.as_before(object)),
            ..self.left_replaced(object, by)
        }
    }

    pub(super) fn dropped_instead(&self, object: &Object, by: &Operation<'a>) -> NotUndone<'a> {
        let shown = statements::shown(object, by.kind);
        NotUndone {
            message: format!(
                "the up script replaces {shown}, but the down script drops it instead of restoring its earlier definition"
            ),
            code: Code::M0228,
            ..self.left_replaced(object, by)
        }
    }

    pub(super) fn left_replaced(&self, object: &Object, by: &Operation<'a>) -> NotUndone<'a> {
        let shown = statements::shown(object, by.kind);
        let is_of_table = matches!(object.space, Space::Column | Space::Constraint);
        NotUndone {
            object: object.clone(),
            shown: shown.clone(),
            offset: by.mention.offset,
            code: if is_of_table {
                Code::M0229
            } else {
                Code::M0227
            },
            message: format!(
                "the up script replaces {shown}, but the down script does not restore its earlier definition"
            ),
            help: format!(
                "create it again in the down script, {}",
                self.as_before(object)
            ),
            expected: Expected::Other,
            script: self.up.script,
        }
    }
}
