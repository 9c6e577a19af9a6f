//! Makes a script of another tool fit for one transaction.

use std::ops::Range;

use migrator_model::{Code, Problem, sql};

use crate::source::OldScript;

/// The script's SQL without the `BEGIN` and the `COMMIT` around all of it, or without a `COMMIT` alone
/// at its end.
///
/// # Errors
///
/// The script begins or ends a transaction elsewhere.
pub(crate) fn without_transaction(script: &OldScript) -> Result<String, Box<Problem>> {
    let text = script.sql.as_str();
    if script.no_transaction {
        return Ok(text.to_owned());
    }
    let all = sql::statements(text);
    let opens = |at: &Range<usize>| sql::opens_transaction(&text[at.clone()]);
    let ends = |at: &Range<usize>| {
        let statement = &text[at.clone()];
        sql::ends_transaction(statement) && !sql::chains_transaction(statement)
    };
    let commits = |at: &Range<usize>| ends(at) && is_commit(&text[at.clone()]);
    // A tool that begins a transaction itself accepts a script with only the COMMIT.
    let (begin, inner, commit) = match all.as_slice() {
        [first, inner @ .., last] if opens(first) && commits(last) => {
            (Some(first), inner, Some(last))
        }
        [inner @ .., last] if commits(last) => (None, inner, Some(last)),
        inner => (None, inner, None),
    };
    if let Some(at) = inner.iter().find(|at| opens(at) || ends(at)) {
        let message = "this script begins or ends a transaction in its middle";
        let help = "split the file in the other tool's folder, so that each file is one \
                    transaction, or mark it there as a file without a transaction";
        return Err(Problem::at(Code::M1002, script.place(at.start), message, help).into());
    }
    let start = begin.map_or(0, |begin| begin.start);
    let between = begin.map_or(0, |begin| behind(text, begin));
    let end = commit.map_or(text.len(), |commit| commit.start);
    let after = commit.map_or(text.len(), |commit| behind(text, commit));
    Ok([&text[..start], &text[between..end], &text[after..]].concat())
}

fn is_commit(statement: &str) -> bool {
    let word = sql::first_word(statement).unwrap_or_default();
    word.eq_ignore_ascii_case("commit") || word.eq_ignore_ascii_case("end")
}

/// The offset behind a statement, its semicolon and the end of its line.
pub(crate) fn behind(text: &str, statement: &Range<usize>) -> usize {
    let rest = &text[statement.end..];
    let after = rest.trim_start().strip_prefix(';').unwrap_or(rest);
    let after = after.trim_start_matches([' ', '\t']);
    let after = after.strip_prefix('\n').unwrap_or(after);
    text.len() - after.len()
}

#[cfg(test)]
mod tests {
    use super::without_transaction;
    use crate::source::OldScript;

    fn plain(text: &str) -> Result<String, String> {
        let script = OldScript::whole("a.sql".to_owned(), text.to_owned());
        without_transaction(&script).map_err(|problem| problem.place.unwrap().to_string())
    }

    #[test]
    fn begin_and_commit_around_a_script_are_left_out() {
        let all = plain("-- a\nBEGIN;\nSELECT 1;\nCOMMIT; -- b\n");
        assert_eq!(all.unwrap(), "-- a\nSELECT 1;\n-- b\n");
        assert_eq!(plain("SELECT 1;\n").unwrap(), "SELECT 1;\n");
        assert_eq!(plain("").unwrap(), "");
    }

    #[test]
    fn a_commit_alone_at_the_end_is_left_out() {
        assert_eq!(plain("SELECT 1;\nCOMMIT;\n").unwrap(), "SELECT 1;\n");
        assert_eq!(plain("COMMIT;").unwrap(), "");
    }

    #[test]
    fn other_transactions_are_a_problem() {
        for (text, place) in [
            ("SELECT 1;\nCOMMIT;\nSELECT 2;\n", "a.sql:2:1"),
            ("BEGIN;\nSELECT 1;\n", "a.sql:1:1"),
            ("BEGIN;\nCOMMIT;\nBEGIN;\nCOMMIT;\n", "a.sql:2:1"),
            ("SELECT 1;\nROLLBACK;\n", "a.sql:2:1"),
            ("SELECT 1;\nBEGIN;\nCOMMIT;\n", "a.sql:2:1"),
        ] {
            assert_eq!(plain(text), Err(place.to_owned()), "{text}");
        }
    }
}
