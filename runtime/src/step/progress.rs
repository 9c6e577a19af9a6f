//! Reports the events and results of a run in the order of the plan, whichever leg ends first.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use migrator_connect::NoticeBatch;
use migrator_model::MigrationId;
use migrator_plan::Step;

use crate::error::fault::Fault;
use crate::event::Event;
use crate::event::blocker::Holder;
use crate::event::blocker::{Blocker, WaitingFor};
use crate::event::listener::Listener;
use crate::event::operation::Waiter;
use crate::event::report::{Done, Report};

/// Reports the events of legs that run side by side. The events of the first leg that has not
/// ended are reported as they happen; the events of later legs wait for their turn. A listener that
/// wants every event at once gets it at once, and no notices.
pub(crate) struct Progress(Mutex<EventQueue>);

struct EventQueue {
    listener: Option<Listener>,
    done: Vec<Done>,
    recorded: Vec<MigrationId>,
    /// The first leg that has not ended.
    current: usize,
    over: BTreeSet<usize>,
    kept: BTreeMap<usize, Vec<LaterEvent>>,
    /// The notices in `kept`.
    later: NoticeCount,
    /// How many notices were not kept.
    omitted: u64,
}

/// The number and the size of notices.
#[derive(Default)]
struct NoticeCount {
    number: usize,
    bytes: usize,
}

impl NoticeCount {
    fn is_too_much(&self) -> bool {
        self.number > NoticeBatch::MOST || self.bytes > NoticeBatch::MOST_BYTES
    }
}

/// An event that is reported later.
enum LaterEvent {
    Started(Step<'static>),
    Finished(Done),
    Failed(MigrationId),
    Retrying {
        step: Step<'static>,
        why: String,
        delay: Duration,
        retry: u32,
        retries: u32,
        blockers: Vec<Blocker>,
    },
    KeptWaiting {
        id: MigrationId,
        what: WaitingFor,
    },
    WaitEnded(MigrationId),
    Resumed {
        step: Step<'static>,
        found: String,
    },
    StillAtWork {
        step: Step<'static>,
        holder: Holder,
    },
    Notices(NoticeBatch),
}

/// The next try of a step.
#[derive(Clone, Copy)]
pub(crate) struct Retry {
    pub(crate) delay: Duration,
    /// The number of the retry, from 1.
    pub(crate) number: u32,
    /// The last retry that the options allow.
    pub(crate) last: u32,
}

impl LaterEvent {
    /// The event for a listener; `None` for notices.
    fn event(&self) -> Option<Event<'_>> {
        Some(match self {
            LaterEvent::Started(step) => Event::Started(step),
            LaterEvent::Finished(done) => Event::Finished(done),
            LaterEvent::Failed(id) => Event::Failed(id),
            LaterEvent::Retrying {
                step,
                why,
                delay,
                retry,
                retries,
                blockers,
            } => Event::Retrying {
                step,
                why,
                delay: *delay,
                retry: *retry,
                retries: *retries,
                blockers,
            },
            LaterEvent::KeptWaiting { id, what } => Event::KeptWaiting {
                subject: Waiter::Step(id),
                what,
            },
            LaterEvent::WaitEnded(id) => Event::WaitEnded(Waiter::Step(id)),
            LaterEvent::Resumed { step, found } => Event::Resumed { step, found },
            LaterEvent::StillAtWork { step, holder } => Event::StillAtWork { step, holder },
            LaterEvent::Notices(_) => return None,
        })
    }
}

impl Progress {
    pub(crate) fn new(listener: Option<Listener>) -> Progress {
        Progress(Mutex::new(EventQueue {
            listener,
            done: Vec::new(),
            recorded: Vec::new(),
            current: 0,
            over: BTreeSet::new(),
            kept: BTreeMap::new(),
            later: NoticeCount::default(),
            omitted: 0,
        }))
    }

    pub(crate) fn started(&self, leg: usize, step: &Step<'static>) {
        self.tell(leg, LaterEvent::Started(step.clone()));
    }

    pub(crate) fn finished(&self, leg: usize, done: Done) {
        self.tell(leg, LaterEvent::Finished(done));
    }

    pub(crate) fn failed(&self, leg: usize, id: &MigrationId) {
        self.tell(leg, LaterEvent::Failed(id.clone()));
    }

    /// An entry was changed, and no script ran. It is no event.
    pub(crate) fn recorded(&self, id: &MigrationId) {
        self.queue().recorded.push(id.clone());
    }

    pub(crate) fn retrying(&self, leg: usize, step: &Step<'static>, fault: &Fault, retry: Retry) {
        let retrying = LaterEvent::Retrying {
            step: step.clone(),
            why: fault.message.clone(),
            delay: retry.delay,
            retry: retry.number,
            retries: retry.last,
            blockers: fault.blockers.clone(),
        };
        self.tell(leg, retrying);
    }

    /// What a step waits for; `None` if it no longer waits for what was reported before.
    pub(crate) fn kept_waiting(&self, leg: usize, id: &MigrationId, what: Option<&WaitingFor>) {
        let id = id.clone();
        self.tell(
            leg,
            match what.cloned() {
                Some(what) => LaterEvent::KeptWaiting { id, what },
                None => LaterEvent::WaitEnded(id),
            },
        );
    }

    pub(crate) fn resumed(&self, leg: usize, step: &Step<'static>, found: &str) {
        let (step, found) = (step.clone(), found.to_owned());
        self.tell(leg, LaterEvent::Resumed { step, found });
    }

    pub(crate) fn still_at_work(&self, leg: usize, step: &Step<'static>, holder: &Holder) {
        let (step, holder) = (step.clone(), holder.clone());
        self.tell(leg, LaterEvent::StillAtWork { step, holder });
    }

    pub(crate) fn notices(&self, leg: usize, notices: NoticeBatch) {
        if !notices.is_empty() {
            self.tell(leg, LaterEvent::Notices(notices));
        }
    }

    /// A leg has ended and has no further events.
    pub(crate) fn over(&self, leg: usize) {
        let mut queue = self.queue();
        queue.over.insert(leg);
        while queue.over.contains(&queue.current) {
            queue.current += 1;
            queue.release();
        }
    }

    /// All legs have ended; adds what was done to the report.
    pub(crate) fn end(self, report: &mut Report) {
        let mut queue = self.0.into_inner().unwrap_or_else(PoisonError::into_inner);
        while let Some((&leg, _)) = queue.kept.first_key_value() {
            queue.current = leg;
            queue.release();
        }
        report.done.append(&mut queue.done);
        report.recorded.append(&mut queue.recorded);
        report.notices_omitted += queue.omitted;
    }

    fn tell(&self, leg: usize, event: LaterEvent) {
        let mut queue = self.queue();
        if let (Some(listener), Some(event)) = (&queue.listener, event.event()) {
            listener.tell_at_once(&event);
        }
        if leg == queue.current {
            queue.tell(event);
        } else {
            queue.keep(leg, event);
        }
    }

    fn queue(&self) -> MutexGuard<'_, EventQueue> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl EventQueue {
    /// Keeps an event of a later leg. If all later legs together have too many notices, this leg
    /// loses its oldest ones.
    fn keep(&mut self, leg: usize, event: LaterEvent) {
        if let LaterEvent::Notices(batch) = &event {
            self.later.number += batch.len();
            self.later.bytes += batch.bytes();
        }
        let events = self.kept.entry(leg).or_default();
        events.push(event);
        for event in events {
            let LaterEvent::Notices(batch) = event else {
                continue;
            };
            while self.later.is_too_much()
                && let Some(bytes) = batch.omit_oldest()
            {
                self.later.number -= 1;
                self.later.bytes -= bytes;
            }
        }
    }

    fn release(&mut self) {
        let kept = self.kept.remove(&self.current);
        for event in kept.into_iter().flatten() {
            if let LaterEvent::Notices(batch) = &event {
                self.later.number -= batch.len();
                self.later.bytes -= batch.bytes();
            }
            self.tell(event);
        }
    }

    fn tell(&mut self, event: LaterEvent) {
        if let LaterEvent::Notices(batch) = &event {
            self.tell_notices(batch);
        } else if let (Some(listener), Some(event)) = (&self.listener, event.event()) {
            listener.tell_in_order(&event);
        }
        if let LaterEvent::Finished(done) = event {
            self.done.push(done);
        }
    }

    fn tell_notices(&mut self, batch: &NoticeBatch) {
        self.omitted += batch.omitted();
        let Some(listener) = &self.listener else {
            return;
        };
        if batch.omitted() > 0 {
            listener.tell_in_order(&Event::NoticesOmitted(batch.omitted()));
        }
        for notice in batch.iter() {
            listener.tell_in_order(&Event::Notice(notice));
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};
    use std::time::Duration;

    use migrator_model::file_name::Direction;
    use migrator_model::{MigrationId, Version};

    use super::{Event, Listener, NoticeBatch, Progress};
    use crate::event::report::{Done, Report};
    use migrator_plan::Reason;

    fn done(service: &str) -> Done {
        Done {
            id: MigrationId::recorded(service.to_owned(), Version::from_integer(1), "a_b"),
            direction: Direction::Up,
            reason: Reason::Requested,
            took: Duration::ZERO,
        }
    }

    /// The services of the steps that a listener hears of, in short.
    fn heard() -> (Arc<Mutex<String>>, impl FnMut(&Event<'_>) + Send + 'static) {
        let heard = Arc::new(Mutex::new(String::new()));
        let kept = Arc::clone(&heard);
        let listener = move |event: &Event<'_>| {
            let mut kept = kept.lock().expect("not poisoned");
            if let Event::Finished(done) = event {
                kept.push_str(&done.id.service);
            }
        };
        (heard, listener)
    }

    #[test]
    fn a_listener_that_wants_events_at_once_hears_of_later_legs_too() {
        let ((ordered, in_order), (live, at_once)) = (heard(), heard());
        let listener = Listener::default().in_order(in_order).at_once(at_once);
        let progress = Progress::new(Some(listener));
        progress.finished(1, done("c"));
        progress.finished(0, done("a"));
        let so_far = |heard: &Mutex<String>| heard.lock().expect("not poisoned").clone();
        assert_eq!(
            (so_far(&ordered).as_str(), so_far(&live).as_str()),
            ("a", "ca")
        );
        progress.end(&mut Report::default());
        assert_eq!(
            (so_far(&ordered).as_str(), so_far(&live).as_str()),
            ("ac", "ca")
        );
    }

    /// The events that are reported after each part of a run with three legs.
    #[test]
    fn a_leg_is_reported_after_the_legs_before_it() {
        let (printed, listener) = heard();
        let so_far = || printed.lock().expect("not poisoned").clone();
        let progress = Progress::new(Some(Listener::default().in_order(listener)));
        progress.finished(1, done("c"));
        progress.finished(0, done("a"));
        assert_eq!(so_far(), "a");
        progress.over(1);
        progress.finished(0, done("b"));
        progress.finished(3, done("e"));
        assert_eq!(so_far(), "ab");
        progress.over(0);
        assert_eq!(so_far(), "abc");
        progress.finished(2, done("d"));
        assert_eq!(so_far(), "abcd");
        let mut report = Report::default();
        progress.end(&mut report);
        let done = report.done;
        assert_eq!(so_far(), "abcde");
        let services: Vec<&str> = done.iter().map(|d| &*d.id.service).collect();
        assert_eq!(services, ["a", "b", "c", "d", "e"]);
    }

    /// All legs but the first one wait, each with many notices.
    #[test]
    fn the_notices_of_later_legs_are_limited_together() {
        let heard = Arc::new(Mutex::new((0, 0)));
        let counts = Arc::clone(&heard);
        let listener = Listener::default().in_order(move |event: &Event<'_>| {
            let mut counts = counts.lock().expect("not poisoned");
            if let Event::Notice(_) = event {
                counts.0 += 1;
            } else if let Event::NoticesOmitted(number) = event {
                counts.1 += number;
            }
        });
        let progress = Progress::new(Some(listener));
        for leg in 1..=20 {
            for _ in 0..10 {
                progress.notices(leg, NoticeBatch::with_notices(100, "so"));
            }
        }
        let kept = |progress: &Progress| progress.queue().later.number;
        assert_eq!(kept(&progress), NoticeBatch::MOST);
        progress.notices(0, NoticeBatch::with_notices(7, "at once"));
        assert_eq!(*heard.lock().expect("not poisoned"), (7, 0));
        let mut report = Report::default();
        progress.end(&mut report);
        assert_eq!(*heard.lock().expect("not poisoned"), (1_007, 19_000));
        assert_eq!(report.notices_omitted, 19_000);
    }
}
