//! When a fleet starts a further database.

use std::mem;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::Notify;
use tokio::time::sleep_until;

use super::limit::FailureLimit;
use super::phase::{Listener, Phase};

/// The limits of a fleet.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Limits {
    pub(super) failures: Option<FailureLimit>,
    /// How many databases run before the others.
    pub(super) canaries: usize,
    /// How long the others wait after the canaries, and a wave after the one before it.
    pub(super) settle: Duration,
    /// The time between two starts.
    pub(super) interval: Duration,
}

/// How a database has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mark {
    Done,
    Failed,
    Skipped,
}

/// The place of a database in the order of starts.
#[derive(Clone, Copy, Debug)]
pub(super) struct Turn {
    /// Whether the database is one of those that run before the others.
    is_canary: bool,
    /// The database waits until all databases before this index have ended.
    after: usize,
    wave: u32,
}

/// Decides when each database starts.
#[derive(Default)]
pub(super) struct Pace {
    limits: Limits,
    listener: Listener,
    state: Mutex<State>,
    /// A database has ended.
    ended: Notify,
}

#[derive(Debug, Default)]
struct State {
    /// The number of databases that have a turn.
    known: usize,
    /// The newest wave.
    wave: Wave,
    /// The number of databases that have ended or were skipped.
    over: usize,
    skipped: usize,
    failed: usize,
    canary_failed: bool,
    last_end: Option<Instant>,
    pause: Pause,
    /// The newest wave of which a database has started.
    begun: Option<u32>,
    next_start: Option<Instant>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Wave {
    number: u32,
    /// The index of its first database.
    start: usize,
}

/// The last time that databases waited for all databases before them.
#[derive(Clone, Copy, Debug, Default)]
struct Pause {
    /// How many databases they waited for.
    after: usize,
    /// When the last of these ended.
    since: Option<Instant>,
    /// Whether the listener knows about it.
    is_told: bool,
}

impl Pace {
    pub(super) fn new(limits: Limits, listener: Listener) -> Pace {
        Pace {
            limits,
            listener,
            ..Pace::default()
        }
    }

    /// Gives a turn to the next database of the list.
    pub(super) fn turn(&self, wave: u32) -> Turn {
        let mut state = self.state();
        let index = state.known;
        state.known += 1;
        if wave != state.wave.number {
            state.wave = Wave {
                number: wave,
                start: index,
            };
        }
        let is_canary = index < self.limits.canaries;
        let canaries = match is_canary {
            true => 0,
            false => self.limits.canaries,
        };
        Turn {
            is_canary,
            after: canaries.max(state.wave.start),
            wave,
        }
    }

    /// Waits until the database may start. Returns false if it must not start.
    pub(super) async fn admits(&self, turn: Turn) -> bool {
        let since = self.all_before(turn).await;
        if self.is_over(turn) {
            return false;
        }
        if let Some(since) = since {
            self.tell_pause(turn);
            wait_until(since + self.limits.settle).await;
        }
        if self.is_over(turn) {
            return false;
        }
        if !self.limits.interval.is_zero() {
            wait_until(self.next_start()).await;
        }
        let admits = !self.is_over(turn);
        if admits {
            self.tell_wave(turn);
        }
        admits
    }

    /// Tells the listener that the databases with this turn wait, unless it knows.
    fn tell_pause(&self, turn: Turn) {
        let time = self.limits.settle;
        let is_told = mem::replace(&mut self.state().pause.is_told, true);
        if !is_told && !time.is_zero() {
            let wave = turn.wave;
            self.listener.tell(Phase::Settling { wave, time });
        }
    }

    /// Tells the listener that the wave starts, unless it knows.
    fn tell_wave(&self, turn: Turn) {
        let wave = Some(turn.wave);
        if mem::replace(&mut self.state().begun, wave) != wave {
            self.listener.tell(Phase::Wave(turn.wave));
        }
    }

    /// Records that the database has ended.
    pub(super) fn ended(&self, turn: Turn, mark: Mark) {
        let mut state = self.state();
        state.over += 1;
        state.skipped += usize::from(mark == Mark::Skipped);
        state.failed += usize::from(mark == Mark::Failed);
        state.canary_failed |= turn.is_canary && mark != Mark::Done;
        state.last_end = Some(Instant::now());
        self.ended.notify_waiters();
    }

    /// Waits for the databases before the turn. Returns the moment when the last of them ended,
    /// if there are any.
    async fn all_before(&self, turn: Turn) -> Option<Instant> {
        loop {
            // Created before the look, so that no notification is missed.
            let ended = self.ended.notified();
            if let Some(pause) = self.state().pause_of(turn) {
                return pause.since;
            }
            ended.await;
        }
    }

    /// Whether no further database starts.
    fn is_over(&self, turn: Turn) -> bool {
        let state = self.state();
        let limit = self.limits.failures;
        let ended = state.over - state.skipped;
        limit.is_some_and(|limit| limit.is_reached(state.failed, ended))
            || (state.canary_failed && !turn.is_canary)
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

impl State {
    /// The pause before the turn, if all databases before it have ended.
    fn pause_of(&mut self, turn: Turn) -> Option<Pause> {
        if self.over < turn.after {
            return None;
        }
        // Later databases with the same turn find the pause of the first one.
        if self.pause.after != turn.after {
            self.pause = Pause {
                after: turn.after,
                since: self.last_end,
                is_told: false,
            };
        }
        Some(self.pause)
    }
}

async fn wait_until(moment: Instant) {
    if moment > Instant::now() {
        sleep_until(moment.into()).await;
    }
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroUsize;
    use std::pin::pin;
    use std::sync::mpsc;
    use std::task::{Context, Poll, Waker};
    use std::time::Duration;

    use super::{Limits, Listener, Mark, Pace, Phase, Turn};

    /// Polls a future once.
    fn poll<T>(future: &mut (impl Future<Output = T> + Unpin)) -> Poll<T> {
        let mut context = Context::from_waker(Waker::noop());
        std::pin::Pin::new(future).poll(&mut context)
    }

    /// Polls once whether the database starts.
    fn starts(pace: &Pace, turn: Turn) -> Poll<bool> {
        poll(&mut pin!(pace.admits(turn)))
    }

    fn limited(limits: Limits) -> Pace {
        Pace::new(limits, Listener::default())
    }

    fn with_canaries(canaries: usize) -> Pace {
        limited(Limits {
            canaries,
            ..Limits::default()
        })
    }

    #[test]
    fn other_databases_wait_for_the_canaries() {
        let pace = with_canaries(2);
        let turns = [0; 4].map(|wave| pace.turn(wave));
        let mut third = pin!(pace.admits(turns[2]));
        assert_eq!(poll(&mut third), Poll::Pending);
        assert_eq!(starts(&pace, turns[1]), Poll::Ready(true));
        pace.ended(turns[1], Mark::Done);
        assert_eq!(poll(&mut third), Poll::Pending);
        pace.ended(turns[0], Mark::Done);
        assert_eq!(poll(&mut third), Poll::Ready(true));
        assert_eq!(starts(&pace, turns[3]), Poll::Ready(true));
    }

    #[test]
    fn a_failed_canary_starts_no_other_database() {
        let pace = with_canaries(1);
        let turns = [0; 2].map(|wave| pace.turn(wave));
        let mut second = pin!(pace.admits(turns[1]));
        assert_eq!(poll(&mut second), Poll::Pending);
        pace.ended(turns[0], Mark::Failed);
        assert_eq!(poll(&mut second), Poll::Ready(false));
    }

    #[test]
    fn a_wave_waits_until_the_wave_before_it_has_ended() {
        let pace = limited(Limits::default());
        let turns = [1, 1, 2, 7, 7].map(|wave| pace.turn(wave));
        let mut third = pin!(pace.admits(turns[2]));
        let mut fourth = pin!(pace.admits(turns[3]));
        assert_eq!(starts(&pace, turns[0]), Poll::Ready(true));
        assert_eq!(starts(&pace, turns[1]), Poll::Ready(true));
        pace.ended(turns[1], Mark::Done);
        assert_eq!(poll(&mut third), Poll::Pending);
        // Without `max_failures`, a failure does not stop the next wave.
        pace.ended(turns[0], Mark::Failed);
        assert_eq!(poll(&mut fourth), Poll::Pending);
        assert_eq!(poll(&mut third), Poll::Ready(true));
        pace.ended(turns[2], Mark::Done);
        assert_eq!(poll(&mut fourth), Poll::Ready(true));
        pace.ended(turns[3], Mark::Done);
        assert_eq!(starts(&pace, turns[4]), Poll::Ready(true));
    }

    #[test]
    fn no_wave_starts_after_too_many_failures() {
        let pace = limited(Limits {
            failures: Some(NonZeroUsize::MIN.into()),
            ..Limits::default()
        });
        let turns = [1, 2, 3].map(|wave| pace.turn(wave));
        assert_eq!(starts(&pace, turns[0]), Poll::Ready(true));
        pace.ended(turns[0], Mark::Failed);
        assert_eq!(starts(&pace, turns[1]), Poll::Ready(false));
        pace.ended(turns[1], Mark::Skipped);
        assert_eq!(starts(&pace, turns[2]), Poll::Ready(false));
    }

    #[test]
    fn canaries_may_be_in_several_waves() {
        let pace = with_canaries(2);
        let turns = [1, 2, 2].map(|wave| pace.turn(wave));
        assert_eq!(starts(&pace, turns[1]), Poll::Pending);
        pace.ended(turns[0], Mark::Done);
        assert_eq!(starts(&pace, turns[1]), Poll::Ready(true));
        assert_eq!(starts(&pace, turns[2]), Poll::Pending);
        pace.ended(turns[1], Mark::Failed);
        assert_eq!(starts(&pace, turns[2]), Poll::Ready(false));
    }

    #[tokio::test]
    async fn all_databases_of_a_wave_settle_together() {
        let pace = limited(Limits {
            settle: Duration::from_secs(3_600),
            ..Limits::default()
        });
        let turns = [1, 2, 2, 2].map(|wave| pace.turn(wave));
        assert_eq!(starts(&pace, turns[0]), Poll::Ready(true));
        pace.ended(turns[0], Mark::Done);
        let mut second = pin!(pace.admits(turns[1]));
        assert_eq!(poll(&mut second), Poll::Pending);
        let since = pace.all_before(turns[1]).await;
        pace.ended(turns[1], Mark::Done);
        assert_eq!(pace.all_before(turns[2]).await, since);
        assert_eq!(pace.all_before(turns[3]).await, since);
    }

    #[tokio::test]
    async fn each_wave_and_each_pause_is_reported_once() {
        let (sender, phases) = mpsc::channel();
        let limits = Limits {
            canaries: 1,
            settle: Duration::from_millis(1),
            ..Limits::default()
        };
        let listener = Listener::new(move |phase| sender.send(phase).unwrap_or_default());
        let pace = Pace::new(limits, listener);
        for turn in [1, 1, 1, 7, 7].map(|wave| pace.turn(wave)) {
            assert!(pace.admits(turn).await);
            pace.ended(turn, Mark::Done);
        }
        let settling = |wave| Phase::Settling {
            wave,
            time: limits.settle,
        };
        let expected = [Phase::Wave(1), settling(1), settling(7), Phase::Wave(7)];
        assert_eq!(phases.try_iter().collect::<Vec<_>>(), expected);
    }

    #[test]
    fn starts_are_an_interval_apart() {
        let interval = Duration::from_secs(60);
        let pace = limited(Limits {
            interval,
            ..Limits::default()
        });
        let first = pace.next_start();
        let second = pace.next_start();
        let third = pace.next_start();
        assert_eq!((second - first, third - second), (interval, interval));
    }
}
