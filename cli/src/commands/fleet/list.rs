//! The list of a fleet's databases: a file, standard input or the result of a query.

use std::path::Path;

use migrator_model::Code;
use migrator_runtime::{Settings, connect};

use super::place::{Entries, ListName, Part};
use super::wave::Order;
use super::{lines, query};
use crate::arguments as args;
use crate::commands::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;

/// A list that is read while its databases are migrated.
pub(super) struct List {
    pub(super) name: ListName,
    /// The database that the query for the list runs on.
    pub(super) main: Option<Settings>,
    pub(super) entries: Entries,
}

impl List {
    /// Opens the list that the arguments name. Fails if a file has a malformed line.
    pub(super) async fn open(
        context: &Context,
        members: &args::Members,
        part: Part,
        application: &str,
    ) -> Result<List, Failure> {
        let list = match (&members.fleet, &members.fleet_query) {
            (Some(path), _) if path == Path::new("-") => {
                let entries = lines::of_input().await;
                List {
                    name: ListName::Input,
                    main: None,
                    entries,
                }
            }
            (Some(path), _) => {
                let entries = lines::of_file(path, part, &context.environment).await?;
                List {
                    name: ListName::File(path.clone()),
                    main: None,
                    entries,
                }
            }
            (None, text) => {
                let main = context.settings(context.registry)?;
                let mut settings = main.clone();
                settings.application_name(application);
                let client = connect(settings).await?;
                let text = text.as_deref().unwrap_or_default();
                let entries = query::rows(client, part, text).await?;
                List {
                    name: ListName::Answer,
                    main: Some(main),
                    entries,
                }
            }
        };
        check(members, list.entries.order)?;
        Ok(list)
    }
}

/// Refuses options that need a list with waves.
fn check(members: &args::Members, order: Order) -> Result<(), Failure> {
    let needs_waves = members.settle.is_some() && members.canary.is_none();
    let (option, help) = match order {
        Order::Listed if members.wave.is_some() => ("--wave", WITH_WAVES.to_owned()),
        Order::Listed if needs_waves => ("--settle", format!("give `--canary=N`, or {WITH_WAVES}")),
        Order::Listed | Order::Waves => return Ok(()),
    };
    let message = format!("`{option}` has no effect: the list has no waves");
    Err(Failure::new(Code::M0901, Exit::Usage, message, help))
}

const WITH_WAVES: &str = "write the number of a wave after each database of the list";
