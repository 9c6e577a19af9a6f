//! Operations that read a database and never change it.

pub(crate) mod activity;
pub(crate) mod edits;
pub(crate) mod inspect;
pub(crate) mod status;
pub(crate) mod wait;
