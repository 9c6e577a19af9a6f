//! Several runs at once.

mod runs;
mod tables;
