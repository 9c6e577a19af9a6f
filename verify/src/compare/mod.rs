//! Compares two snapshots: what differs, which differences mean the same, and which no script can
//! remove.

pub(crate) mod difference;
pub(crate) mod meaning;
pub(crate) mod order;
pub(crate) mod pattern;
