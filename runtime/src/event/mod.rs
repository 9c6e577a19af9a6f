//! What a run reports while it runs.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use migrator_connect::Notice;

use migrator_plan::{Plan, Step};

pub(crate) mod blocker;
pub(crate) mod report;

use blocker::{Blocker, Holder, WaitingFor};
use report::Done;

/// Something happened.
#[derive(Debug)]
pub enum Event<'a> {
    /// Another run holds the lock; this one waits. Said again when the holder changes.
    Waiting(&'a Holder),
    /// The plan was made that is carried out.
    Planned(&'a Plan<'a>),
    /// The script of a step starts.
    Started(&'a Step<'a>),
    /// A step that ran a script is done.
    Finished(&'a Done),
    /// A step met a lock or a conflict with another transaction and is tried again.
    Retrying {
        /// The step.
        step: &'a Step<'a>,
        /// What the server said.
        why: &'a str,
        /// After how long.
        delay: Duration,
        /// Whose locks it ran into, as far as they were seen.
        blockers: &'a [Blocker],
    },
    /// A statement, a record or a COMMIT has waited at the server for some seconds. Repeated
    /// when what it waits for changes.
    Held {
        /// The step, or the migration that is recorded.
        subject: &'a str,
        /// What it waits for.
        what: &'a WaitingFor,
    },
    /// What an earlier run has left of a step outside a transaction, and what is made
    /// of it.
    Resumed {
        /// The step.
        step: &'a Step<'a>,
        /// What was found.
        found: &'a str,
    },
    /// The server is still at a statement of a step that an earlier run has sent;
    /// this one waits for it to end.
    StillAtWork {
        /// The step.
        step: &'a Step<'a>,
        /// The session.
        holder: &'a Holder,
    },
    /// The run has ended and could not find out whether the server has let go of its
    /// lock (M0529): the next run may have to wait for that.
    LockUnreleased {
        /// Why it could not.
        why: &'a str,
    },
    /// The server said something unasked while a script ran.
    Notice(&'a Notice),
}

/// Who is told.
#[derive(Clone)]
pub(crate) struct Listener(Arc<Mutex<Tell>>);

type Tell = dyn FnMut(&Event<'_>) + Send;

impl Listener {
    pub(crate) fn new(listener: impl FnMut(&Event<'_>) + Send + 'static) -> Listener {
        Listener(Arc::new(Mutex::new(listener)))
    }

    pub(crate) fn tell(&self, event: &Event<'_>) {
        let mut listener = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        (*listener)(event);
    }
}
