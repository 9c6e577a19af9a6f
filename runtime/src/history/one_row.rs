//! A write that fails unless it changes exactly one row.

use super::guard::{columns_to_run, raise, run_text};
use crate::session::quote::quote_literal;
use crate::session::text::Text;

/// A change of exactly one row of the history.
#[derive(Clone, Debug)]
pub(crate) struct Write {
    pub(super) table: String,
    /// An INSERT, UPDATE or DELETE without RETURNING.
    pub(super) statement: Text,
    /// The condition that the new row must meet: a trigger may write another value.
    pub(super) condition: String,
}

/// The WITH query that makes the change of an entry, and the one that adds an event.
const ENTRY: &str = "entry";
const EVENT: &str = "event";

impl Write {
    /// The statement that makes the change. It fails unless exactly one row changes and meets the
    /// condition. A trigger may discard the change, and the entry may have been deleted.
    pub(crate) fn alone(self) -> Text {
        let failure = quote_literal(&unexpected(&self.table));
        let mut text = Text::from("WITH ");
        text.append(self.named(ENTRY));
        text.push(" ");
        text.push(&one_row(ENTRY, &failure));
        text
    }

    /// One statement that makes the change and adds its event. It fails unless each of them
    /// changes exactly one row that meets its condition. The event is not written unless the entry
    /// is as expected.
    pub(crate) fn with_event(self, mut event: Write) -> Text {
        let only_then = format!(" FROM {ENTRY} WHERE {ENTRY}.as_expected");
        event.statement.push(&only_then);
        let failure = format!(
            "CASE WHEN EXISTS (SELECT FROM {ENTRY} WHERE {ENTRY}.as_expected) THEN {} ELSE {} END",
            quote_literal(&unexpected(&event.table)),
            quote_literal(&unexpected(&self.table)),
        );
        let mut text = Text::from("WITH ");
        text.append(self.named(ENTRY));
        text.push(", ");
        text.append(event.named(EVENT));
        text.push(" ");
        text.push(&one_row(EVENT, &failure));
        text
    }

    /// The change as a WITH query of this name.
    fn named(self, name: &str) -> Text {
        let mut text = Text::from(format!("{name} AS ("));
        text.append(self.statement);
        text.push(&format!(" RETURNING {} AS as_expected)", self.condition));
        text
    }
}

/// A query that fails unless a WITH query has one row that is as expected. `failure` is the text
/// of the query that fails with the reason.
fn one_row(changes: &str, failure: &str) -> String {
    format!(
        "SELECT CASE WHEN pg_catalog.count(*) OPERATOR(pg_catalog.=) 1 THEN 1 ELSE {} END \
         FROM {changes} WHERE {changes}.as_expected;",
        run_text(failure)
    )
}

/// A query that fails, as a write of this table did not change the row that it should change. The
/// error names the triggers of the table.
///
/// It is run from its text, so that the server does not plan it with every write.
fn unexpected(table: &str) -> String {
    let name = quote_literal(&table.replace('"', ""));
    let raise = raise(&format!(
        "'a write of the history changed 0 rows of `', {name}, '` where 1 was expected', \
         '; the table has the trigger ' OPERATOR(pg_catalog.||) pg_catalog.string_agg(\
           pg_catalog.concat('`', pg_catalog.quote_ident(t.tgname::pg_catalog.text), '`'), \
           ', ' ORDER BY t.tgname)"
    ));
    format!(
        "SELECT {} FROM pg_catalog.pg_trigger t \
         WHERE t.tgrelid OPERATOR(pg_catalog.=) {}::pg_catalog.regclass AND NOT t.tgisinternal",
        columns_to_run(&raise),
        quote_literal(table)
    )
}
