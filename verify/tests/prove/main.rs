//! Proofs of migrations on a real server.

#![expect(clippy::expect_used, reason = "a test stops at what it cannot set up")]

mod behind;
mod faults;
mod followed;
mod lent;
mod locks;
mod meaning;
mod notes;
mod passes;
mod ranges;
mod rolled_back;
mod support;
mod trips;
