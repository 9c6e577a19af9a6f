//! The timeouts of a session and of one script.

use std::time::Duration;

/// What may be set for one script.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Timeouts {
    pub(crate) lock: Duration,
    pub(crate) statement: Duration,
    pub(crate) limits: Limits,
}

impl Timeouts {
    /// Sets them, for the session or with `LOCAL ` for the transaction; and how many
    /// statements that takes.
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

/// What the role, the database or the server ends sessions for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Limits {
    /// Transactions that take long (`transaction_timeout`, from Postgres 17).
    pub(crate) transactions: Limit,
    /// Nothing to do (`idle_session_timeout`, from Postgres 14).
    pub(crate) idle: Limit,
}

/// Whether there is such a limit, so that it is to be switched off.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Limit {
    #[default]
    None,
    Some,
}

impl Limits {
    /// Lets the session wait for as long as it likes, as others are waited for; behind
    /// a [`RESET`].
    pub(crate) fn stay(self) -> &'static str {
        match self.idle {
            Limit::None => "",
            Limit::Some => "SET idle_session_timeout = 0;",
        }
    }
}

/// As Postgres takes a timeout: in whole milliseconds, of which zero would be
/// none, up to the largest `int4` (`guc_tables.c`).
pub(crate) fn milliseconds(timeout: Duration) -> u128 {
    timeout.as_nanos().div_ceil(1_000_000).min(i32::MAX as u128)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::milliseconds;

    #[test]
    fn a_timeout_is_what_postgres_takes() {
        assert_eq!(milliseconds(Duration::ZERO), 0);
        assert_eq!(milliseconds(Duration::from_micros(1)), 1);
        assert_eq!(milliseconds(Duration::MAX), 2_147_483_647);
    }
}
