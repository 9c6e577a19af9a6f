//! The databases and servers that commands work with.

pub(crate) mod connection;
pub(crate) mod grammar;
#[cfg(feature = "local-server")]
pub(crate) mod local;
pub(crate) mod losses;
pub(crate) mod own;
pub(crate) mod pg_dump;
pub(crate) mod scratch;
pub(crate) mod version;
