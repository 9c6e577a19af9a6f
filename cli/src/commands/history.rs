//! `history`: the event log of a database.

use migrator_runtime::history::{LogEntry, LogFilter};
use migrator_runtime::{Client, Migrator, Selection};

use super::context::{Answer, Context, Outcome, check_names};
use crate::arguments::{self as args, Format};
use crate::console::Console;
use crate::failure::Failure;
use crate::render::{json, text};
use crate::view::{History, LoggedEvent, View};

pub(super) async fn run(context: &Context, history: &args::Log) -> Outcome {
    context.check_names_without_database(&history.service)?;
    let options = context.environment.reads(&history.reads)?;
    let client = context.connect(context.registry, &options).await?;
    let migrator = Migrator::with_options(context.registry, options);
    if let Selection::Named(names) = &history.service {
        let unlogged = unlogged(&migrator, &client, names).await?;
        check_names(context.registry, &Selection::Named(unlogged))?;
    }
    let filter = LogFilter {
        services: history.service.clone(),
        kinds: history.kind.clone(),
        since: history.since.clone(),
        newest: history.limit.map(Into::into),
    };
    let mut view = History::default();
    let (console, database) = (context.console.clone(), client.target());
    let tell = |entry| add(&console, &database, &mut view, entry);
    migrator.each_logged(&client, &filter, tell).await?;
    Ok(Answer::done(View::History(view)))
}

/// The services without an event that the registry does not have. A service that is only in the log
/// was in an earlier tree.
async fn unlogged(
    migrator: &Migrator,
    client: &Client,
    names: &[String],
) -> Result<Vec<String>, Failure> {
    let registry = migrator.registry();
    let mut unlogged = Vec::new();
    let unknown = |name: &&String| registry.service(name).is_err();
    for name in names.iter().filter(unknown) {
        let filter = LogFilter {
            services: Selection::Named(vec![name.clone()]),
            newest: Some(1),
            ..LogFilter::default()
        };
        if migrator.log(client, &filter).await?.is_empty() {
            unlogged.push(name.clone());
        }
    }
    Ok(unlogged)
}

/// Prints an event as text, or keeps it for the JSON document.
fn add(console: &Console, database: &str, view: &mut History, entry: LogEntry) {
    match console.format() {
        Format::Json | Format::Jsonl => {
            view.events
                .push(json::row(&LoggedEvent::from(entry)).into_boxed_str());
        }
        Format::Text | Format::Sarif | Format::Github | Format::Markdown => {
            if view.printed == 0 {
                console.print(&text::history::head(database));
            }
            view.printed += 1;
            console.print_all(&text::history::event(&entry.into(), console.columns()));
        }
    }
}
