//! The timeouts of a session and of one script.

use std::time::Duration;

/// The timeouts of one script.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Timeouts {
    pub(crate) lock: Duration,
    pub(crate) statement: Duration,
    pub(crate) limits: Limits,
}

impl Timeouts {
    /// Returns the statements that set the timeouts, and their number. `local` is empty for the
    /// session, or `LOCAL ` for the transaction.
    pub(super) fn set(self, local: &str) -> (String, usize) {
        let (lock, statement) = (milliseconds(self.lock), milliseconds(self.statement));
        let set =
            format!("SET {local}lock_timeout = {lock};SET {local}statement_timeout = {statement};");
        match self.limits.transactions {
            Limit::None => (set, 2),
            Limit::Some => (format!("{set}SET {local}transaction_timeout = 0;"), 3),
        }
    }
}

/// Whether the role, the database or the server ends sessions for these reasons.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Limits {
    /// A long transaction (`transaction_timeout`, from Postgres 17).
    pub(crate) transactions: Limit,
    /// An idle session (`idle_session_timeout`, from Postgres 14).
    pub(crate) idle: Limit,
}

/// Whether such a limit is set, so that the run must switch it off.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Limit {
    #[default]
    None,
    Some,
}

impl Limits {
    /// Switches the limit for idle sessions off, because a run waits for other runs. Comes after a
    /// [reset](super::reset::reset).
    pub(crate) fn stay(self) -> &'static str {
        match self.idle {
            Limit::None => "",
            Limit::Some => "SET idle_session_timeout = 0;",
        }
    }
}

/// A timeout as Postgres takes it: in whole milliseconds, up to the largest `int4`
/// (`guc_tables.c`). It is rounded up, because zero would mean no limit.
pub(crate) fn milliseconds(timeout: Duration) -> u128 {
    timeout.as_nanos().div_ceil(1_000_000).min(i32::MAX as u128)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::milliseconds;

    #[test]
    fn a_timeout_is_rounded_up_and_limited() {
        assert_eq!(milliseconds(Duration::ZERO), 0);
        assert_eq!(milliseconds(Duration::from_micros(1)), 1);
        assert_eq!(milliseconds(Duration::MAX), 2_147_483_647);
    }
}
