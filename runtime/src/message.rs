//! The text of one simple-query message, and the way from a place in it back
//! to a place in the script.

use std::ops::Range;
use std::time::Duration;

use migrator_model::diagnostic::Position;
use migrator_model::sql::statements;

/// What may be set for one script.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Timeouts {
    pub(crate) lock: Duration,
    pub(crate) statement: Duration,
}

/// Whether a commit waits until it is on disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Commit {
    /// It does not: a later commit of the same connection will.
    Deferred,
    /// As the server is set.
    Durable,
}

/// A message, and where in it the script lies.
#[derive(Clone, Debug)]
pub(crate) struct Message {
    pub(crate) text: String,
    script: Range<usize>,
    /// How many statements come before those of the script.
    before: usize,
}

/// Takes back what a script may have left in the session: the role, the
/// settings, cursors, temporary tables, sequences' last values.
///
/// `DISCARD ALL` would do it, but is refused inside a transaction.
const RESET: &str = "SET SESSION AUTHORIZATION DEFAULT;RESET ROLE;RESET ALL;\
                     CLOSE ALL;UNLISTEN *;DISCARD TEMP;DISCARD SEQUENCES;";

impl Message {
    /// A script in a transaction of its own, with what records it.
    pub(crate) fn transaction(
        script: &str,
        record: &str,
        timeouts: Timeouts,
        commit: Commit,
    ) -> Message {
        let commit = match commit {
            Commit::Deferred => "SET LOCAL synchronous_commit = off;",
            Commit::Durable => "",
        };
        let head = format!(
            "BEGIN;SET LOCAL lock_timeout = {};SET LOCAL statement_timeout = {};\n",
            timeouts.lock.as_millis(),
            timeouts.statement.as_millis()
        );
        let script_range = head.len()..head.len() + script.len();
        // The line break ends a last line comment, the semicolon a last statement.
        let text = format!("{head}{script}\n;{RESET}{commit}{record}COMMIT;");
        Message {
            text,
            script: script_range,
            before: 3,
        }
    }

    /// One statement of a script, by itself.
    pub(crate) fn statement(script: &str, statement: Range<usize>) -> Statement<'_> {
        Statement { script, statement }
    }

    /// What only records: no part of a script.
    pub(crate) fn bookkeeping(record: &str) -> String {
        format!("BEGIN;{RESET}{record}COMMIT;")
    }

    /// Sets the timeouts for statements outside a transaction.
    pub(crate) fn timeouts(timeouts: Timeouts) -> String {
        format!(
            "SET lock_timeout = {};SET statement_timeout = {};",
            timeouts.lock.as_millis(),
            timeouts.statement.as_millis()
        )
    }

    /// The position in the script of what failed: that which the server named,
    /// or else the start of the statement after the last one that `completed`.
    pub(crate) fn locate(&self, named: Option<u32>, completed: usize) -> Option<Position> {
        let script = self.text.get(self.script.clone())?;
        let named = named
            .and_then(|position| byte_of(&self.text, position))
            .filter(|offset| self.script.contains(offset))
            .map(|offset| offset - self.script.start);
        let offset = match named {
            Some(offset) => offset,
            None => {
                let index = completed.checked_sub(self.before)?;
                statements(script).get(index)?.start
            }
        };
        Some(Position::at(script, offset))
    }
}

/// One statement of a script.
pub(crate) struct Statement<'a> {
    script: &'a str,
    statement: Range<usize>,
}

impl Statement<'_> {
    pub(crate) fn text(&self) -> &str {
        &self.script[self.statement.clone()]
    }

    pub(crate) fn locate(&self, named: Option<u32>) -> Position {
        let named = named.and_then(|position| byte_of(self.text(), position));
        Position::at(self.script, self.statement.start + named.unwrap_or(0))
    }
}

/// The byte offset of a position as Postgres counts: in characters, from 1
/// (protocol documentation, "Error and Notice Message Fields", `P`).
fn byte_of(text: &str, position: u32) -> Option<usize> {
    let index = usize::try_from(position).ok()?.checked_sub(1)?;
    text.char_indices().nth(index).map(|(offset, _)| offset)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{Commit, Message, Timeouts};

    const TIMEOUTS: Timeouts = Timeouts {
        lock: Duration::from_secs(5),
        statement: Duration::ZERO,
    };

    fn message(script: &str) -> Message {
        Message::transaction(script, "RECORD;", TIMEOUTS, Commit::Deferred)
    }

    #[test]
    fn a_named_position_is_mapped_into_the_script() {
        let message = message("SELECT 'ü';\nSELECT x");
        let at = message.text.find("x\n").expect("it is there");
        let named = message.text[..at].chars().count() + 1;
        let named = u32::try_from(named).expect("small");
        let position = message.locate(Some(named), 0).expect("it is in the script");
        assert_eq!(position.to_string(), "2:8");
    }

    #[test]
    fn without_a_position_the_statement_that_did_not_complete_is_named() {
        let message = message("SELECT 1;\n  SELECT 2;");
        assert_eq!(message.locate(None, 3).expect("first").to_string(), "1:1");
        assert_eq!(message.locate(None, 4).expect("second").to_string(), "2:3");
        assert_eq!(
            message.locate(None, 5),
            None,
            "the failure is in our own part"
        );
        assert_eq!(message.locate(None, 1), None);
    }

    #[test]
    fn a_last_comment_does_not_swallow_what_follows() {
        assert!(
            message("SELECT 1 -- end")
                .text
                .contains("-- end\n;SET SESSION")
        );
    }
}
