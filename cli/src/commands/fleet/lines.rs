//! Reads a list of databases from lines of text. Each line is a URL or a keyword string. Blank
//! lines and lines that start with `#` are skipped.

use std::fs::File;
use std::io::{self, BufRead, BufReader};
use std::path::Path;
use std::thread;

use futures_util::{Stream, StreamExt, stream};
use tokio::sync::mpsc::{self, Receiver, Sender};

use super::place::{Entry, ListName, unreadable};
use crate::database::connection;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::settings::Environment;

/// How many lines are read ahead.
const AHEAD: usize = 16;

/// How many malformed lines are reported.
const REPORTED: usize = 20;

/// The lines of standard input.
pub(super) fn of_input() -> impl Stream<Item = Result<Entry, Failure>> {
    read(BufReader::new(io::stdin()))
}

/// The lines of a file. A regular file is read twice: the first pass reports malformed lines before
/// any database is migrated. A named pipe can be read only once.
pub(super) fn of_file(
    path: &Path,
    environment: &Environment,
) -> Result<impl Stream<Item = Result<Entry, Failure>> + use<>, Failure> {
    let open = || File::open(path).map_err(|error| unopened(path, &error));
    let file = open()?;
    let metadata = file.metadata().map_err(|error| unopened(path, &error))?;
    if metadata.is_dir() {
        return Err(unopened(path, &io::ErrorKind::IsADirectory.into()));
    }
    if !metadata.is_file() {
        return Ok(read(BufReader::new(file)));
    }
    check(path, BufReader::new(file), environment)?;
    Ok(read(BufReader::new(open()?)))
}

/// Refuses a list with malformed lines. The failure reports the first [`REPORTED`] of them.
fn check(path: &Path, reader: impl BufRead, environment: &Environment) -> Result<(), Failure> {
    let name = ListName::File(path.to_owned());
    let mut malformed: Option<Failure> = None;
    for line in entries(reader) {
        let (number, text) = line.map_err(|error| unopened(path, &error))?;
        let Err(error) = connection::read(&text, environment) else {
            continue;
        };
        let failure = Failure::from(error).at(&name.place(number));
        match &mut malformed {
            Some(all) if all.errors.len() < REPORTED => all.errors.extend(failure.errors),
            Some(_) => break,
            None => malformed = Some(failure),
        }
    }
    malformed.map_or(Ok(()), Err)
}

/// Reads in a thread of its own, a few lines ahead. So the run need not wait for the next line
/// while it migrates a database.
fn read(reader: impl BufRead + Send + 'static) -> impl Stream<Item = Result<Entry, Failure>> {
    let (sender, receiver) = mpsc::channel(AHEAD);
    thread::spawn(move || send(reader, &sender));
    let next = |mut receiver: Receiver<_>| async { Some((receiver.recv().await?, receiver)) };
    stream::unfold(receiver, next).map(|line: io::Result<(usize, String)>| match line {
        Ok((number, text)) => Ok(Entry {
            number,
            text: Ok(text),
        }),
        Err(error) => {
            Err(unreadable(Exit::Failed, INCOMPLETE, RUN_AGAIN).because(error.to_string()))
        }
    })
}

/// Sends lines until the list ends, a line cannot be read, or the receiver is dropped.
fn send(reader: impl BufRead, sender: &Sender<io::Result<(usize, String)>>) {
    for line in entries(reader) {
        let is_last = line.is_err();
        if sender.blocking_send(line).is_err() || is_last {
            return;
        }
    }
}

const INCOMPLETE: &str = "cannot read the list of databases to its end";

const RUN_AGAIN: &str = "the databases before that were migrated; fix the list and run the command again: \
                     current databases are skipped";

/// The lines that name a database, each with its number.
fn entries(reader: impl BufRead) -> impl Iterator<Item = io::Result<(usize, String)>> {
    (1..).zip(reader.lines()).filter_map(|(number, line)| {
        let line = match line {
            Ok(line) => line,
            Err(error) => {
                let why = io::Error::new(error.kind(), format!("line {number}: {error}"));
                return Some(Err(why));
            }
        };
        // Some editors open a file with a byte-order mark.
        let text = line.strip_prefix('\u{feff}').unwrap_or(&line).trim();
        let is_entry = !text.is_empty() && !text.starts_with('#');
        is_entry.then(|| Ok((number, text.to_owned())))
    })
}

fn unopened(path: &Path, error: &io::Error) -> Failure {
    let help = "name a text file with a database's URL a line, or `-` for standard input";
    let message = format!("the list of databases `{}` cannot be read", path.display());
    unreadable(Exit::Usage, message, help).because(error.to_string())
}

#[cfg(test)]
mod tests {
    use super::entries;

    #[test]
    fn comments_and_blank_lines_name_no_database() {
        let text = "\u{feff}# ours\r\n\n  postgresql://a/b#c \r\n\t# not ours\nhost=db dbname=x";
        let entries: Vec<(usize, String)> =
            entries(text.as_bytes()).filter_map(Result::ok).collect();
        let expected = [(3, "postgresql://a/b#c"), (5, "host=db dbname=x")];
        let expected = expected.map(|(number, text)| (number, text.to_owned()));
        assert_eq!(entries, expected);
    }
}
