//! Columns and tables whose name another one takes over in the same script.

use migrator_model::registry::Mode;

use super::case::Case;
use crate::objects::{Deed, Mention, Object};

/// What has the name of an object at the end of the script.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Successor {
    /// An object that is renamed, with its data.
    Renamed,
    /// A new object.
    Made,
}

impl Case<'_, '_> {
    /// What takes the name of an object over, further down in the same transaction.
    ///
    /// Services never see the database without an object of that name.
    pub(super) fn successor(&self, object: &Object) -> Option<Successor> {
        let mut later = self.makers(object).filter(|one| one.offset > self.start());
        let maker = later
            .next()
            .filter(|_| self.script.mode() == Mode::Transaction)?;
        Some(match self.former(maker) {
            Some(_) => Successor::Renamed,
            None => Successor::Made,
        })
    }

    /// Whether the script has renamed an object, so that another one can take its name.
    pub(super) fn makes_way(&self, object: &Object) -> bool {
        let mut earlier = self.makers(object).filter(|one| one.offset < self.start());
        let is_for_another = |maker: &Mention| {
            let former = self.former(maker);
            former.is_some_and(|former| {
                let mut makers = self.makers(&former.object);
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
        mentions.filter(move |one| one.deed == Deed::Make && one.object == *object)
    }

    /// What an object was called before the renaming that gives it its name.
    fn former(&self, maker: &Mention) -> Option<&Mention> {
        let mut mentions = self.script.mentions.iter();
        mentions.find(|one| one.deed == Deed::Drop && one.offset == maker.offset)
    }
}
