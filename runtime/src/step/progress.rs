//! What a run tells and reports, in the order of the plan whatever ends first.

use std::collections::{BTreeMap, BTreeSet};
use std::mem;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use migrator_connect::Notice;

use migrator_plan::Step;

use crate::error::fault::Fault;
use crate::event::blocker::Holder;
use crate::event::blocker::{Blocker, WaitingFor};
use crate::event::report::Done;
use crate::event::{Event, Listener};

/// Tells the events of legs that run side by side: those of the first leg that is not
/// over as they happen, those of later ones when it is their turn.
pub(crate) struct Progress(Mutex<Order>);

struct Order {
    listener: Option<Listener>,
    done: Vec<Done>,
    /// The first leg that is not over.
    current: usize,
    over: BTreeSet<usize>,
    kept: BTreeMap<usize, Vec<Kept>>,
}

/// An event that is told later.
enum Kept {
    Started(Step<'static>),
    Finished(Done),
    Retrying {
        step: Step<'static>,
        why: String,
        delay: Duration,
        blockers: Vec<Blocker>,
    },
    Held {
        subject: String,
        what: WaitingFor,
    },
    Resumed {
        step: Step<'static>,
        found: String,
    },
    StillAtWork {
        step: Step<'static>,
        holder: Holder,
    },
    Notice(Notice),
}

impl Progress {
    pub(crate) fn new(listener: Option<Listener>) -> Progress {
        Progress(Mutex::new(Order {
            listener,
            done: Vec::new(),
            current: 0,
            over: BTreeSet::new(),
            kept: BTreeMap::new(),
        }))
    }

    pub(crate) fn started(&self, leg: usize, step: &Step<'static>) {
        self.tell(leg, Kept::Started(step.clone()));
    }

    pub(crate) fn finished(&self, leg: usize, done: Done) {
        self.tell(leg, Kept::Finished(done));
    }

    pub(crate) fn retrying(
        &self,
        leg: usize,
        step: &Step<'static>,
        fault: &Fault,
        delay: Duration,
    ) {
        let retrying = Kept::Retrying {
            step: step.clone(),
            why: fault.message.clone(),
            delay,
            blockers: fault.blockers.clone(),
        };
        self.tell(leg, retrying);
    }

    pub(crate) fn held(&self, leg: usize, subject: &str, what: &WaitingFor) {
        let (subject, what) = (subject.to_owned(), what.clone());
        self.tell(leg, Kept::Held { subject, what });
    }

    pub(crate) fn resumed(&self, leg: usize, step: &Step<'static>, found: &str) {
        let (step, found) = (step.clone(), found.to_owned());
        self.tell(leg, Kept::Resumed { step, found });
    }

    pub(crate) fn still_at_work(&self, leg: usize, step: &Step<'static>, holder: &Holder) {
        let (step, holder) = (step.clone(), holder.clone());
        self.tell(leg, Kept::StillAtWork { step, holder });
    }

    pub(crate) fn notice(&self, leg: usize, notice: Notice) {
        self.tell(leg, Kept::Notice(notice));
    }

    /// Nothing more comes of a leg.
    pub(crate) fn over(&self, leg: usize) {
        let mut order = self.order();
        order.over.insert(leg);
        while order.over.contains(&order.current) {
            order.current += 1;
            order.release();
        }
    }

    /// Nothing more comes of any; this is what was done.
    pub(crate) fn end(self) -> Vec<Done> {
        let mut order = self.0.into_inner().unwrap_or_else(PoisonError::into_inner);
        while let Some((&leg, _)) = order.kept.first_key_value() {
            order.current = leg;
            order.release();
        }
        order.done
    }

    fn tell(&self, leg: usize, event: Kept) {
        let mut order = self.order();
        if leg == order.current {
            order.tell(event);
        } else {
            order.kept.entry(leg).or_default().push(event);
        }
    }

    fn order(&self) -> MutexGuard<'_, Order> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Order {
    fn release(&mut self) {
        let kept = self.kept.get_mut(&self.current).map(mem::take);
        self.kept.remove(&self.current);
        for event in kept.into_iter().flatten() {
            self.tell(event);
        }
    }

    fn tell(&mut self, event: Kept) {
        if let Some(listener) = &self.listener {
            listener.tell(&match &event {
                Kept::Started(step) => Event::Started(step),
                Kept::Finished(done) => Event::Finished(done),
                Kept::Retrying {
                    step,
                    why,
                    delay,
                    blockers,
                } => Event::Retrying {
                    step,
                    why,
                    delay: *delay,
                    blockers,
                },
                Kept::Held { subject, what } => Event::Held { subject, what },
                Kept::Resumed { step, found } => Event::Resumed { step, found },
                Kept::StillAtWork { step, holder } => Event::StillAtWork { step, holder },
                Kept::Notice(notice) => Event::Notice(notice),
            });
        }
        if let Kept::Finished(done) = event {
            self.done.push(done);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};
    use std::time::Duration;

    use migrator_model::file_name::Direction;
    use migrator_model::{MigrationId, Version};

    use super::Progress;
    use crate::event::report::Done;
    use crate::event::{Event, Listener};
    use migrator_plan::Reason;

    fn done(service: &str) -> Done {
        Done {
            id: MigrationId::recorded(service.to_owned(), Version::from_integer(1), "a_b"),
            direction: Direction::Up,
            reason: Reason::Requested,
            took: Duration::ZERO,
        }
    }

    /// What is told after each part of a run with three legs.
    #[test]
    fn a_leg_is_told_once_those_before_it_are_over() {
        let told = Arc::new(Mutex::new(String::new()));
        let heard = Arc::clone(&told);
        let listener = Some(Listener::new(move |event: &Event<'_>| {
            if let Event::Finished(done) = event {
                heard
                    .lock()
                    .expect("not poisoned")
                    .push_str(&done.id.service);
            }
        }));
        let so_far = || told.lock().expect("not poisoned").clone();
        let progress = Progress::new(listener);
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
        let done = progress.end();
        assert_eq!(so_far(), "abcde");
        let services: Vec<&str> = done.iter().map(|d| &*d.id.service).collect();
        assert_eq!(services, ["a", "b", "c", "d", "e"]);
    }
}
