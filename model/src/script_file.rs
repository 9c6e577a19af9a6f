//! Reads the file of a script, and makes the checks that need no other file.

use crate::code::Code;
use crate::directive::{self, Directives};
use crate::file_name::FileName;
use crate::place::Place;
use crate::problem::Problem;
use crate::sql::{self, Token};

/// A script without faults.
#[derive(Clone, Debug)]
pub(crate) struct ScriptFile {
    pub(crate) file: FileName,
    pub(crate) path: String,
    pub(crate) raw: String,
    /// The SQL for the server: without a byte-order mark, and with `\n` at the end of each line.
    pub(crate) sql: String,
    pub(crate) fingerprint: u64,
    pub(crate) directives: Directives,
}

/// Reads a script. `path` is its name in problems.
///
/// # Errors
///
/// The text has faults; the error has all of them.
pub(crate) fn read(file: FileName, path: &str, bytes: &[u8]) -> Result<ScriptFile, Vec<Problem>> {
    let raw = match std::str::from_utf8(bytes) {
        Ok(raw) => raw.to_owned(),
        Err(error) => return Err(vec![not_utf8(path, bytes, error.valid_up_to())]),
    };
    let sql = sql::normalise(&raw).into_owned();
    // Split the script once for all checks: this takes most of the time to read a tree.
    let tokens = sql::tokens(&sql);
    let mut problems = content_faults(path, &sql, &tokens);
    let directives = Directives::read_tokens(&sql, &tokens, file.direction);
    let directives = directives.unwrap_or_else(|faults| {
        problems.extend(faults.into_iter().map(|fault| {
            let mut place = Place::file(path);
            place.position = Some(fault.position);
            Problem::at(fault.code, place, fault.message, fault.help)
        }));
        Directives::default()
    });
    match problems.is_empty() {
        true => Ok(ScriptFile {
            file,
            path: path.to_owned(),
            raw,
            fingerprint: sql::fingerprint_of(&sql, &tokens),
            sql,
            directives,
        }),
        false => Err(problems),
    }
}

fn not_utf8(path: &str, bytes: &[u8], offset: usize) -> Problem {
    let before = String::from_utf8_lossy(&bytes[..offset]);
    let byte = bytes.get(offset).copied().unwrap_or_default();
    Problem::at(
        Code::M0201,
        Place::within(path, &before, offset),
        format!("the byte 0x{byte:02x} is not UTF-8"),
        "save the file as UTF-8",
    )
}

fn content_faults(path: &str, sql: &str, tokens: &[Token]) -> Vec<Problem> {
    let place = |offset| Place::within(path, sql, offset);
    if let Some(offset) = sql.find('\0') {
        return vec![Problem::at(
            Code::M0202,
            place(offset),
            "the script contains a NUL byte",
            "remove it: Postgres does not accept NUL bytes",
        )];
    }
    if let Some((what, offset)) = tokens
        .iter()
        .find_map(|token| Some((token.open?, token.range.start)))
    {
        return vec![Problem::at(
            Code::M0207,
            place(offset),
            format!("this {what} is not closed before the end of the script"),
            match what {
                "string" if sql[offset..].starts_with('\'') => {
                    "close it; write a quote inside a string twice"
                }
                _ => "close it",
            },
        )];
    }
    if !tokens.iter().any(Token::is_part_of_statement) && !directive::has_irreversible(sql, tokens)
    {
        return vec![Problem::at(
            Code::M0203,
            Place::file(path),
            "the script contains no statement",
            "write its statements, or `SELECT 1;` if the script must do nothing",
        )];
    }
    Vec::new()
}
