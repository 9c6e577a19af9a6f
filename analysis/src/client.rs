//! M0209: commands and variables of psql, and COPY from or to the client. The server accepts none
//! of them.

use migrator_model::{Code, Mode, sql};
use squawk_lexer::TokenKind;

use crate::finding::Finding;
use crate::parse::{Kind, ROOT};
use crate::script::Script;

/// The first of them. The errors after it are often its results.
pub(crate) fn find<'a>(script: &'a Script<'a>) -> Option<Finding<'a>> {
    let found = [command(script), variable(script), copy(script)];
    let first = found
        .into_iter()
        .flatten()
        .min_by_key(|(offset, ..)| *offset);
    first.map(|(offset, message, help)| Finding::new(script, Code::M0209, offset, message, help))
}

type Found = (usize, String, &'static str);

/// A command such as `\connect`, `\set` or `\i`. Outside quotes, SQL has no backslash.
fn command(script: &Script<'_>) -> Option<Found> {
    let text = script.sql.text;
    if !text.contains('\\') {
        return None;
    }
    let mut offset = 0;
    for token in squawk_lexer::tokenize(text) {
        let end = offset + token.len as usize;
        if token.kind == TokenKind::Unknown && &text[offset..end] == "\\" {
            let rest = &text[end..];
            let length = rest
                .find(|c: char| !c.is_alphanumeric())
                .unwrap_or(rest.len());
            let word = &rest[..length];
            return Some((
                offset,
                format!("`\\{word}` is a psql command, which the server does not understand"),
                "remove it: each script runs on the connection's own settings, and one file \
                 cannot include another",
            ));
        }
        offset = end;
    }
    None
}

/// A variable, such as `:name` or `:'name'`.
fn variable(script: &Script<'_>) -> Option<Found> {
    let sql = &script.sql;
    let node = sql.find(ROOT, Kind::NON_STANDARD_PARAM)?;
    Some((
        sql.range(node).start,
        "this is a psql variable, which the server does not understand".to_owned(),
        "write the value; if it differs between databases, read it from a table",
    ))
}

/// A COPY from or to the client.
fn copy(script: &Script<'_>) -> Option<Found> {
    // Most scripts need not be split for this.
    if !script
        .sql
        .text
        .as_bytes()
        .windows(3)
        .any(|three| three.eq_ignore_ascii_case(b"std"))
    {
        return None;
    }
    let unfit = sql::unfit(script.sql.text, Mode::NoTransaction)?;
    (unfit.why == sql::Why::TalksToClient).then(|| {
        (
            unfit.offset,
            "`COPY … FROM STDIN` and `COPY … TO STDOUT` do not work: `migrator` sends and receives no rows".to_owned(),
            "write the rows as INSERT INTO … VALUES",
        )
    })
}
