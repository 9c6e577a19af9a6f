//! Splits a file with both scripts at the lines that mark them.

use std::ops::Range;

use migrator_model::{Code, Place, Problem};

use crate::source::OldScript;

/// What a line means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mark {
    /// The up script starts behind this line.
    Up,
    /// The down script starts behind this line.
    Down,
    /// Neither script of the file runs in a transaction.
    NoTransaction,
    /// The up script starts behind this line, and does not run in a transaction.
    UpWithoutTransaction,
    /// The down script starts behind this line, and does not run in a transaction.
    DownWithoutTransaction,
    /// The tool replaces placeholders, such as `${NAME}`, from here on.
    Placeholders,
    /// Another line for the tool.
    Other,
}

/// The up script of a file, and its down script if it has one.
///
/// # Errors
///
/// No line marks the up script, two lines mark the same script, the up script is behind the down
/// script, or the tool would replace placeholders.
pub(crate) fn split(
    path: &str,
    file: &str,
    mark: impl Fn(&str) -> Option<Mark>,
) -> Result<(OldScript, Option<OldScript>), Box<Problem>> {
    let fault = |offset, message: &str, help: &str| {
        let place = Place::within(path, file, offset);
        Err(Problem::at(Code::M1002, place, message, help).into())
    };
    let (mut up, mut down): (Option<Part>, Option<Part>) = (None, None);
    let mut neither = false;
    let mut offset = 0;
    for line in file.split_inclusive('\n') {
        let (start, end) = (offset, offset + line.len());
        offset = end;
        let Some(mark) = mark(line) else { continue };
        let no_transaction = matches!(
            mark,
            Mark::UpWithoutTransaction | Mark::DownWithoutTransaction
        );
        let part = Part {
            range: end..file.len(),
            no_transaction,
        };
        match mark {
            Mark::Up | Mark::UpWithoutTransaction if up.is_none() && down.is_none() => {
                up = Some(part);
            }
            Mark::Down | Mark::DownWithoutTransaction if down.is_none() => {
                if let Some(up) = &mut up {
                    up.range.end = start;
                }
                down = Some(part);
            }
            Mark::Up | Mark::UpWithoutTransaction | Mark::Down | Mark::DownWithoutTransaction => {
                let help = "write one up script, and one down script behind it";
                return fault(start, "this mark is in the wrong place", help);
            }
            Mark::NoTransaction => neither = true,
            Mark::Placeholders => {
                let help = "write the values into the file; `migrator` replaces no placeholders";
                return fault(
                    start,
                    "the other tool replaces placeholders in this file",
                    help,
                );
            }
            Mark::Other => {}
        }
    }
    let Some(up) = up else {
        return fault(
            0,
            "no line of this file marks the up script",
            "add the line that the tool needs, such as `-- +goose Up` or `-- migrate:up`, or correct `--from`",
        );
    };
    let script = |part: Part| OldScript {
        path: path.to_owned(),
        file: file.to_owned(),
        sql: file[part.range.clone()].to_owned(),
        offset: part.range.start,
        no_transaction: neither || part.no_transaction,
    };
    Ok((script(up), down.map(script)))
}

struct Part {
    range: Range<usize>,
    no_transaction: bool,
}
