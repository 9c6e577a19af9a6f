//! Snapshots of the catalogs of real servers, of one hard case after another (`cases/*.sql`).
//!
//! Each case is a database before and after a change. The snapshot must tell just what is
//! expected; `pg_dump`, which reads the catalog in a way of its own, must see a difference if and
//! only if we do; and `empty` must restore the database after all of it.

#![expect(
    clippy::expect_used,
    clippy::panic,
    reason = "a test stops at what it cannot set up"
)]

mod case;
mod differences;
mod dump;
mod emptied;
mod examined;
mod support;
