//! A connection at work: what is sent over it, how it is stopped, and what a failure means.
//!
//! `client` is the connection, `message` builds the text of one message and maps a place in it
//! back to the script, `send` sends it, `watch` asks what it waits for, `stop` cancels it.

pub(crate) mod advisory;
pub(crate) mod answer;
pub(crate) mod client;
pub(crate) mod message;
pub(crate) mod orphan;
pub(crate) mod quote;
pub(crate) mod reset;
pub(crate) mod send;
pub(crate) mod span;
pub(crate) mod stop;
pub(crate) mod timeouts;
pub(crate) mod watch;
