//! Reads a script's SQL: its normal form, checksum, fingerprint and statements.
//!
//! The tokens of `token` and `lexer` follow Postgres's `scan.l` with
//! `standard_conforming_strings` on. `control` alone reads what a statement means.

mod control;
mod fingerprint;
mod lexer;
mod operator;
mod part;
mod secret;
mod sip;
mod statement;
mod token;

use std::borrow::Cow;

pub use control::{Unfit, Why, chains_transaction, ends_transaction, opens_transaction, unfit};
pub(crate) use fingerprint::Fingerprint;
pub use fingerprint::fingerprint;
use lexer::BYTE_ORDER_MARK;
pub(crate) use lexer::Kind;
pub use part::{Part, first_word, parts};
pub use secret::{may_have_password, without_passwords};
use sip::SipHash13;
pub use statement::statements;
pub(crate) use token::{Token, tokens};

/// The SQL without a byte-order mark and with `\n` at the end of each line.
///
/// Files that differ only in these have the same checksum.
#[must_use]
pub fn normalise(raw: &str) -> Cow<'_, str> {
    let text = raw.strip_prefix(BYTE_ORDER_MARK).unwrap_or(raw);
    // `contains` of one character is fast in a macro, which is not optimised.
    if text.contains('\r') && text.contains("\r\n") {
        Cow::Owned(text.replace("\r\n", "\n"))
    } else {
        Cow::Borrowed(text)
    }
}

/// A name in SQL, in quotes.
#[must_use]
pub fn quote_identifier(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// refinery's checksum of a migration: `SipHash` 1-3 over name, version and SQL.
///
/// The result is that of `refinery::Migration::checksum` (refinery-core 0.10, `runner.rs`,
/// feature `int8-versions`). A test of `migrator-runtime` compares the two.
#[must_use]
pub fn checksum(history_name: &str, version: i64, sql: &str) -> u64 {
    let mut hash = SipHash13::new();
    // A text ends with a byte that UTF-8 does not contain, as in the standard library.
    hash.write(history_name.as_bytes());
    hash.write(&[0xff]);
    hash.write(&version.to_le_bytes());
    hash.write(sql.as_bytes());
    hash.write(&[0xff]);
    hash.finish()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{fingerprint, normalise, statements, tokens};

    fn split(sql: &str) -> Vec<&str> {
        statements(sql)
            .into_iter()
            .map(|range| &sql[range])
            .collect()
    }

    #[test]
    fn statements_end_at_semicolons() {
        assert_eq!(split("SELECT 1; SELECT 2"), ["SELECT 1", "SELECT 2"]);
        assert_eq!(split(";; SELECT 1 ;\n-- end\n;"), ["SELECT 1"]);
        assert!(split("-- nothing\n/* here */").is_empty());
    }

    #[test]
    fn a_semicolon_in_quotes_or_a_comment_ends_no_statement() {
        assert_eq!(split("SELECT ';', E'\\';', \";\"").len(), 1);
        assert_eq!(split("SELECT 'a\\'; SELECT 2").len(), 2);
        assert_eq!(split("SELECT $$;$$, $t$ $$;$$ $t$").len(), 1);
        assert_eq!(split("/* ; /* ; */ ; */ SELECT 1").len(), 1);
        assert_eq!(split("SELECT 1 -- ;\n, 2").len(), 1);
    }

    #[test]
    fn an_atomic_body_is_part_of_its_statement() {
        let sql = "CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT 1; \
                   SELECT CASE WHEN true THEN 1 END; END; SELECT 2";
        assert_eq!(split(sql).len(), 2);
        assert_eq!(split("BEGIN; SELECT 1; END; SELECT 2").len(), 4);
    }

    #[test]
    fn a_rule_body_is_part_of_its_statement() {
        let sql = "CREATE RULE r AS ON INSERT TO t DO (DELETE FROM u; DELETE FROM v); SELECT 1";
        assert_eq!(split(sql).len(), 2);
    }

    #[test]
    fn a_byte_order_mark_and_line_ends_are_normalised() {
        assert_eq!(normalise("\u{feff}a\r\nb\r\n"), "a\nb\n");
        assert_eq!(normalise("a\rb"), "a\rb");
    }

    #[test]
    fn a_string_with_escapes_may_continue_in_another_line() {
        assert_eq!(split("SELECT E'a'\n'b\\'; SELECT 2'; SELECT 3").len(), 2);
        assert_eq!(split("SELECT 'a'\n'b\\'; SELECT 2").len(), 2);
        let one = "SELECT E'a' -- first\n  'it\\'s -- not a comment'";
        assert_eq!(
            fingerprint(one),
            fingerprint(&one.replace("-- first", "-- 1st"))
        );
        assert_ne!(fingerprint(one), fingerprint(&one.replace("not a", "no")));
    }

    proptest! {
        #[test]
        fn tokens_cover_any_text(sql in "\\PC{0,80}|[-/*$'\"();aEe\\\\ \n]{0,80}") {
            let end = tokens(&sql).fold(0, |at, token| {
                assert_eq!(at, token.range.start);
                token.range.end
            });
            prop_assert_eq!(end, sql.len());
            for range in statements(&sql) {
                prop_assert!(sql.get(range).is_some());
            }
        }
    }
}
