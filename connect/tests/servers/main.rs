//! Connections to real servers.
//!
//! The servers are the Postgres of this machine. They listen on loopback addresses and use
//! certificates that the tests make. Without Postgres or `openssl` the tests fail.
#![cfg(unix)]
#![expect(
    clippy::expect_used,
    clippy::panic,
    reason = "clippy lets tests do so, but not the functions they share"
)]

mod authentication;
mod certificates;
mod hosts;
mod liveness;
mod modes;
mod retry;
mod session;
mod support;
mod trips;
