//! `up --fleet`, `up --fleet-query`: many databases instead of one.

mod failures;
mod lines;
mod list;
mod place;
mod query;
mod report;

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::future::ready;
use std::num::NonZeroUsize;

use futures_util::{Stream, StreamExt};
use migrator_runtime::connect::ConnectError;
use migrator_runtime::{Event, Fleet, Member, Options, Settings, Shard, Stopped, Tally, Target};

use self::list::List;
use self::place::{Entry, Place};
use self::report::Report;
use super::context::{Answer, Context, Outcome};
use crate::arguments as args;
use crate::caught;
use crate::console::Console;
use crate::database::connection;
use crate::failure::Failure;
use crate::render::text;
use crate::view::View;

/// Applies the pending migrations of each database in the list, or shows them.
pub(super) async fn run(
    context: &Context,
    up: &args::Up,
    mut options: Options,
    target: &Target,
) -> Outcome {
    // `--jobs` counts databases here. Each database takes one connection.
    options.jobs = NonZeroUsize::MIN;
    let jobs = context.environment.side_by_side(up.jobs)?;
    let shard = shard(context, &up.members)?;
    let opening = Box::pin(List::open(context, &up.members, &options.application));
    let list = context.stop.unless_stopped(opening).await;
    let list = list.ok_or_else(Stopped::default)??;
    let console = context.console.clone();
    let fleet = Fleet::with_options(context.registry, options)
        .jobs(jobs.unwrap_or(Fleet::JOBS))
        .stopped_by(&context.stop)
        .on_event(move |target, event| tell(&console, target, event));
    let fleet = match up.members.max_failures {
        Some(failures) => fleet.max_failures(failures),
        None => fleet,
    };
    let mut report = Report::new(&context.console, list.name, shard, up.dry_run);
    let broken = RefCell::new(None);
    let read = |text: &str| match &list.main {
        Some(main) => connection::read_of(main, text, &context.environment),
        None => connection::read(text, &context.environment),
    };
    let mut warned = BTreeSet::new();
    let members = members(list.entries, read, &broken)
        .filter(|(_, settings)| ready(is_in(shard, settings)))
        .enumerate()
        .map(|(index, (number, settings))| {
            if let Ok(settings) = &settings {
                warn(&context.console, &mut warned, settings);
            }
            let key = Place { index, number };
            Member { key, settings }
        });
    let tally = match up.dry_run {
        true => {
            let tell = |ended| report.planned(ended);
            fleet.plan(members, target, tell).await?
        }
        false => {
            let tell = |ended| report.applied(ended);
            fleet.up(members, target, tell).await?
        }
    };
    finish(context, report, &tally, broken.into_inner())
}

/// What a fleet returns. If the list could not be read to its end, `broken` is the failure.
fn finish(context: &Context, report: Report, tally: &Tally, broken: Option<Failure>) -> Outcome {
    if tally.done + tally.failed + tally.not_started == 0 {
        // The run stopped before the first database.
        if let Some(failure) = broken {
            return Err(failure);
        }
        if context.stop.is_stopped() {
            return Err(Stopped::default().into());
        }
    }
    let (view, exit) = report.finish(tally);
    let view = View::Fleet(view);
    match broken {
        Some(failure) => Err(failure.after(view)),
        // The rest of the list was not read, so the counts do not show that the run was stopped.
        None if context.stop.is_stopped() => Ok(Answer {
            view,
            exit: caught::exit(),
        }),
        None => Ok(Answer { view, exit }),
    }
}

fn tell(console: &Console, target: &str, event: &Event<'_>) {
    if let Some(note) = text::run::progress(event) {
        console.note(&format!("{target}: {note}"));
    }
}

/// The part of the list that this process migrates.
fn shard(context: &Context, members: &args::Members) -> Result<Option<Shard>, Failure> {
    let shard = context.environment.shard(members)?;
    if shard.is_none() && context.environment.is_in_indexed_job() {
        context.console.note(
            "this pod of an Indexed Job works on the whole list; `--shards=N` divides it between \
             the pods",
        );
    }
    Ok(shard)
}

/// Whether a database belongs to the shard. Malformed lines belong to the first shard, so that one
/// process alone reports them.
fn is_in(shard: Option<Shard>, settings: &Result<Settings, ConnectError>) -> bool {
    shard.is_none_or(|shard| match settings {
        Ok(settings) => shard.has(settings),
        Err(_) => shard.index() == 0,
    })
}

/// The line or row of each database of a list, and its settings. If the list cannot be read to its end, `broken` gets the failure.
fn members<'a>(
    entries: impl Stream<Item = Result<Entry, Failure>> + 'a,
    read: impl Fn(&str) -> Result<Settings, ConnectError> + 'a,
    broken: &'a RefCell<Option<Failure>>,
) -> impl Stream<Item = (usize, Result<Settings, ConnectError>)> + 'a {
    entries.scan((), move |(), entry| {
        ready(match entry {
            Ok(Entry { number, text }) => Some((number, text.and_then(|text| read(&text)))),
            Err(failure) => {
                broken.replace(Some(failure));
                None
            }
        })
    })
}

/// Prints each warning once. A warning may hold for every database, such as a password file that is
/// ignored.
fn warn(console: &Console, warned: &mut BTreeSet<String>, settings: &Settings) {
    for warning in settings.warnings() {
        if warned.insert(warning.clone()) {
            console.warning(warning);
        }
    }
}
