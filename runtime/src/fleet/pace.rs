//! When a fleet starts a further database.

use std::num::{NonZeroU8, NonZeroUsize};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::Notify;
use tokio::time::sleep_until;

/// How many databases may fail before a fleet starts no further database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FailureLimit {
    /// The fleet starts no further database after this number of failures.
    Number(NonZeroUsize),
    /// The fleet starts no further database while more than this percentage of the databases that
    /// have ended have failed. One failure is always allowed.
    Percent(NonZeroU8),
}

impl From<NonZeroUsize> for FailureLimit {
    fn from(number: NonZeroUsize) -> FailureLimit {
        FailureLimit::Number(number)
    }
}

impl FailureLimit {
    fn is_reached(self, failed: usize, ended: usize) -> bool {
        match self {
            FailureLimit::Number(number) => failed >= number.get(),
            FailureLimit::Percent(percent) => {
                failed > 1 && failed * 100 > usize::from(percent.get()) * ended
            }
        }
    }
}

/// The limits of a fleet.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Limits {
    pub(super) failures: Option<FailureLimit>,
    /// How many databases run before the others.
    pub(super) canaries: usize,
    /// How long the others wait after the canaries.
    pub(super) settle: Duration,
    /// The time between two starts.
    pub(super) interval: Duration,
}

/// How a database has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mark {
    Done,
    Failed,
    NotStarted,
}

/// Decides when each database starts.
#[derive(Debug, Default)]
pub(super) struct Pace {
    limits: Limits,
    state: Mutex<State>,
    /// The last canary has ended.
    released: Notify,
}

#[derive(Debug, Default)]
struct State {
    ended: usize,
    failed: usize,
    canaries: Canaries,
    next_start: Option<Instant>,
}

#[derive(Debug, Default)]
struct Canaries {
    ended: usize,
    failed: bool,
    /// When the last one ended.
    last: Option<Instant>,
}

impl Pace {
    pub(super) fn new(limits: Limits) -> Pace {
        Pace {
            limits,
            ..Pace::default()
        }
    }

    /// Waits until the database with this index may start. Returns false if it must not start.
    pub(super) async fn admits(&self, index: usize) -> bool {
        if index >= self.limits.canaries && !self.canaries_succeeded().await {
            return false;
        }
        if self.has_too_many_failures() {
            return false;
        }
        if !self.limits.interval.is_zero() {
            wait_until(self.next_start()).await;
        }
        !self.has_too_many_failures()
    }

    /// Records that the database with this index has ended.
    pub(super) fn ended(&self, index: usize, mark: Mark) {
        let mut state = self.state();
        state.ended += usize::from(mark != Mark::NotStarted);
        state.failed += usize::from(mark == Mark::Failed);
        if index < self.limits.canaries {
            state.canaries.ended += 1;
            state.canaries.failed |= mark != Mark::Done;
            if state.canaries.ended == self.limits.canaries {
                state.canaries.last = Some(Instant::now());
                self.released.notify_waiters();
            }
        }
    }

    /// Waits for the canaries and the time after them.
    async fn canaries_succeeded(&self) -> bool {
        if self.limits.canaries == 0 {
            return true;
        }
        loop {
            // Created before the look, so that no notification is missed.
            let released = self.released.notified();
            let (last, failed) = {
                let state = self.state();
                (state.canaries.last, state.canaries.failed)
            };
            match last {
                Some(_) if failed => return false,
                Some(last) => {
                    wait_until(last + self.limits.settle).await;
                    return true;
                }
                None => released.await,
            }
        }
    }

    fn has_too_many_failures(&self) -> bool {
        let state = self.state();
        let limit = self.limits.failures;
        limit.is_some_and(|limit| limit.is_reached(state.failed, state.ended))
    }

    /// Reserves the next start.
    fn next_start(&self) -> Instant {
        let mut state = self.state();
        let now = Instant::now();
        let start = state.next_start.map_or(now, |next| next.max(now));
        state.next_start = Some(start + self.limits.interval);
        start
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn wait_until(moment: Instant) {
    if moment > Instant::now() {
        sleep_until(moment.into()).await;
    }
}

#[cfg(test)]
mod tests {
    use std::num::{NonZeroU8, NonZeroUsize};
    use std::pin::pin;
    use std::task::{Context, Poll, Waker};
    use std::time::Duration;

    use super::{FailureLimit, Limits, Mark, Pace};

    /// Polls a future once.
    fn poll<T>(future: &mut (impl Future<Output = T> + Unpin)) -> Poll<T> {
        let mut context = Context::from_waker(Waker::noop());
        std::pin::Pin::new(future).poll(&mut context)
    }

    fn with_canaries(canaries: usize) -> Pace {
        Pace::new(Limits {
            canaries,
            ..Limits::default()
        })
    }

    #[test]
    fn other_databases_wait_for_the_canaries() {
        let pace = with_canaries(2);
        let mut third = pin!(pace.admits(2));
        assert_eq!(poll(&mut third), Poll::Pending);
        assert_eq!(poll(&mut pin!(pace.admits(1))), Poll::Ready(true));
        pace.ended(1, Mark::Done);
        assert_eq!(poll(&mut third), Poll::Pending);
        pace.ended(0, Mark::Done);
        assert_eq!(poll(&mut third), Poll::Ready(true));
        assert_eq!(poll(&mut pin!(pace.admits(3))), Poll::Ready(true));
    }

    #[test]
    fn a_failed_canary_starts_no_other_database() {
        let pace = with_canaries(1);
        let mut second = pin!(pace.admits(1));
        assert_eq!(poll(&mut second), Poll::Pending);
        pace.ended(0, Mark::Failed);
        assert_eq!(poll(&mut second), Poll::Ready(false));
    }

    #[test]
    fn a_percentage_counts_the_databases_that_have_ended() {
        let limit = FailureLimit::Percent(NonZeroU8::MIN);
        for (failed, ended, reached) in [
            (0, 0, false),
            (1, 1, false),
            (2, 2, true),
            (2, 199, true),
            (2, 200, false),
            (21, 2_000, true),
        ] {
            assert_eq!(
                limit.is_reached(failed, ended),
                reached,
                "{failed} of {ended}"
            );
        }
        let limit = FailureLimit::from(NonZeroUsize::MIN);
        assert!(limit.is_reached(1, 1_000) && !limit.is_reached(0, 1_000));
    }

    #[test]
    fn starts_are_an_interval_apart() {
        let interval = Duration::from_secs(60);
        let pace = Pace::new(Limits {
            interval,
            ..Limits::default()
        });
        let first = pace.next_start();
        let second = pace.next_start();
        let third = pace.next_start();
        assert_eq!((second - first, third - second), (interval, interval));
    }
}
