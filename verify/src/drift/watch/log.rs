//! Reads the server's log: which errors a script caught.
//!
//! A handler, such as `EXCEPTION WHEN OTHERS` of PL/pgSQL, hides an error from the client and from
//! the log. But Postgres runs the block of a handler in a subtransaction, and aborts the
//! subtransaction on an error. At the level `debug5` the server logs each abort
//! (`ShowTransactionState` in Postgres's `xact.c`), with the block that caught the error as the
//! context. Only a superuser may change this level, so no script can hide its errors.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Seek, SeekFrom};
use std::path::PathBuf;

/// The setting for each role whose scripts are watched.
pub(crate) const SETTING: &str = "SET log_min_messages = 'debug5'";

/// The log of the server on which a history is repeated.
pub(crate) struct Log {
    path: PathBuf,
    /// The number of bytes that were read.
    read: u64,
}

/// What the server logged about a script.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Logged {
    /// Whether the server logged a transaction. If not, the script was not watched.
    pub(crate) transactions: bool,
    /// The context of each caught error, innermost first.
    pub(crate) contexts: BTreeSet<String>,
    /// The SQLSTATEs that the probes of handlers logged.
    pub(crate) states: BTreeSet<String>,
}

impl Log {
    pub(crate) fn new(path: PathBuf) -> Log {
        Log { path, read: 0 }
    }

    /// Skips what was logged so far.
    pub(crate) fn skip(&mut self) -> io::Result<()> {
        self.read = self.path.metadata()?.len();
        Ok(())
    }

    /// Reads what was logged since the last call. A probe logs `marker` before the SQLSTATE.
    pub(crate) fn read(&mut self, marker: &str) -> io::Result<Logged> {
        let mut file = File::open(&self.path)?;
        file.seek(SeekFrom::Start(self.read))?;
        let mut lines = BufReader::new(file);
        let (mut line, mut reader) = (Vec::new(), Reader::new(marker));
        loop {
            line.clear();
            let length = lines.read_until(b'\n', &mut line)?;
            if length == 0 {
                return Ok(reader.end());
            }
            self.read += u64::try_from(length).unwrap_or_default();
            reader.line(String::from_utf8_lossy(&line).trim_end_matches('\n'));
        }
    }
}

/// Reads the log line by line.
struct Reader<'m> {
    marker: &'m str,
    logged: Logged,
    /// The context of the last abort, if more of it may come.
    open: Option<String>,
}

impl<'m> Reader<'m> {
    fn new(marker: &'m str) -> Reader<'m> {
        Reader {
            marker,
            logged: Logged::default(),
            open: None,
        }
    }

    fn line(&mut self, line: &str) {
        // The server indents the further lines of a message with a tab.
        if let Some(further) = line.strip_prefix('\t') {
            if let Some(context) = &mut self.open {
                context.push('\n');
                context.push_str(further);
            }
            return;
        }
        if let (Some(context), Some((_, first))) = (&mut self.open, line.split_once("CONTEXT:  "))
            && context.is_empty()
        {
            context.push_str(first);
            return;
        }
        self.logged.contexts.extend(self.open.take());
        if let Some((_, state)) = line.split_once(self.marker) {
            self.logged.states.insert(state.trim().to_owned());
        } else if line.contains("DEBUG:  StartTransaction(") {
            self.logged.transactions = true;
        } else if line.contains("DEBUG:  AbortSubTransaction(")
            // A rollback to a savepoint, which a script may send, has another state.
            && line.contains("blockState: SUBINPROGRESS;")
        {
            self.open = Some(String::new());
        }
    }

    fn end(mut self) -> Logged {
        self.logged.contexts.extend(self.open.take());
        self.logged
    }
}

#[cfg(test)]
mod tests {
    use super::{Logged, Reader};

    const START: &str = "DEBUG:  StartTransaction(1) name: unnamed; blockState: DEFAULT; state: …";
    const ABORT: &str =
        "DEBUG:  AbortSubTransaction(2) name: unnamed; blockState: SUBINPROGRESS; …";
    const BACK: &str = "DEBUG:  AbortSubTransaction(2) name: a; blockState: SUBRESTART; state: …";

    fn read(lines: &[&str]) -> Logged {
        let mut reader = Reader::new("a1b2 ");
        for line in lines {
            reader.line(line);
        }
        reader.end()
    }

    #[test]
    fn an_aborted_subtransaction_is_a_caught_error() {
        assert_eq!(read(&["LOG:  ready"]), Logged::default());
        let clean = read(&[START, "LOG:  x", BACK, "CONTEXT:  y"]);
        assert!(clean.transactions && clean.contexts.is_empty());
        let caught = read(&[START, ABORT, "x CONTEXT:  one", "\ttwo", START]);
        assert_eq!(
            caught.contexts.into_iter().collect::<Vec<_>>(),
            ["one\ntwo"]
        );
        let unknown = read(&[START, ABORT, START]);
        assert_eq!(unknown.contexts.into_iter().collect::<Vec<_>>(), [""]);
    }

    #[test]
    fn a_probe_logs_the_state_of_an_error() {
        let logged = read(&["LOG:  a1b2 42501", "CONTEXT:  x", "LOG:  b1a2 42710"]);
        assert_eq!(logged.states.into_iter().collect::<Vec<_>>(), ["42501"]);
    }
}
