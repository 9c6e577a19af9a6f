//! Reads the file of a script, and makes the checks that need no other file.

use crate::code::Code;
use crate::directive::{Comments, Directives};
use crate::file_name::{Direction, FileName};
use crate::place::Place;
use crate::problem::Problem;
use crate::registry::Service;
use crate::sql::{self, Fingerprint};

/// A script without faults.
#[derive(Clone, Debug)]
pub(crate) struct ScriptFile {
    pub(crate) file: FileName,
    pub(crate) path: String,
    pub(crate) raw: String,
    /// The checksum of the migration, if this is its up script.
    pub(crate) checksum: u64,
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
        Ok(raw) => raw,
        Err(error) => return Err(vec![not_utf8(path, bytes, error.valid_up_to())]),
    };
    let sql = &sql::normalise(raw);
    // Split the script once for all checks: this takes most of the time to read a tree. A large
    // script has millions of tokens, which are not kept.
    let mut comments = Comments::of(sql);
    let mut fingerprint = Fingerprint::of(sql);
    let mut open = None;
    for token in sql::tokens(sql) {
        comments.push(&token);
        fingerprint.push(&token);
        open = open.or(token.open.map(|what| (what, token.range.start)));
    }
    let mut problems = content_faults(path, sql, open, &comments);
    let directives = comments.read(file.direction);
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
            checksum: match file.direction {
                Direction::Up => checksum(&file, sql),
                Direction::Down => 0,
            },
            file,
            path: path.to_owned(),
            raw: raw.to_owned(),
            fingerprint: fingerprint.finish(),
            directives,
        }),
        false => Err(problems),
    }
}

/// The script, if the earlier registry of its service has a script with its name and its text.
/// The offsets of its directives are unknown.
pub(crate) fn known(
    file: &FileName,
    path: &str,
    bytes: &[u8],
    earlier: Service<'_>,
) -> Option<ScriptFile> {
    let migration = earlier.migration(file.version)?;
    let script = migration.script(file.direction);
    let is_same =
        migration.uid == file.uid && migration.name == file.name && script.raw.as_bytes() == bytes;
    let requires = match file.direction {
        Direction::Up => migration.requires(),
        Direction::Down => Vec::new(),
    };
    is_same.then(|| ScriptFile {
        checksum: migration.checksum,
        file: file.clone(),
        path: path.to_owned(),
        raw: script.raw.to_owned(),
        fingerprint: script.fingerprint,
        directives: Directives {
            mode: script.mode,
            requires: requires.into_iter().map(|one| (one, 0)).collect(),
            lock_timeout: script.lock_timeout,
            statement_timeout: script.statement_timeout,
            ..Directives::default()
        },
    })
}

fn checksum(file: &FileName, sql: &str) -> u64 {
    let history_name = format!("{}_{}", file.uid, file.name);
    sql::checksum(&history_name, file.version.as_integer(), sql)
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

/// `open` is the kind and the start of a token that is not closed.
fn content_faults(
    path: &str,
    sql: &str,
    open: Option<(&'static str, usize)>,
    comments: &Comments<'_>,
) -> Vec<Problem> {
    let place = |offset| Place::within(path, sql, offset);
    if let Some(offset) = sql.find('\0') {
        return vec![Problem::at(
            Code::M0202,
            place(offset),
            "the script contains a NUL byte",
            "remove it: Postgres does not accept NUL bytes",
        )];
    }
    if let Some((what, offset)) = open {
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
    if !comments.has_statement && !comments.has_irreversible() {
        return vec![Problem::at(
            Code::M0203,
            Place::file(path),
            "the script contains no statement",
            "write its statements, or `SELECT 1;` if the script must do nothing",
        )];
    }
    Vec::new()
}
