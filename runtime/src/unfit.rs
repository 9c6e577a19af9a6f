//! What no script may hold, because of the way it is run: a statement that ends
//! the transaction which its entry shares, or one that exchanges data with this
//! program.
//!
//! It is looked for before anything is sent. The first would have a script
//! recorded that was taken back; the second would cost the connection, or have
//! a script reported as failed that was applied.

use migrator_model::Mode;
use migrator_model::sql::statements;

/// A statement that stands in the way.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Unfit {
    /// Where it starts in the script.
    pub(crate) offset: usize,
    pub(crate) message: &'static str,
    pub(crate) hint: &'static str,
}

/// The first statement that keeps a script from being run.
pub(crate) fn find(sql: &str, mode: Mode) -> Option<Unfit> {
    statements(sql).into_iter().find_map(|range| {
        let statement = &sql[range.clone()];
        let (message, hint) = if mode == Mode::Transaction && ends_transaction(statement) {
            ENDS
        } else if talks_to_client(statement) {
            TALKS
        } else {
            return None;
        };
        Some(Unfit {
            offset: range.start,
            message,
            hint,
        })
    })
}

const ENDS: (&str, &str) = (
    "this statement ends the transaction that the script shares with its history entry",
    "remove it, and the BEGIN that it belongs to; a script that cannot run in one transaction \
     opens with `-- migrator: no-transaction`",
);

const TALKS: (&str, &str) = (
    "this statement exchanges data with the client, which has none and takes none",
    "write the rows as INSERT",
);

/// Whether a statement opens a transaction.
pub(crate) fn opens_transaction(statement: &str) -> bool {
    let mut words = Words { rest: statement }.map(str::to_ascii_uppercase);
    match words.next().as_deref() {
        Some("BEGIN") => true,
        Some("START") => words.next().as_deref() == Some("TRANSACTION"),
        _ => false,
    }
}

/// Whether a statement that ends a transaction opens the next one: `COMMIT AND CHAIN`.
pub(crate) fn chains_transaction(statement: &str) -> bool {
    let words = Words { rest: statement }.map(str::to_ascii_uppercase);
    let words: Vec<String> = words.collect();
    words.windows(2).any(|pair| pair == ["AND", "CHAIN"])
}

/// Whether a statement ends a transaction.
pub(crate) fn ends_transaction(statement: &str) -> bool {
    let mut words = Words { rest: statement }.map(str::to_ascii_uppercase);
    match words.next().as_deref() {
        Some("COMMIT" | "END") => true,
        Some("ROLLBACK" | "ABORT") => {
            let mut words = words.skip_while(|word| word == "WORK" || word == "TRANSACTION");
            words.next().as_deref() != Some("TO")
        }
        Some("PREPARE") => {
            words.next().as_deref() == Some("TRANSACTION") && words.next().as_deref() == Some("")
        }
        _ => false,
    }
}

fn talks_to_client(statement: &str) -> bool {
    let mut words = Words { rest: statement }.map(str::to_ascii_uppercase);
    if words.next().as_deref() != Some("COPY") {
        return false;
    }
    let words: Vec<String> = words.collect();
    words.windows(2).any(|pair| {
        let is = |word: &str, of: [&str; 2]| of.contains(&word);
        is(&pair[0], ["FROM", "TO"]) && is(&pair[1], ["STDIN", "STDOUT"])
    })
}

/// The words of a statement that stand outside of quotes, comments and
/// parentheses; whatever else stands there is an empty word.
struct Words<'a> {
    rest: &'a str,
}

impl<'a> Iterator for Words<'a> {
    type Item = &'a str;

    fn next(&mut self) -> Option<&'a str> {
        let mut depth = 0_usize;
        loop {
            let (token, rest) = self.rest.split_at(length(self.rest)?);
            self.rest = rest;
            match token.chars().next()? {
                '(' => depth += 1,
                ')' => depth = depth.saturating_sub(1),
                first if first.is_whitespace() => {}
                _ if token.starts_with("--") || token.starts_with("/*") || depth > 0 => {}
                first if is_of_word(first) && !token.ends_with('\'') => return Some(token),
                _ => return Some(""),
            }
        }
    }
}

fn is_of_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_' || !c.is_ascii()
}

/// The length of the first token; nothing at the end.
pub(crate) fn length(text: &str) -> Option<usize> {
    let first = text.chars().next()?;
    let until = |found: Option<usize>| found.unwrap_or(text.len());
    Some(match first {
        '-' if text.starts_with("--") => until(text.find('\n')),
        '/' if text.starts_with("/*") => comment(text),
        '\'' | '"' => quoted(text, first),
        'e' | 'E' if text[1..].starts_with('\'') => escaped(text),
        '$' => dollar_quoted(text),
        _ if is_of_word(first) => until(text.find(|c| !is_of_word(c) && c != '$')),
        _ => first.len_utf8(),
    })
}

/// Comments nest.
fn comment(text: &str) -> usize {
    let mut depth = 0_usize;
    let mut at = 0;
    while let Some(rest) = text.get(at..).filter(|rest| !rest.is_empty()) {
        let (change, length) = match rest.get(..2) {
            Some("/*") => (1, 2),
            Some("*/") => (-1, 2),
            _ => (0, rest.chars().next().map_or(1, char::len_utf8)),
        };
        depth = depth.saturating_add_signed(change);
        at += length;
        if depth == 0 {
            break;
        }
    }
    at
}

/// A doubled quote reads as the end of one text and the start of another.
fn quoted(text: &str, quote: char) -> usize {
    text[1..].find(quote).map_or(text.len(), |at| at + 2)
}

/// A text in which a backslash takes the next character's meaning away.
fn escaped(text: &str) -> usize {
    let mut characters = text.char_indices().skip(2);
    while let Some((at, character)) = characters.next() {
        match character {
            '\\' => drop(characters.next()),
            '\'' => return at + 1,
            _ => {}
        }
    }
    text.len()
}

fn dollar_quoted(text: &str) -> usize {
    let tag = text[1..].find(|c| !is_of_word(c)).unwrap_or(text.len() - 1) + 1;
    if !text[tag..].starts_with('$') {
        return 1;
    }
    let (tag, rest) = text.split_at(tag + 1);
    rest.find(tag).map_or(text.len(), |at| at + 2 * tag.len())
}

#[cfg(test)]
mod tests {
    use migrator_model::Mode;

    use super::find;

    fn is_unfit(sql: &str) -> bool {
        find(sql, Mode::Transaction).is_some()
    }

    #[test]
    fn what_ends_the_transaction_is_found() {
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
    fn what_just_looks_like_it_is_not() {
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
        assert_eq!(find("BEGIN; COMMIT", Mode::NoTransaction), None);
    }

    #[test]
    fn what_talks_to_the_client_is_found_in_both_modes() {
        for sql in [
            "COPY t FROM STDIN",
            "copy public.t (a, b) from stdin with (format csv)",
            "COPY \"from\" TO /* us */ stdout",
            "COPY (SELECT e'(\\'', $a$)$a$, ')') TO STDOUT",
            "COPY t FROM stdin;\n1\ta\n\\.\n",
        ] {
            for mode in [Mode::Transaction, Mode::NoTransaction] {
                assert!(find(sql, mode).is_some(), "{sql}");
            }
        }
    }

    #[test]
    fn other_copies_are_fit() {
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
        let found = find("SELECT 1;\n COMMIT;", Mode::Transaction);
        assert_eq!(found.map(|unfit| unfit.offset), Some(11));
    }

    #[test]
    fn texts_that_are_cut_off_do_no_harm() {
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
}
