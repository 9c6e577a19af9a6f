//! Statements of the caller in the transaction that records migrations.

use migrator_plan::Conflict;
use tokio_postgres::error::{DbError, SqlState};

/// Statements that run in the transaction that records migrations without running them. If one of
/// them fails, nothing is recorded.
///
/// The statements run with the role, the `search_path` and the other settings of a new session.
#[derive(Clone, Debug, Default)]
pub struct Alongside {
    pub(super) checks: Vec<Check>,
    pub(super) after: Vec<String>,
}

/// A statement that fails unless a condition is met.
#[derive(Clone, Debug)]
pub(super) struct Check {
    pub(super) statement: String,
    pub(super) refusal: Conflict,
}

impl Alongside {
    /// Adds one statement that runs before the first entry is written.
    ///
    /// `refusal` is the error if the statement divides by zero (SQLSTATE 22012), or does not get a
    /// lock (55P03).
    #[must_use]
    pub fn check(mut self, statement: impl Into<String>, refusal: Conflict) -> Alongside {
        self.checks.push(Check {
            statement: statement.into(),
            refusal,
        });
        self
    }

    /// Adds one statement that runs after the last entry is written.
    #[must_use]
    pub fn after(mut self, statement: impl Into<String>) -> Alongside {
        self.after.push(statement.into());
        self
    }
}

impl Check {
    /// The refusal, if the condition is not met.
    pub(super) fn refuses(&self, db_error: &DbError) -> Option<Conflict> {
        let unmet = [&SqlState::DIVISION_BY_ZERO, &SqlState::LOCK_NOT_AVAILABLE];
        unmet
            .contains(&db_error.code())
            .then(|| self.refusal.clone())
    }
}
