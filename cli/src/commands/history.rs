//! `history`: the event log of a database.

use migrator_runtime::history::LogEntry;
use migrator_runtime::{Migrator, Selection};

use super::context::{Answer, Context, Outcome};
use crate::arguments as args;
use crate::view::{History, View};

pub(super) async fn run(context: &Context, history: &args::Log) -> Outcome {
    context.check_names_without_database(&history.service)?;
    let options = context.environment.reads(&history.reads)?;
    let client = context.connect(context.registry, &options).await?;
    let migrator = Migrator::with_options(context.registry, options);
    // A limit counts the events that the other options select.
    let all = usize::try_from(i64::MAX).unwrap_or(usize::MAX);
    let log = migrator.log(&client, all).await?;
    if let Selection::Named(names) = &history.service {
        let is_logged = |name: &String| log.iter().any(|one| *one.id.service == **name);
        let unknown: Vec<_> = names
            .iter()
            .filter(|name| !is_logged(name))
            .cloned()
            .collect();
        // A service that the registry no longer has may have events.
        super::context::check_names(context.registry, &Selection::Named(unknown))?;
    }
    let wanted = log.into_iter().filter(|one| is_wanted(history, one));
    let mut events: Vec<_> = wanted.map(Into::into).collect();
    if let Some(limit) = history.limit {
        events.drain(..events.len().saturating_sub(limit.get()));
    }
    Ok(Answer::done(View::History(History { events })))
}

fn is_wanted(history: &args::Log, entry: &LogEntry) -> bool {
    let since = history.since.as_ref();
    history.service.names(&entry.id.service)
        // Times of one form have the order of their texts.
        && since.is_none_or(|since| *entry.at >= **since)
        && (history.kind.is_empty() || history.kind.iter().any(|kind| kind.as_str() == entry.kind))
}
