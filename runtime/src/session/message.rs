//! The text of one simple-query message, and how a position in it maps to a position in the
//! script.

use std::ops::Range;
use std::time::Duration;

use migrator_connect::SharedText;
use migrator_model::place::Position;
use migrator_model::sql::statements;

use super::advisory::LockHolder;
use super::quote::tag;
use super::reset::{forget, reset};
use super::span::Span;
use super::text::Text;
use super::timeouts::{Timeouts, milliseconds};
use crate::error::fault::Part;

/// How long a commit waits for the disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Commit {
    /// It does not wait: a later commit of the same connection does.
    Deferred,
    /// It waits for this server's disk, but not for a standby.
    Local,
    /// It waits as the server's settings say.
    Durable,
}

impl Commit {
    fn set(self) -> &'static str {
        match self {
            Commit::Deferred => "SET LOCAL synchronous_commit = off;",
            Commit::Local => "SET LOCAL synchronous_commit = local;",
            Commit::Durable => "",
        }
    }
}

/// A message, and where the script is in it.
#[derive(Clone, Debug)]
pub(crate) struct Message {
    pub(crate) text: Text,
    script: SharedText,
    /// Where the script starts in the text.
    start: usize,
    /// The number of statements before those of the script.
    before: usize,
}

/// The parts of a message that not every script has.
#[derive(Default)]
pub(crate) struct Opening {
    /// Statements that fail unless the previous step is recorded as done.
    pub(crate) after_step: Option<Text>,
    /// A statement that marks the message as running until its transaction ends.
    pub(crate) claim: Option<String>,
    /// The text right before and right after the script, by which the server finds it; see
    /// [`edge`].
    pub(crate) edge: Option<String>,
    /// The session that holds the locks of the run, which decides what the reset after the script
    /// releases.
    pub(crate) locks: LockHolder,
}

/// A text that can be right before and right after a script, and that the script does not contain.
///
/// It begins with a line break, and its tag does not occur in the script. So it does not occur
/// across an end of the script either.
pub(crate) fn edge(script: &str) -> String {
    format!("\n;-- {}\n", tag(script))
}

impl Message {
    /// The message of a script in its own transaction, with the statements that record it.
    pub(crate) fn transaction(
        script: &SharedText,
        record: Text,
        opening: &Opening,
        timeouts: Timeouts,
        commit: Commit,
    ) -> Message {
        Message::in_span(script, record, opening, timeouts, commit, Span::Whole)
    }

    /// Builds every message that has a script: a transaction or, for another [`Span`], a part of a
    /// transaction. `record` is statements that run after the script.
    ///
    /// The message of a step that is sent before the server has answered the previous one. `…`
    /// stands for long parts:
    ///
    /// ```text
    /// BEGIN;SET LOCAL row_security = off;SELECT 1 OPERATOR(pg_catalog./) …;COMMIT;
    /// BEGIN;SET LOCAL lock_timeout = 5000;SET LOCAL statement_timeout = 0;
    /// LOCK TABLE ONLY "migrator"."tenant_history" IN ROW EXCLUSIVE MODE;
    /// CREATE TABLE tenants (id uuid PRIMARY KEY);
    /// ;SET SESSION AUTHORIZATION DEFAULT;RESET ROLE;RESET ALL;…
    /// SET LOCAL lock_timeout = 5000;SET LOCAL row_security = off;
    /// SET LOCAL synchronous_commit = off;
    /// WITH entry AS (INSERT INTO "migrator"."tenant_history" …),
    /// event AS (INSERT INTO "migrator".event …) SELECT …;COMMIT;
    /// ```
    pub(crate) fn in_span(
        script: &SharedText,
        record: Text,
        opening: &Opening,
        timeouts: Timeouts,
        commit: Commit,
        span: Span,
    ) -> Message {
        let [begin, end] = span.bounds();
        let commit = commit.set();
        // This check has its own transaction: the script may still choose its isolation level.
        let (check, checks) = match &opening.after_step {
            Some(check) => {
                let check = check.without_scripts_from(0);
                (
                    format!("BEGIN;{UNHIDDEN}{check}COMMIT;"),
                    3 + statements(&check).len(),
                )
            }
            None => (String::new(), 0),
        };
        let claim = opening.claim.as_deref().unwrap_or_default();
        let forget = forget(script);
        let stay = timeouts.limits.stay();
        let limit = lock_limit(timeouts.lock);
        let (timeouts, settings) = timeouts.set("LOCAL ");
        let more = [claim, forget]
            .iter()
            .filter(|part| !part.is_empty())
            .count();
        let before = checks + 1 + settings + more;
        // The line break ends a line comment at the script's end; the semicolon ends a statement.
        let (above, below) = match &opening.edge {
            Some(edge) => (edge.as_str(), edge.as_str()),
            None => ("\n", "\n;"),
        };
        let mut text = Text::from(format!("{check}{begin}{timeouts}{forget}{claim}{above}"));
        let start = text.len();
        text.push_script(script, 0..script.len());
        let reset = reset(opening.locks);
        text.push(&format!("{below}{reset}{limit}{stay}{forget}{commit}"));
        text.append(record);
        text.push(end);
        Message {
            text,
            script: script.clone(),
            start,
            before,
        }
    }

    /// A single statement of a script.
    pub(crate) fn statement(script: &SharedText, statement: Range<usize>) -> ScriptStatement<'_> {
        ScriptStatement { script, statement }
    }

    /// The text of a message that only writes the history, without a script. It waits up to `lock`
    /// for locks on the history; zero means no limit.
    pub(crate) fn bookkeeping(
        record: Text,
        lock: Duration,
        commit: Commit,
        locks: LockHolder,
    ) -> Text {
        let (reset, limit, commit) = (reset(locks), lock_limit(lock), commit.set());
        let mut text = Text::from(format!("BEGIN;{reset}{limit}{commit}"));
        text.append(record);
        text.push("COMMIT;");
        text
    }

    /// The text of the statements that set the session's timeouts, for statements outside a
    /// transaction.
    pub(crate) fn timeouts(timeouts: Timeouts) -> String {
        timeouts.set("").0
    }

    /// Which part failed after `completed` statements: the script, the claim or the record, or the
    /// COMMIT.
    pub(crate) fn failed_part(&self, completed: usize) -> Part {
        let behind = self.text.without_scripts_from(self.script().end);
        let first = self.before + statements(&self.script).len();
        let commit = first + statements(&behind).len().saturating_sub(1);
        if completed + 1 == self.before || (first..commit).contains(&completed) {
            Part::Record
        } else if completed == commit && behind.ends_with("COMMIT;") {
            Part::Commit
        } else {
            Part::Script
        }
    }

    /// The position of the failure in the script: the position that the server named, or else the
    /// start of the statement after the last `completed` one.
    ///
    /// A script that ends in the middle of a statement fails at text after the script, before any
    /// statement has run. The position is then the end of the script.
    pub(crate) fn locate(&self, named: Option<u32>, completed: usize) -> Option<Position> {
        let (script, range) = (&*self.script, self.script());
        let named = named.and_then(|position| self.text.byte_of(position));
        let offset = match named {
            Some(offset) if range.contains(&offset) => offset - range.start,
            Some(offset) if completed == 0 && offset >= range.end => script.trim_end().len(),
            Some(_) | None => {
                let index = completed.checked_sub(self.before)?;
                statements(script).get(index)?.start
            }
        };
        Some(Position::at(script, offset))
    }

    /// The range of the script in the text.
    fn script(&self) -> Range<usize> {
        self.start..self.start + self.script.len()
    }
}

/// Sets how long the statements after a [`reset`] wait for locks. The statements that record a
/// script still hold the script's locks, and other sessions wait for those.
fn lock_limit(lock: Duration) -> String {
    format!("SET LOCAL lock_timeout = {};{UNHIDDEN}", milliseconds(lock))
}

/// Makes row security raise an error instead of hiding a row of the history.
const UNHIDDEN: &str = "SET LOCAL row_security = off;";

/// One statement of a script.
pub(crate) struct ScriptStatement<'a> {
    script: &'a SharedText,
    statement: Range<usize>,
}

impl ScriptStatement<'_> {
    pub(crate) fn text(&self) -> Text {
        let mut text = Text::default();
        text.push_script(self.script, self.statement.clone());
        text
    }

    pub(crate) fn locate(&self, named: Option<u32>) -> Position {
        let named = named.and_then(|position| self.text().byte_of(position));
        Position::at(self.script, self.statement.start + named.unwrap_or(0))
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{Commit, Message, Opening, Part, SharedText, Timeouts, forget};
    use crate::session::timeouts::{Limit, Limits};

    const TIMEOUTS: Timeouts = Timeouts {
        lock: Duration::from_secs(5),
        statement: Duration::ZERO,
        limits: Limits {
            transactions: Limit::None,
            idle: Limit::None,
        },
    };

    fn message(script: &str) -> Message {
        with_opening(script, "RECORD;", &Opening::default(), TIMEOUTS)
    }

    fn with_opening(script: &str, record: &str, opening: &Opening, timeouts: Timeouts) -> Message {
        let script = SharedText::from(script.to_owned());
        Message::transaction(&script, record.into(), opening, timeouts, Commit::Deferred)
    }

    fn text(message: &Message) -> &str {
        message.text.short().expect("the script is short")
    }

    #[test]
    fn a_named_position_is_mapped_into_the_script() {
        let message = message("SELECT 'ü';\nSELECT x");
        let at = text(&message).find("x\n").expect("it is there");
        let named = text(&message)[..at].chars().count() + 1;
        let named = u32::try_from(named).expect("small");
        let position = message.locate(Some(named), 0).expect("it is in the script");
        assert_eq!(position.to_string(), "2:8");
    }

    #[test]
    fn without_a_position_the_unfinished_statement_is_named() {
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
    fn a_script_that_breaks_off_fails_at_its_end() {
        let message = message("CREATE TABLE t (\n  id int\n");
        let end = u32::try_from(message.script().end + 2).expect("small");
        let position = message.locate(Some(end), 0).expect("it is in the script");
        assert_eq!(position.to_string(), "2:9");
    }

    #[test]
    fn a_failed_record_is_distinguished_from_script_and_commit() {
        let message = message("SELECT 1;\n  SELECT 2;");
        let all = super::statements(text(&message)).len();
        let part = |completed| message.failed_part(completed);
        assert_eq!(part(0), Part::Script, "a text that does not parse");
        assert_eq!([part(3), part(4)], [Part::Script; 2]);
        assert!((5..all - 1).all(|completed| part(completed) == Part::Record));
        assert_eq!(part(all - 1), Part::Commit);
    }

    #[test]
    fn statements_are_counted_whatever_precedes_the_script() {
        let timeouts = Timeouts {
            limits: Limits {
                transactions: Limit::Some,
                idle: Limit::Some,
            },
            ..TIMEOUTS
        };
        let script = "PREPARE s AS SELECT 1;\nSELECT 2;";
        let opening = Opening {
            after_step: Some("SELECT 1;".into()),
            claim: Some("SELECT 1;".to_owned()),
            edge: Some(super::edge(script)),
            ..Opening::default()
        };
        let message = with_opening(script, "", &opening, timeouts);
        let before = super::statements(&text(&message)[..message.start]).len();
        let second = message.locate(None, before + 1).expect("it is there");
        assert_eq!(second.to_string(), "2:1");
    }

    #[test]
    fn a_script_is_between_the_first_two_edges_of_its_message() {
        for script in [
            "SELECT 1",
            "SELECT 1; -- end",
            "\n;-- $m$\n",
            "\n;-- $mm$\n;-- $m$",
            "SELECT $m$;\n;-- $m",
            "SELECT 1;\n;-- ",
            "\n",
        ] {
            let edge = super::edge(script);
            let opening = Opening {
                edge: Some(edge.clone()),
                ..Opening::default()
            };
            let message = with_opening(script, &format!("'{edge}'"), &opening, TIMEOUTS);
            assert_eq!(text(&message).split(&edge).nth(1), Some(script));
        }
    }

    #[test]
    fn prepared_statements_are_dropped_if_a_script_mentions_them() {
        assert_eq!(forget("Prepare s AS SELECT 1"), "DEALLOCATE ALL;");
        assert_eq!(forget("SELECT 'prep'"), "");
        let message = message("PREPARE s AS SELECT 1");
        assert_eq!(text(&message).matches("DEALLOCATE ALL;").count(), 2);
    }

    #[test]
    fn a_comment_at_the_end_does_not_hide_the_next_statement() {
        let message = message("SELECT 1 -- end");
        assert!(text(&message).contains("-- end\n;SET SESSION"));
    }
}
