//! Changes a database: reads the history, plans, locks, plans again, prepares, acts.
//!
//! `change` plans each change, `plan_hash` tells plans apart, `flow` carries out a plan, `begin` takes
//! the locks and prepares the session, `locks` decides which locks a plan needs, `ready` resets a
//! session, `upgrade` upgrades the history, `parallel` works over one connection or several,
//! `driver` hands the steps of a leg to refinery's runner, and `trace` opens the span of the run.

mod begin;
pub(crate) mod change;
pub(crate) mod driver;
pub(crate) mod flow;
pub(crate) mod locks;
pub(crate) mod parallel;
pub(crate) mod plan_hash;
pub(crate) mod ready;
mod remaining;
#[cfg(feature = "tracing")]
mod trace;
mod upgrade;
