//! What the up script puts in the place of something else.

use migrator_model::Code;

use super::comparison::Judge;
use super::effects::{Effect, Reach};
use super::moments::Moment;
use super::not_undone::{Left, Sought};
use super::parents::goes_with_table;
use super::words::{self, again};
use crate::objects::{Object, Space};

impl<'a> Judge<'_, 'a> {
    /// An object that the up script drops and makes again.
    pub(super) fn remade(
        &self,
        object: &Object,
        dropped: &Effect<'a>,
        made: &Effect<'a>,
    ) -> Option<Left<'a>> {
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
    pub(super) fn replaced(&self, object: &Object, by: &Effect<'a>) -> Option<Left<'a>> {
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
    pub(super) fn is_left_replaced(&self, old: &Object, new: &Object) -> bool {
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

    pub(super) fn lost(&self, object: &Object, by: &Effect<'a>) -> Left<'a> {
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

    pub(super) fn dropped_instead(&self, object: &Object, by: &Effect<'a>) -> Left<'a> {
        let shown = words::shown(object, by.kind);
        Left {
            message: format!(
                "the up script replaces {shown}, and the down script drops it instead of putting its former text back"
            ),
            code: Code::M0228,
            ..self.left_replaced(object, by)
        }
    }

    pub(super) fn left_replaced(&self, object: &Object, by: &Effect<'a>) -> Left<'a> {
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
}
