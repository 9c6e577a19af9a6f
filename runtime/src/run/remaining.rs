//! Finds the work that a failed run did not do.

use std::num::NonZeroUsize;

use migrator_plan::{Extent, Plan, Reason, Step};

use super::change::Change;
use crate::error::kind::ErrorKind;
use crate::event::report::{Done, Remaining};

impl Change<'_> {
    /// The steps of a plan that were not done, if the same change would now do something else.
    pub(super) fn remaining(
        self,
        plan: &Plan<'_>,
        done: &[Done],
        why: &ErrorKind,
    ) -> Option<Remaining> {
        let is_done = |step: &&Step<'_>| {
            let is_step = |done: &Done| done.id == step.id && done.direction == step.direction();
            done.iter().any(is_step)
        };
        // The answer to a step that is done may be lost.
        if done.is_empty() && !why.is_uncertain() {
            return None;
        }
        match self {
            Change::Redo { .. } => {
                let last = plan.steps.last().filter(|last| !is_done(last))?;
                Some(Remaining::Apply(last.id.clone()))
            }
            Change::Migrate {
                direction, target, ..
            } => match target.extent {
                Extent::Steps(_) => {
                    let steps = plan.steps.iter();
                    let requested = steps.filter(|step| step.reason == Reason::Requested);
                    let number = requested.filter(|step| !is_done(step)).count();
                    let number = NonZeroUsize::new(number)?;
                    Some(Remaining::Steps { direction, number })
                }
                Extent::Everything | Extent::To(_) => None,
            },
            Change::Switch { .. }
            | Change::Repair { .. }
            | Change::Accept(_)
            | Change::Claim { .. } => None,
        }
    }
}
