//! Finds columns and tables that the same script replaces under their name.

use migrator_model::registry::Mode;

use super::subject::Subject;
use crate::objects::{Effect, Mention, Object};

/// The object that has the name at the end of the script.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Replacement {
    /// An object that the script renames, with its data.
    Renamed,
    /// A new object.
    Created,
}

impl Subject<'_, '_> {
    /// The object that gets the name later in the same transaction.
    ///
    /// Services never see the database without an object of that name.
    pub(super) fn replacement(&self, object: &Object) -> Option<Replacement> {
        let mut later = self.makers(object).filter(|one| one.offset > self.start());
        let maker = later
            .next()
            .filter(|_| self.script.mode() == Mode::Transaction)?;
        Some(match self.old_name_of(maker) {
            Some(_) => Replacement::Renamed,
            None => Replacement::Created,
        })
    }

    /// Whether the script has renamed an object so that another object can take the name.
    pub(super) fn frees_name(&self, object: &Object) -> bool {
        let mut earlier = self.makers(object).filter(|one| one.offset < self.start());
        let is_for_another = |maker: &Mention| {
            let old_name_of = self.old_name_of(maker);
            old_name_of.is_some_and(|old_name_of| {
                let mut makers = self.makers(&old_name_of.object);
                makers.any(|one| one.offset > maker.offset)
            })
        };
        self.script.mode() == Mode::Transaction && earlier.any(is_for_another)
    }

    fn start(&self) -> usize {
        self.sql().range(self.unit).start
    }

    fn makers<'s>(&'s self, object: &'s Object) -> impl Iterator<Item = &'s Mention> {
        let mentions = self.script.mentions.iter();
        mentions.filter(move |one| one.effect == Effect::Create && one.object == *object)
    }

    /// The mention of the old name of a renamed object.
    fn old_name_of(&self, maker: &Mention) -> Option<&Mention> {
        let mut mentions = self.script.mentions.iter();
        mentions.find(|one| one.effect == Effect::Drop && one.offset == maker.offset)
    }
}
