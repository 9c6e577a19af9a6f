//! The locks of a run.
//!
//! `acquire` takes the locks, `held` holds and releases them, `keep` keeps their connection in
//! use, `evict` ends a session that does not answer, and `in_flight` cleans up after a dropped
//! future.

pub(crate) mod acquire;
pub(crate) mod at_work;
mod evict;
pub(crate) mod held;
pub(crate) mod in_flight;
pub(crate) mod keep;

pub(crate) use evict::Release;
