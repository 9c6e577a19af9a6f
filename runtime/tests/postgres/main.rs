//! Runs registries on a real Postgres, with a new database for each test.
#![cfg(unix)]
#![expect(
    clippy::expect_used,
    clippy::panic,
    reason = "clippy lets tests do so, but not the functions they share"
)]

mod accept;
mod blockers;
mod bounds;
mod callers_client;
mod claim;
mod confirmation;
mod connection;
mod defaults;
mod digest;
mod disk;
mod encoding;
mod fault;
mod fencing;
mod fleet;
mod format;
mod guard;
mod history;
mod hostile;
mod irreversible;
mod isolation;
mod large;
mod lock;
mod log;
mod messages;
mod no_transaction;
mod notices;
mod parallel;
mod pipeline;
mod planned;
mod prepared;
mod publication;
mod redo;
mod resume;
mod rights;
mod silence;
mod single;
mod standby;
mod state;
mod stop;
mod support;
mod switch;
mod tampered;
mod trace;
mod transaction;
