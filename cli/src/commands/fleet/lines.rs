//! Reads a list of databases from lines of text. Each line is a URL or a keyword string, and may have
//! the number of a wave. Blank lines and lines that start with `#` are skipped.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Seek};
use std::path::Path;
use std::thread;

use futures_util::{Stream, StreamExt, stream};
use tokio::sync::mpsc::{self, Receiver, Sender};

use super::place::{Entries, Entry, ListName, Part, unreadable};
use super::wave::{self, Column, Order, WaveFault};
use crate::database::connection;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::settings::Environment;

/// How many lines are read ahead.
const AHEAD: usize = 16;

/// How many malformed lines are reported.
const REPORTED: usize = 20;

/// A line that names a database.
struct Line {
    number: usize,
    database: String,
    column: Column,
}

/// The lines of standard input. Waits for the first line, which tells the order.
pub(super) async fn of_input() -> Entries {
    in_order(BufReader::new(io::stdin()), ListName::Input).await
}

/// The lines of a file. A regular file is read several times: first to report malformed lines before
/// any database is migrated, and then once for each wave. A named pipe can be read only once.
pub(super) async fn of_file(
    path: &Path,
    part: Part,
    environment: &Environment,
) -> Result<Entries, Failure> {
    let unopened = |error| unopened(path, &error);
    let mut file = File::open(path).map_err(unopened)?;
    let metadata = file.metadata().map_err(unopened)?;
    if metadata.is_dir() {
        return Err(unopened(io::ErrorKind::IsADirectory.into()));
    }
    let name = ListName::File(path.to_owned());
    if !metadata.is_file() {
        return Ok(in_order(BufReader::new(file), name).await);
    }
    let waves = waves(&mut file).map_err(unopened)?;
    let order = match waves.is_empty() {
        true => Order::Listed,
        false => Order::Waves,
    };
    let total = check(&mut file, &name, order, part, environment)?;
    let lines = read(move |sender| {
        let sent = match order {
            Order::Listed => pass(&mut file, None, sender),
            Order::Waves => waves
                .into_iter()
                .try_for_each(|wave| pass(&mut file, Some(wave), sender)),
        };
        if let Err(error) = sent {
            // Without a receiver, nobody needs the error.
            let _ = sender.blocking_send(Err(error));
        }
    });
    let entries = lines.map(move |line| {
        let line = line.map_err(|error| incomplete(&error))?;
        // The file may have changed after the check.
        let wave = line.column.wave(order);
        let wave = wave.map_err(|fault| fault.failure().at(&name.place(line.number)))?;
        Ok(line.entry(wave))
    });
    Ok(Entries {
        order,
        total: Some(total),
        stream: entries.boxed_local(),
    })
}

/// The numbers of the waves in a file.
fn waves(file: &mut File) -> io::Result<BTreeSet<u32>> {
    let mut waves = BTreeSet::new();
    for line in lines(rewound(file)?) {
        if let Column::Wave(wave) = line?.column {
            waves.insert(wave);
        }
    }
    Ok(waves)
}

/// Sends the lines of a file, or those of one wave.
fn pass(file: &mut File, wave: Option<u32>, sender: &Sender<io::Result<Line>>) -> io::Result<()> {
    for line in lines(rewound(file)?) {
        let line = line?;
        let is_chosen = match (wave, line.column) {
            (Some(wave), Column::Wave(other)) => wave == other,
            (Some(_) | None, _) => true,
        };
        if is_chosen && sender.blocking_send(Ok(line)).is_err() {
            return Ok(());
        }
    }
    Ok(())
}

fn rewound(file: &mut File) -> io::Result<BufReader<&mut File>> {
    file.rewind()?;
    Ok(BufReader::new(file))
}

/// Counts the databases of a part. Refuses a list with malformed lines: the failure reports the first
/// [`REPORTED`] of them.
fn check(
    file: &mut File,
    name: &ListName,
    order: Order,
    part: Part,
    environment: &Environment,
) -> Result<usize, Failure> {
    let mut total = 0;
    let mut malformed: Option<Failure> = None;
    for line in lines(rewound(file).map_err(|error| incomplete(&error))?) {
        let line = line.map_err(|error| incomplete(&error))?;
        let settings = connection::read(&line.database, environment);
        let wave = line.column.wave(order);
        let is_of_part = wave.as_ref().is_ok_and(|wave| part.has_wave(*wave));
        total += usize::from(is_of_part && part.has(&settings));
        let settings = settings.map(drop).map_err(Failure::from);
        let wave = wave.map(drop);
        let Err(failure) = wave.map_err(WaveFault::failure).and(settings) else {
            continue;
        };
        let failure = failure.at(&name.place(line.number));
        match &mut malformed {
            Some(all) if all.errors.len() < REPORTED => all.errors.extend(failure.errors),
            Some(_) => break,
            None => malformed = Some(failure),
        }
    }
    malformed.map_or(Ok(total), Err)
}

/// The lines of a list that can be read only once. The first line tells the order. After a fault of
/// a wave, no later line is read.
async fn in_order(reader: impl BufRead + Send + 'static, name: ListName) -> Entries {
    let mut lines = Box::pin(read(move |sender| {
        for line in lines(reader) {
            let is_last = line.is_err();
            if sender.blocking_send(line).is_err() || is_last {
                return;
            }
        }
    }));
    let first = lines.next().await;
    let order = match &first {
        Some(Ok(line)) => line.column.order(),
        Some(Err(_)) | None => Order::Listed,
    };
    let mut begun = 0;
    let entries = stream::iter(first).chain(lines).map(move |line| {
        let line = line.map_err(|error| incomplete(&error))?;
        let wave = match line.column.wave(order) {
            Ok(Some(wave)) if wave < begun => Err(WaveFault::Late { wave, begun }),
            wave => wave,
        };
        let wave = wave.map_err(|fault| fault.failure().at(&name.place(line.number)))?;
        begun = wave.unwrap_or(begun);
        Ok(line.entry(wave))
    });
    Entries {
        order,
        total: None,
        stream: entries.boxed_local(),
    }
}

impl Line {
    fn new(number: usize, text: &str) -> Line {
        let (database, column) = wave::split(text);
        Line {
            number,
            database: database.to_owned(),
            column,
        }
    }

    fn entry(self, wave: Option<u32>) -> Entry {
        Entry {
            number: self.number,
            text: Ok(self.database),
            wave,
        }
    }
}

/// Reads in a thread of its own, a few lines ahead. So the run need not wait for the next line
/// while it migrates a database.
fn read(
    send: impl FnOnce(&Sender<io::Result<Line>>) + Send + 'static,
) -> impl Stream<Item = io::Result<Line>> {
    let (sender, receiver) = mpsc::channel(AHEAD);
    thread::spawn(move || send(&sender));
    let next = |mut receiver: Receiver<_>| async { Some((receiver.recv().await?, receiver)) };
    stream::unfold(receiver, next).fuse()
}

fn incomplete(error: &io::Error) -> Failure {
    unreadable(Exit::Failed, INCOMPLETE, RUN_AGAIN).because(error.to_string())
}

const INCOMPLETE: &str = "cannot read the list of databases to its end";

const RUN_AGAIN: &str = "the databases before that were migrated; fix the list and run the command again: \
                     current databases are skipped";

/// The lines that name a database.
fn lines(reader: impl BufRead) -> impl Iterator<Item = io::Result<Line>> {
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
        let names_database = !text.is_empty() && !text.starts_with('#');
        names_database.then(|| Ok(Line::new(number, text)))
    })
}

fn unopened(path: &Path, error: &io::Error) -> Failure {
    let help = "name a text file with one database URL per line, or `-` for standard input";
    let message = format!("the list of databases `{}` cannot be read", path.display());
    unreadable(Exit::Usage, message, help).because(error.to_string())
}

#[cfg(test)]
mod tests {
    use super::lines;

    #[test]
    fn comments_and_blank_lines_name_no_database() {
        let text = "\u{feff}# ours\r\n\n  postgresql://a/b#c \r\n\t# not ours\nhost=db dbname=x";
        let lines = lines(text.as_bytes()).filter_map(Result::ok);
        let lines: Vec<(usize, String)> = lines.map(|line| (line.number, line.database)).collect();
        let expected = [(3, "postgresql://a/b#c"), (5, "host=db dbname=x")];
        let expected = expected.map(|(number, text)| (number, text.to_owned()));
        assert_eq!(lines, expected);
    }
}
