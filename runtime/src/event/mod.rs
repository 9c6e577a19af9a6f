//! What a run or a wait reports while it continues.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use migrator_connect::Notice;
use migrator_model::MigrationId;
use migrator_plan::{Plan, Step};

pub(crate) mod active;
pub(crate) mod blocker;
pub(crate) mod operation;
pub(crate) mod report;
pub(crate) mod second;

use blocker::{Blocker, Holder, WaitingFor};
use operation::Waiter;
use report::Done;
use second::SecondConnection;

/// Something that happens during a run or a wait.
#[derive(Debug)]
#[non_exhaustive]
pub enum Event<'a> {
    /// Another run holds the lock, and this run waits for it. Repeated when the holder changes.
    Waiting(&'a Holder),
    /// The run has made its plan and starts it.
    Planned(&'a Plan<'a>),
    /// The script of a step starts.
    Started(&'a Step<'a>),
    /// A step that ran a script is done.
    Finished(&'a Done),
    /// A step failed or was interrupted, and the run does not try it again. The error of the run says
    /// why.
    Failed(&'a MigrationId),
    /// A step failed at a lock or conflicted with another transaction; the run tries it again.
    Retrying {
        /// The step.
        step: &'a Step<'a>,
        /// The server's error.
        why: &'a str,
        /// How long the run pauses before it tries again.
        delay: Duration,
        /// The number of the retry, from 1.
        retry: u32,
        /// The last retry that [`Options::tries`](field@crate::Options::tries) allows.
        retries: u32,
        /// The sessions whose locks the step waited for, as far as the server showed them.
        blockers: &'a [Blocker],
    },
    /// A statement, a record or a COMMIT has waited at the server for about five seconds. Repeated
    /// when the blockers change.
    KeptWaiting {
        /// The step or the operation that waits.
        subject: Waiter<'a>,
        /// What it waits for.
        what: &'a WaitingFor,
    },
    /// What [`Event::KeptWaiting`] reported last is over: the subject no longer waits, or the server
    /// has answered.
    WaitEnded(Waiter<'a>),
    /// An earlier run was interrupted in a step outside a transaction; this run resumes the step.
    Resumed {
        /// The step.
        step: &'a Step<'a>,
        /// What an earlier run left, and what this run does about it.
        found: &'a str,
    },
    /// The server still executes a statement that an earlier run sent for a step; this run waits
    /// for the statement to end.
    StillAtWork {
        /// The step.
        step: &'a Step<'a>,
        /// The session that executes the statement.
        holder: &'a Holder,
    },
    /// The database is not current yet, and the wait continues. Repeated when the reason changes.
    NotCurrent {
        /// The state of the database, or why the state could not be read.
        why: &'a str,
    },
    /// The run has ended, and does not know whether the server has released its lock (M0529). The
    /// next run may have to wait for that lock.
    LockUnreleased {
        /// Why the run does not know.
        why: &'a str,
    },
    /// For about five seconds, the run has waited for the second connection that it needs for its
    /// locks. A database or a pool that has only one needs
    /// [`Options::single_connection`](crate::Options::single_connection).
    NoSecondConnection(SecondConnection),
    /// The server sent a notice or a warning while a script ran.
    Notice(&'a Notice),
    /// The server sent this number of notices before the next ones, which the run did not keep. For
    /// each script, the last 1,000 notices with at most 1 MB are kept, and the same for all scripts
    /// whose events wait for those of an earlier leg.
    NoticesOmitted(u64),
}

/// The functions that receive the events.
#[derive(Clone, Default)]
pub(crate) struct Listener {
    in_order: Option<Receiver>,
    at_once: Option<Receiver>,
}

type Receiver = Arc<Mutex<dyn FnMut(&Event<'_>) + Send>>;

impl Listener {
    /// Adds the function that receives the events of steps in the order of the plan.
    pub(crate) fn in_order(self, receiver: impl FnMut(&Event<'_>) + Send + 'static) -> Listener {
        Listener {
            in_order: Some(Arc::new(Mutex::new(receiver))),
            ..self
        }
    }

    /// Adds the function that receives the events of steps when they happen.
    pub(crate) fn at_once(self, receiver: impl FnMut(&Event<'_>) + Send + 'static) -> Listener {
        Listener {
            at_once: Some(Arc::new(Mutex::new(receiver))),
            ..self
        }
    }

    /// Sends an event of the whole run to both functions.
    pub(crate) fn tell(&self, event: &Event<'_>) {
        self.tell_in_order(event);
        self.tell_at_once(event);
    }

    /// Sends an event of a step whose turn has come.
    pub(crate) fn tell_in_order(&self, event: &Event<'_>) {
        send(self.in_order.as_ref(), event);
    }

    /// Sends an event of a step when it happens.
    pub(crate) fn tell_at_once(&self, event: &Event<'_>) {
        send(self.at_once.as_ref(), event);
    }
}

fn send(receiver: Option<&Receiver>, event: &Event<'_>) {
    if let Some(receiver) = receiver {
        let mut receiver = receiver.lock().unwrap_or_else(PoisonError::into_inner);
        (*receiver)(event);
    }
}
