//! What holds of any tree, good or bad.

mod faults;
mod generated;
mod order;
