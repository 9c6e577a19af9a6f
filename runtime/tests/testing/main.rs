//! Tests with their own database: what they get, and what they leave.
#![cfg(unix)]
#![expect(
    clippy::expect_used,
    clippy::unwrap_used,
    reason = "clippy lets tests do so, but not the functions they share"
)]

mod cases;
mod functions;
mod handout;
mod parts;
mod processes;
mod registries;
mod sessions;
mod support;
