//! What a run or a wait reports while it continues.

use std::time::Duration;

use migrator_connect::Notice;
use migrator_model::MigrationId;
use migrator_plan::{Plan, Step};

pub(crate) mod active;
pub(crate) mod blocker;
pub(crate) mod listener;
pub(crate) mod operation;
pub(crate) mod report;
pub(crate) mod second;
#[cfg(feature = "tracing")]
pub(crate) mod trace;

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
