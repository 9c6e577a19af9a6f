//! Whether a script runs in a transaction.

/// How a script runs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mode {
    /// In one transaction together with its history entry.
    #[default]
    Transaction,
    /// Each statement by itself, in its own transaction.
    NoTransaction,
}
