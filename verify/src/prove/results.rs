//! Collects the results of a proof, and tells each at once.

use migrator_model::Migration;

use super::verdict::{ProofEvent, Proved, Verdict};

/// The results so far, in the order in which they were found.
pub(super) struct Results<'a, T> {
    pub(super) proved: Vec<Proved<'a>>,
    tell: T,
}

impl<'a, T: FnMut(ProofEvent<'_, 'a>)> Results<'a, T> {
    pub(super) fn new(tell: T) -> Self {
        Results {
            proved: Vec::new(),
            tell,
        }
    }

    pub(super) fn keep(&mut self, proved: Proved<'a>) {
        (self.tell)(ProofEvent::Proved(&proved));
        self.proved.push(proved);
    }

    /// The scripts of a migration run from now on.
    pub(super) fn started(&mut self, migration: Migration<'a>) {
        (self.tell)(ProofEvent::Started(migration));
    }

    /// The scripts of a migration have run.
    pub(super) fn ended(&mut self, migration: Migration<'a>) {
        (self.tell)(ProofEvent::Ended(migration));
    }

    /// Whether the last result is a difference that this migration makes.
    pub(super) fn has_difference_of(&self, migration: Migration<'_>) -> bool {
        let last = self.proved.last();
        last.is_some_and(|last| {
            last.migration.is(migration)
                && matches!(
                    last.verdict,
                    Verdict::NotUndone(_) | Verdict::NotRepeated(_)
                )
        })
    }
}
