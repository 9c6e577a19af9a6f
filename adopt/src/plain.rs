//! Makes a script of another tool fit for one transaction.

use std::ops::Range;

use migrator_model::{Code, Problem, sql};

use crate::source::OldScript;

/// The script's SQL without the `BEGIN` and the `COMMIT` around all of it.
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
    let around = match all.as_slice() {
        [first, .., last] if opens(first) && ends(last) && is_commit(&text[last.clone()]) => {
            Some((first.clone(), last.clone()))
        }
        _ => None,
    };
    let inner = match around {
        Some(_) => &all[1..all.len() - 1],
        None => all.as_slice(),
    };
    if let Some(at) = inner.iter().find(|at| opens(at) || ends(at)) {
        let message = "this script begins or ends a transaction in its middle";
        let help = "split the file in the other tool's folder, so that each file is one \
                    transaction, or mark it there as a file without a transaction";
        return Err(Problem::at(Code::M1002, script.place(at.start), message, help).into());
    }
    Ok(match around {
        Some((first, last)) => {
            let between = &text[behind(text, &first)..last.start];
            let after = &text[behind(text, &last)..];
            format!("{}{between}{after}", &text[..first.start])
        }
        None => text.to_owned(),
    })
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
