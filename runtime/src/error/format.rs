//! The format of the history's tables.

/// The format of the tables that this version reads and writes.
pub const FORMAT: i32 = 1;
