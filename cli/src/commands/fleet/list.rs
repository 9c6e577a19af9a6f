//! The list of a fleet's databases, whatever it is read from.

use std::path::{Path, PathBuf};

use futures_util::StreamExt;
use futures_util::stream::LocalBoxStream;
use migrator_runtime::connect::ConnectError;
use migrator_runtime::{Settings, connect};

use super::{lines, query};
use crate::args;
use crate::commands::Context;
use crate::connection;
use crate::failure::{Failure, ShownPlace};

/// A list that is being read, no faster than it is worked on.
pub(super) struct List {
    pub(super) name: Name,
    /// The database that was asked for the list.
    pub(super) main: Option<Settings>,
    pub(super) entries: LocalBoxStream<'static, Result<Entry, Failure>>,
}

/// One database of a list.
#[derive(Debug)]
pub(super) struct Entry {
    /// Its line or row, from 1.
    pub(super) number: usize,
    /// A URL or keyword string, or why it cannot be one. Never to be shown: it may
    /// hold a password.
    pub(super) text: Result<String, ConnectError>,
}

/// What a list is read from, as it is named in messages.
#[derive(Clone, Debug)]
pub(super) enum Name {
    /// A file.
    File(PathBuf),
    /// Standard input.
    Input,
    /// The answer to a query.
    Answer,
}

impl List {
    /// Opens the list that the arguments name. A file is looked through before: with a
    /// fault in it nothing is begun.
    pub(super) async fn open(
        context: &Context<'_>,
        members: &args::Members,
        application: &str,
    ) -> Result<List, Failure> {
        let Context {
            global,
            registry,
            environment,
            output,
            ..
        } = context;
        match (&members.fleet, &members.fleet_query) {
            (Some(path), _) if path == Path::new("-") => Ok(List {
                name: Name::Input,
                main: None,
                entries: lines::of_input().boxed_local(),
            }),
            (Some(path), _) => Ok(List {
                name: Name::File(path.clone()),
                main: None,
                entries: lines::of_file(path, environment)?.boxed_local(),
            }),
            (None, text) => {
                let main = connection::settings(registry, global, environment, output)?;
                let mut settings = main.clone();
                settings.application_name(application);
                let client = connect(settings).await?;
                let text = text.as_deref().unwrap_or_default();
                Ok(List {
                    name: Name::Answer,
                    main: Some(main),
                    entries: query::rows(client, text).await?.boxed_local(),
                })
            }
        }
    }
}

impl Name {
    /// What a database is called whose settings make no sense.
    pub(super) fn entry(&self, number: usize) -> String {
        match self {
            Name::File(path) => format!("{}:{number}", path.display()),
            Name::Input => format!("line {number} of standard input"),
            Name::Answer => format!("row {number} of the query's answer"),
        }
    }

    /// The place of an entry.
    pub(super) fn place(&self, number: usize) -> ShownPlace {
        let (path, position) = match self {
            Name::File(path) => (path.display().to_string(), Some(lines::position(number))),
            Name::Input => ("standard input".to_owned(), Some(lines::position(number))),
            Name::Answer => (self.entry(number), None),
        };
        ShownPlace {
            path,
            position,
            line: None,
        }
    }
}
