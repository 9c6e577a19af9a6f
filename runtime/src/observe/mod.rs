//! What looks at a database and never changes it.

pub(crate) mod edits;
pub(crate) mod inspect;
pub(crate) mod status;
pub(crate) mod wait;
