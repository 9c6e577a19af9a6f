//! Pictures of the catalogs of real servers.

#![expect(
    clippy::expect_used,
    clippy::panic,
    reason = "a test stops at what it cannot set up"
)]

mod cases;
mod support;
