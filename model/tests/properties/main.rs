//! Properties of all trees, valid or not.

mod faults;
mod generated;
mod order;
mod registry;
