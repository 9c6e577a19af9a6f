//! Plans from a registry and a history.
#![expect(
    clippy::expect_used,
    clippy::panic,
    reason = "clippy lets tests do so, but not the functions they share"
)]

mod accept;
mod claim;
mod down;
mod random;
mod redo;
mod repair;
mod resume;
mod support;
mod switch;
mod up;
