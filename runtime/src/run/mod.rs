//! What changes a database: read the history, plan, lock, plan again, make ready, act.
//!
//! `change` plans each change, `flow` carries out its plan, `ready` prepares a session, `upgrade`
//! upgrades the history, `abreast` works over one connection or several, and `driver` hands the
//! steps of a leg to refinery's runner.

pub(crate) mod abreast;
pub(crate) mod change;
pub(crate) mod driver;
pub(crate) mod flow;
pub(crate) mod locks;
pub(crate) mod ready;
mod remaining;
mod upgrade;
