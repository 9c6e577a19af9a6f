//! Finds out from the server's log whether a script caught an error of its own.
//!
//! A handler, such as `EXCEPTION WHEN OTHERS` of PL/pgSQL, hides an error from the client and from
//! the log. But Postgres runs what a handler protects in a subtransaction, and aborts that when the
//! error comes. At the level `debug5` the log tells of each abort (`ShowTransactionState` in
//! Postgres's `xact.c`). Only a superuser may change that level, so no script can hide its errors.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Seek, SeekFrom};
use std::path::PathBuf;

/// The setting, for each role whose scripts are watched.
pub(crate) const SETTING: &str = "SET log_min_messages = 'debug5'";

/// The log of the server on which a history is repeated.
pub(crate) struct Log {
    path: PathBuf,
    /// How much of it was read.
    read: u64,
}

/// What the log says of a script.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Watched {
    /// Nothing at all, so that it is not watched.
    Nothing,
    /// It caught no error.
    Clean,
    /// It caught an error.
    Caught,
}

impl Log {
    pub(crate) fn new(path: PathBuf) -> Log {
        Log { path, read: 0 }
    }

    /// Leaves out what was logged so far.
    pub(crate) fn skip(&mut self) -> io::Result<()> {
        self.read = self.path.metadata()?.len();
        Ok(())
    }

    /// What was logged since the last call.
    pub(crate) fn read(&mut self) -> io::Result<Watched> {
        let mut file = File::open(&self.path)?;
        file.seek(SeekFrom::Start(self.read))?;
        let mut lines = BufReader::new(file);
        let (mut line, mut watched) = (Vec::new(), Watched::Nothing);
        loop {
            line.clear();
            let length = lines.read_until(b'\n', &mut line)?;
            if length == 0 {
                return Ok(watched);
            }
            self.read += u64::try_from(length).unwrap_or_default();
            watched = watched.with(&String::from_utf8_lossy(&line));
        }
    }
}

impl Watched {
    /// The same, after one more line. A rollback to a savepoint, which a script may ask for, has
    /// another state.
    fn with(self, line: &str) -> Watched {
        let is_abort =
            line.contains("AbortSubTransaction(") && line.contains("blockState: SUBINPROGRESS;");
        match self {
            Watched::Caught => Watched::Caught,
            _ if is_abort => Watched::Caught,
            Watched::Nothing if line.contains("StartTransaction(") => Watched::Clean,
            Watched::Nothing | Watched::Clean => self,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Watched;

    fn watched(lines: &[&str]) -> Watched {
        let read = |watched: Watched, line: &&str| watched.with(line);
        lines.iter().fold(Watched::Nothing, read)
    }

    #[test]
    fn an_aborted_subtransaction_is_a_caught_error() {
        let start = "DEBUG:  StartTransaction(1) name: unnamed; blockState: DEFAULT; state: …";
        let abort = "DEBUG:  AbortSubTransaction(2) name: unnamed; blockState: SUBINPROGRESS; …";
        let back = "DEBUG:  AbortSubTransaction(2) name: a; blockState: SUBRESTART; state: …";
        assert_eq!(watched(&["LOG:  ready"]), Watched::Nothing);
        assert_eq!(watched(&[start, "LOG:  x"]), Watched::Clean);
        assert_eq!(watched(&[start, back]), Watched::Clean);
        assert_eq!(watched(&[start, abort, start]), Watched::Caught);
    }
}
