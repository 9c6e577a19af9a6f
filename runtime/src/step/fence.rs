//! Checks, before each statement of a step outside a transaction, that the run still holds the
//! lock and that the dirty entry is the one that the run wrote.
//!
//! A run can sleep between two statements when its machine sleeps. Meanwhile its lock's session
//! may end, and other runs may start. The check is a message of its own, sent right before the
//! statement. A failed check leaves its transaction open, so that the server refuses the
//! statement after it.

use migrator_model::sql::{chains_transaction, ends_transaction, opens_transaction};
use migrator_plan::Step;

use crate::history::checks;
use crate::history::schema::Tables;
use crate::session::advisory::LockProof;
use crate::session::reset::mentions;

/// The transaction that wrote a step's dirty entry.
#[derive(Clone, Debug)]
pub(crate) struct Mark(pub(crate) String);

/// The checks of one script.
#[derive(Debug)]
pub(crate) struct Fence {
    outside: String,
    inside: String,
    place: Place,
}

/// The position in the script.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    Outside,
    /// In a transaction that the script has opened itself.
    Inside,
}

/// The statements that fail unless the run still holds its lock and the dirty entry is its own. They
/// run before each statement of a step outside a transaction, and at its end.
pub(crate) fn check_lock_and_mark(
    tables: &Tables,
    step: &Step<'_>,
    lock: LockProof,
    mark: &Mark,
) -> String {
    checks::check_lock(lock) + &checks::check_mark(tables, step.service(), step.version(), &mark.0)
}

impl Fence {
    /// The checks of a script whose step is marked.
    pub(crate) fn new(
        tables: &Tables,
        step: &Step<'_>,
        script: &str,
        lock: LockProof,
        mark: &Mark,
    ) -> Fence {
        let lock_alone = checks::check_lock(lock);
        let outside = match changes_user(script) {
            // The script may have switched to a role that cannot read the history.
            true => format!("BEGIN;{lock_alone}COMMIT;"),
            false => {
                let check = check_lock_and_mark(tables, step, lock, mark);
                format!("BEGIN;SET LOCAL role TO DEFAULT;{check}COMMIT;")
            }
        };
        Fence {
            outside,
            inside: lock_alone,
            place: Place::Outside,
        }
    }

    /// The check to send before the next statement, if there is one.
    ///
    /// In the script's own transaction only the COMMIT is checked. Before it the transaction has
    /// changed nothing, and the script may still choose the isolation level.
    pub(crate) fn before(&mut self, statement: &str) -> Option<&str> {
        match self.place {
            Place::Outside => {
                if opens_transaction(statement) {
                    self.place = Place::Inside;
                }
                Some(&self.outside)
            }
            Place::Inside if ends_transaction(statement) => {
                if !chains_transaction(statement) {
                    self.place = Place::Outside;
                }
                Some(&self.inside)
            }
            Place::Inside => None,
        }
    }
}

/// Whether a script may change the session's user, and not only its role.
fn changes_user(script: &str) -> bool {
    mentions(script, "authorization")
}

#[cfg(test)]
mod tests {
    use super::{Fence, Place};

    /// Where the checks go: outside (`out`) or inside (`in`) the script's own transactions.
    fn checks(script: &[&str]) -> Vec<Option<String>> {
        let mut fence = Fence {
            outside: "out".to_owned(),
            inside: "in".to_owned(),
            place: Place::Outside,
        };
        let check = |statement: &&str| fence.before(statement).map(str::to_owned);
        script.iter().map(check).collect()
    }

    #[test]
    fn every_statement_outside_a_transaction_is_checked() {
        let (out, r#in) = (Some("out".to_owned()), Some("in".to_owned()));
        let script = ["VACUUM a", "BEGIN", "SELECT 1", "COMMIT", "VACUUM b"];
        let expected = [out.clone(), out.clone(), None, r#in.clone(), out.clone()];
        assert_eq!(checks(&script), expected);
        let script = [
            "start transaction read write",
            "ROLLBACK TO SAVEPOINT a",
            "COMMIT AND CHAIN",
            "SELECT 1",
            "/* */ END",
            "REINDEX TABLE a",
        ];
        let expected = [out.clone(), None, r#in.clone(), None, r#in, out];
        assert_eq!(checks(&script), expected);
    }
}
