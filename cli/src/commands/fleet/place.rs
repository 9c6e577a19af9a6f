//! Where a database is in a list, and what the list is called.

use std::path::PathBuf;

use futures_util::stream::LocalBoxStream;
use migrator_model::place::Position;
use migrator_model::{Code, Place as FilePlace};
use migrator_runtime::connect::ConnectError;
use migrator_runtime::{Settings, Shard};

use super::wave::Order;
use crate::exit::Exit;
use crate::failure::Failure;

/// The part of the list that this process works on.
#[derive(Clone, Copy)]
pub(super) struct Part {
    pub(super) shard: Option<Shard>,
    pub(super) wave: Option<u32>,
}

impl Part {
    /// Whether a database of this wave belongs to the part.
    pub(super) fn has_wave(self, wave: Option<u32>) -> bool {
        self.wave.is_none() || wave == self.wave
    }

    /// Whether a database belongs to the shard. Malformed lines belong to the first shard, so that
    /// one process alone reports them.
    pub(super) fn has(self, settings: &Result<Settings, ConnectError>) -> bool {
        self.shard.is_none_or(|shard| match settings {
            Ok(settings) => shard.has(settings),
            Err(_) => shard.index() == 0,
        })
    }
}

/// The databases of a list, as they are read.
pub(super) struct Entries {
    pub(super) order: Order,
    /// How many databases of the list belong to the part; `None` if the number is known
    /// only at the end of the list.
    pub(super) total: Option<usize>,
    pub(super) stream: LocalBoxStream<'static, Result<Entry, Failure>>,
}

/// Which database of the list.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place {
    /// Its index in the order of starts.
    pub(super) index: usize,
    /// Its line or row, from 1.
    pub(super) number: usize,
    /// Its wave, if the list has waves.
    pub(super) wave: Option<u32>,
}

/// One database of a list.
#[derive(Debug)]
pub(super) struct Entry {
    /// Its line or row, from 1.
    pub(super) number: usize,
    /// A URL or keyword string, or why the text cannot be one. It may hold a password and is never
    /// shown.
    pub(super) text: Result<String, ConnectError>,
    /// Its wave, if the list has waves.
    pub(super) wave: Option<u32>,
}

/// What a list is read from, as messages name it.
#[derive(Clone, Debug)]
pub(super) enum ListName {
    /// A file.
    File(PathBuf),
    /// Standard input.
    Input,
    /// The answer to a query.
    Answer,
}

impl ListName {
    /// The name of a database whose settings are invalid.
    pub(super) fn entry(&self, number: usize) -> String {
        match self {
            ListName::File(path) => format!("{}:{number}", path.display()),
            ListName::Input => format!("line {number} of standard input"),
            ListName::Answer => format!("row {number} of the query's answer"),
        }
    }

    /// The place of a database.
    pub(super) fn place(&self, number: usize) -> FilePlace {
        let start = Position {
            line: number,
            column: 1,
        };
        let (path, position) = match self {
            ListName::File(path) => (path.display().to_string(), Some(start)),
            ListName::Input => ("standard input".to_owned(), Some(start)),
            ListName::Answer => (self.entry(number), None),
        };
        FilePlace { path, position }
    }
}

/// The list cannot be read.
pub(super) fn unreadable(exit: Exit, message: impl Into<String>, help: &str) -> Failure {
    Failure::new(Code::M0521, exit, message, help)
}
