//! Chooses the next leg for connections that work side by side.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use migrator_plan::legs::Leg;
use tokio::sync::Notify;
use tokio::sync::futures::Notified;

/// The legs of a plan, and the state of each.
pub(crate) struct Schedule<'p> {
    pub(crate) legs: Vec<Leg<'p>>,
    state: Mutex<Vec<LegState>>,
    changed: Notify,
    failed: AtomicBool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum LegState {
    Open,
    Taken,
    Over,
}

/// What a connection does next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Turn {
    /// It runs this leg, given by index.
    Leg(usize),
    /// It waits until another leg has ended.
    Wait,
    /// It stops: every leg is taken, or one has failed.
    End,
}

impl<'p> Schedule<'p> {
    pub(crate) fn new(legs: Vec<Leg<'p>>) -> Schedule<'p> {
        Schedule {
            state: Mutex::new(vec![LegState::Open; legs.len()]),
            legs,
            changed: Notify::new(),
            failed: AtomicBool::new(false),
        }
    }

    /// Returns the next leg without taking it.
    pub(crate) fn look(&self) -> Turn {
        self.next(&self.state())
    }

    /// Takes the next leg.
    pub(crate) fn take(&self) -> Turn {
        let mut state = self.state();
        let turn = self.next(&state);
        if let Turn::Leg(index) = turn {
            state[index] = LegState::Taken;
        }
        turn
    }

    /// Marks a leg as ended.
    pub(crate) fn over(&self, index: usize) {
        self.state()[index] = LegState::Over;
        self.changed.notify_waiters();
    }

    /// Marks a leg as failed: no further step starts.
    pub(crate) fn fail(&self) {
        self.failed.store(true, Ordering::Relaxed);
        self.changed.notify_waiters();
    }

    pub(crate) fn has_failed(&self) -> bool {
        self.failed.load(Ordering::Relaxed)
    }

    /// Resolves on the next change. Create it before calling `look`, or a change is missed.
    pub(crate) fn changed(&self) -> Notified<'_> {
        self.changed.notified()
    }

    fn next(&self, state: &[LegState]) -> Turn {
        let mut open = (0..state.len()).filter(|&index| state[index] == LegState::Open);
        if self.has_failed() || open.clone().next().is_none() {
            return Turn::End;
        }
        let is_over = |index: &usize| state[*index] == LegState::Over;
        let ready = open.find(|&index| self.legs[index].after.iter().all(is_over));
        ready.map_or(Turn::Wait, Turn::Leg)
    }

    fn state(&self) -> MutexGuard<'_, Vec<LegState>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::{Schedule, Turn};
    use migrator_plan::legs::Leg;

    fn schedule(after: &[&[usize]]) -> Schedule<'static> {
        let leg = |after: &&[usize]| Leg {
            steps: &[],
            after: after.to_vec(),
        };
        Schedule::new(after.iter().map(leg).collect())
    }

    #[test]
    fn a_leg_is_ready_when_those_before_it_are_over() {
        let schedule = schedule(&[&[], &[0], &[]]);
        assert_eq!(schedule.take(), Turn::Leg(0));
        assert_eq!(schedule.look(), Turn::Leg(2));
        assert_eq!(schedule.take(), Turn::Leg(2));
        assert_eq!(schedule.take(), Turn::Wait);
        schedule.over(0);
        assert_eq!(schedule.take(), Turn::Leg(1));
        assert_eq!(schedule.take(), Turn::End);
    }

    #[test]
    fn after_a_failure_no_leg_starts() {
        let schedule = schedule(&[&[], &[]]);
        assert_eq!(schedule.take(), Turn::Leg(0));
        schedule.fail();
        assert_eq!(schedule.take(), Turn::End);
        assert!(schedule.has_failed());
    }
}
