//! The locks of a run: take, keep, release; who holds one.
//!
//! `acquire` takes them, `held` holds and releases them, `keep` keeps their connection in use,
//! `evict` ends a session that does not answer, `in_flight` cleans up behind a dropped future.

pub(crate) mod acquire;
pub(crate) mod at_work;
mod evict;
pub(crate) mod held;
pub(crate) mod in_flight;
pub(crate) mod keep;

pub(crate) use evict::Release;
