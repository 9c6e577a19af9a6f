//! The servers against the real Postgres, in one binary.

#![expect(
    clippy::unwrap_used,
    reason = "clippy lets only the test functions themselves unwrap"
)]

mod dev_server;
mod joined;
mod programs;
mod support;
mod throwaway;
