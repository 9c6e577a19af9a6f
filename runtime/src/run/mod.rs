//! What changes a database: read the history, plan, lock, plan again, make ready, act.
//!
//! `flow` is the way of a run, `ready` prepares a session, `upgrade` upgrades the history, `abreast` works over one connection
//! or several, and `driver` hands the steps of a leg to refinery's runner.

pub(crate) mod abreast;
pub(crate) mod accept;
pub(crate) mod bookkeeping;
pub(crate) mod driver;
pub(crate) mod flow;
pub(crate) mod locks;
pub(crate) mod ready;
pub(crate) mod repair;
mod upgrade;
