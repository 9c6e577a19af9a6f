//! Finds statements that end a transaction or exchange data with the client.
//!
//! A script and its history entry run in one transaction, and the client neither reads nor
//! sends rows. At build time, `analysis` refuses such statements with the help of this module
//! (`transaction/control.rs`, `client.rs`). At run time, `runtime` refuses them before it sends a
//! script (`step/source.rs`).

use super::lexer::Kind;
use super::statement::{Place, split};
use super::token::{Token, tokens};
use crate::mode::Mode;

/// A statement that a script must not contain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unfit {
    /// Where the statement starts in the script, in bytes.
    pub offset: usize,
    /// Why the script must not contain it.
    pub why: Why,
}

/// Why a script must not contain a statement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Why {
    /// It ends the transaction of the script and its history entry.
    EndsTransaction,
    /// It reads rows from the client, or sends rows to the client.
    TalksToClient,
}

/// The first statement that a script with this mode must not contain.
#[must_use]
pub fn unfit(sql: &str, mode: Mode) -> Option<Unfit> {
    let mut words = Words::default();
    let mut start = 0;
    let found = |words: &Words<'_>, offset| {
        let why = if mode == Mode::Transaction && words.end_transaction() {
            Why::EndsTransaction
        } else if words.talk_to_client() {
            Why::TalksToClient
        } else {
            return None;
        };
        Some(Unfit { offset, why })
    };
    for (place, token) in split(sql) {
        if place == Place::First {
            if let Some(unfit) = found(&words, start) {
                return Some(unfit);
            }
            words = Words::default();
            start = token.range.start;
        }
        words.push(sql, &token);
    }
    found(&words, start)
}

/// Whether a statement begins a transaction.
#[must_use]
pub fn opens_transaction(statement: &str) -> bool {
    Words::read(statement).open_transaction()
}

/// Whether a statement ends a transaction. `ROLLBACK TO` a savepoint does not.
#[must_use]
pub fn ends_transaction(statement: &str) -> bool {
    Words::read(statement).end_transaction()
}

/// Whether a statement that ends a transaction begins the next one: `COMMIT AND CHAIN`.
#[must_use]
pub fn chains_transaction(statement: &str) -> bool {
    Words::read(statement).has_pair(&["AND"], &["CHAIN"])
}

impl Why {
    /// The message.
    #[must_use]
    pub fn message(self) -> &'static str {
        match self {
            Why::EndsTransaction => {
                "this statement ends the transaction of the script and its history entry"
            }
            Why::TalksToClient => {
                "this statement exchanges rows with the client: `migrator` sends and receives no rows"
            }
        }
    }

    /// The help: what to write instead.
    #[must_use]
    pub fn help(self) -> &'static str {
        match self {
            Why::EndsTransaction => {
                "remove it, and the BEGIN that belongs to it; if the script cannot run in one \
                 transaction, start it with `-- migrator: no-transaction`"
            }
            Why::TalksToClient => "write the rows as INSERT",
        }
    }
}

/// The words of a statement outside parentheses. Each other token becomes an empty word.
#[derive(Default)]
struct Words<'a> {
    all: Vec<&'a str>,
    /// The number of open parentheses.
    depth: usize,
    /// Whether this module recognises no statement that starts like this one.
    is_other: bool,
}

impl<'a> Words<'a> {
    fn read(statement: &'a str) -> Words<'a> {
        let mut words = Words::default();
        for token in tokens(statement).filter(|token| !token.is_trivia()) {
            words.push(statement, &token);
            if words.is_other {
                break;
            }
        }
        words
    }

    /// Adds the next token of the statement.
    fn push(&mut self, sql: &'a str, token: &Token) {
        if self.is_other {
            return;
        }
        match token.kind {
            Kind::OpenParen => self.depth += 1,
            Kind::CloseParen => self.depth = self.depth.saturating_sub(1),
            Kind::Word if self.depth == 0 => self.all.push(&sql[token.range.clone()]),
            Kind::Blank
            | Kind::LineComment
            | Kind::BlockComment
            | Kind::Semicolon
            | Kind::Word
            | Kind::Other => {
                if self.depth == 0 {
                    self.all.push("");
                }
            }
        }
        let first = self.all.first();
        let is_opening = |first: &&str| OPENING.iter().any(|other| same(first, other));
        self.is_other = !first.is_some_and(is_opening);
    }

    fn is(&self, at: usize, one_of: &[&str]) -> bool {
        let word = self.all.get(at);
        word.is_some_and(|word| one_of.iter().any(|other| same(word, other)))
    }

    fn has_pair(&self, first: &[&str], second: &[&str]) -> bool {
        (1..self.all.len()).any(|at| self.is(at - 1, first) && self.is(at, second))
    }

    fn open_transaction(&self) -> bool {
        self.is(0, &["BEGIN"]) || (self.is(0, &["START"]) && self.is(1, &["TRANSACTION"]))
    }

    fn end_transaction(&self) -> bool {
        if self.is(0, &["ROLLBACK", "ABORT"]) {
            let filler = &["WORK", "TRANSACTION"];
            let next = (1..self.all.len()).find(|&at| !self.is(at, filler));
            return !next.is_some_and(|at| self.is(at, &["TO"]));
        }
        // `PREPARE transaction AS …` prepares a statement with that name. `PREPARE
        // TRANSACTION '…'` prepares a transaction.
        self.is(0, &["COMMIT", "END"])
            || (self.is(0, &["PREPARE"]) && self.is(1, &["TRANSACTION"]) && self.is(2, &[""]))
    }

    fn talk_to_client(&self) -> bool {
        self.is(0, &["COPY"]) && self.has_pair(&["FROM", "TO"], &["STDIN", "STDOUT"])
    }
}

/// The first words of the statements that this module recognises.
const OPENING: [&str; 8] = [
    "BEGIN", "START", "COMMIT", "END", "ROLLBACK", "ABORT", "PREPARE", "COPY",
];

fn same(word: &str, other: &str) -> bool {
    word.eq_ignore_ascii_case(other)
}

#[cfg(test)]
mod tests {
    use super::{chains_transaction, ends_transaction, opens_transaction, unfit};
    use crate::mode::Mode;

    fn is_unfit(sql: &str) -> bool {
        unfit(sql, Mode::Transaction).is_some()
    }

    #[test]
    fn a_statement_that_ends_the_transaction_is_found() {
        for sql in [
            "COMMIT",
            "select 1; commit /* now */ and chain;",
            "END;",
            "rollback -- all of it\n work;",
            "ABORT TRANSACTION",
            "PREPARE TRANSACTION 'x'",
            "-- first\n/* a /* b */ c */ ROLLBACK",
            "BEGIN; SELECT 1; COMMIT",
        ] {
            assert!(is_unfit(sql), "{sql}");
        }
    }

    #[test]
    fn a_statement_that_only_looks_similar_is_not_found() {
        for sql in [
            "SAVEPOINT a; ROLLBACK TO a; RELEASE a",
            "rollback work /* . */ to savepoint a",
            "PREPARE transaction (int) AS SELECT $1",
            "PREPARE transaction AS SELECT 1",
            "SELECT ';COMMIT;', $x$;ROLLBACK;$x$ -- ;COMMIT;",
            "CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT 1; END",
            "DO $$ BEGIN PERFORM 1; END $$",
        ] {
            assert!(!is_unfit(sql), "{sql}");
        }
        assert_eq!(unfit("BEGIN; COMMIT", Mode::NoTransaction), None);
    }

    #[test]
    fn a_statement_that_exchanges_rows_with_the_client_is_found_in_both_modes() {
        for sql in [
            "COPY t FROM STDIN",
            "copy public.t (a, b) from stdin with (format csv)",
            "COPY \"from\" TO /* us */ stdout",
            "COPY (SELECT e'(\\'', $a$)$a$, ')') TO STDOUT",
            "COPY t FROM stdin;\n1\ta\n\\.\n",
        ] {
            for mode in [Mode::Transaction, Mode::NoTransaction] {
                assert!(unfit(sql, mode).is_some(), "{sql}");
            }
        }
    }

    #[test]
    fn other_copy_statements_are_allowed() {
        for sql in [
            "COPY t FROM '/from stdin'",
            "COPY stdin FROM PROGRAM 'echo from stdin'",
            "COPY (SELECT 1 FROM stdin) TO '/tmp/x'",
            "SELECT 1 FROM stdin",
        ] {
            assert!(!is_unfit(sql), "{sql}");
        }
    }

    #[test]
    fn the_statement_is_named() {
        let found = unfit("SELECT 1;\n COMMIT;", Mode::Transaction);
        assert_eq!(found.map(|unfit| unfit.offset), Some(11));
    }

    #[test]
    fn a_truncated_text_causes_no_panic() {
        for sql in [
            "COPY 'a",
            "COPY \"",
            "COPY $",
            "COPY $a",
            "COPY $a$ü",
            "COPY /*ü",
            "COPY e'\\",
            "COPY é'",
            "COPY (",
        ] {
            assert!(!is_unfit(sql), "{sql}");
        }
    }

    #[test]
    fn a_script_may_have_its_own_transactions() {
        assert!(opens_transaction("BEGIN"));
        assert!(opens_transaction("start /* a */ transaction read only"));
        assert!(!opens_transaction("SELECT 'BEGIN'"));
        assert!(ends_transaction("end work"));
        assert!(!ends_transaction("ROLLBACK TO SAVEPOINT a"));
        assert!(chains_transaction("COMMIT WORK AND CHAIN"));
        assert!(!chains_transaction("ROLLBACK AND NO CHAIN"));
    }
}
