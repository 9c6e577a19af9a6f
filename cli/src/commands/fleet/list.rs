//! The list of a fleet's databases: a file, standard input or the result of a query.

use std::path::Path;

use futures_util::StreamExt;
use futures_util::stream::LocalBoxStream;
use migrator_runtime::{Settings, connect};

use super::place::{Entry, ListName};
use super::{lines, query};
use crate::arguments as args;
use crate::commands::context::Context;
use crate::failure::Failure;

/// A list that is read while its databases are migrated.
pub(super) struct List {
    pub(super) name: ListName,
    /// The database that the query for the list runs on.
    pub(super) main: Option<Settings>,
    pub(super) entries: LocalBoxStream<'static, Result<Entry, Failure>>,
}

impl List {
    /// Opens the list that the arguments name. Fails if a file has a malformed line.
    pub(super) async fn open(
        context: &Context,
        members: &args::Members,
        application: &str,
    ) -> Result<List, Failure> {
        match (&members.fleet, &members.fleet_query) {
            (Some(path), _) if path == Path::new("-") => Ok(List {
                name: ListName::Input,
                main: None,
                entries: lines::of_input().boxed_local(),
            }),
            (Some(path), _) => Ok(List {
                name: ListName::File(path.clone()),
                main: None,
                entries: lines::of_file(path, &context.environment)?.boxed_local(),
            }),
            (None, text) => {
                let main = context.settings(context.registry)?;
                let mut settings = main.clone();
                settings.application_name(application);
                let client = connect(settings).await?;
                let text = text.as_deref().unwrap_or_default();
                Ok(List {
                    name: ListName::Answer,
                    main: Some(main),
                    entries: query::rows(client, text).await?.boxed_local(),
                })
            }
        }
    }
}
