//! The policies that no compiler checks: the dependencies, and the form of the code.

#![expect(clippy::expect_used, reason = "a test stops at what it cannot set up")]

mod book;
mod debug;
mod dependencies;
mod figures;
mod image;
mod layers;
mod modules;
mod packages;
mod promises;
mod release;
mod remedies;
mod size;
mod source;
