//! The messages of a connection: their text, how they are sent and cancelled, and what an error
//! means.
//!
//! `client` is the connection. `message` builds the text of one message and maps a position in
//! it back to the script. `send` sends the message, `watch` asks what it waits for, and `stop`
//! cancels it.

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
pub(crate) mod text;
pub(crate) mod timeouts;
pub(crate) mod watch;
