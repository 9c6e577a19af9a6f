//! The advisory locks of a run on the services.
//!
//! `opening` opens their connection, and `second` notices that there is none; `acquire` takes the
//! locks by the messages of `keys`, `held` holds and releases them, `keep` keeps their connection
//! in use, `by_scripts` has the locks of a run with a single connection, `evict` ends a session
//! that does not answer, `in_flight` cleans up after a dropped future, and `at_work` finds the
//! services that another run has locked.
//!
//! Three other locks are elsewhere, each for one transaction:
//!
//! - `Bootstrap::begin` in `history/bootstrap.rs`: the advisory lock to create or upgrade the
//!   history's tables;
//! - `query` in `history/upgrade.rs`: the table locks of an upgrade;
//! - `claim` in `history/write.rs`: a table lock that shows other runs that a step is in progress.

pub(crate) mod acquire;
pub(crate) mod at_work;
pub(crate) mod by_scripts;
mod evict;
pub(crate) mod held;
pub(crate) mod in_flight;
pub(crate) mod keep;
pub(crate) mod keys;
pub(crate) mod opening;
pub(crate) mod second;

pub(crate) use evict::Release;
