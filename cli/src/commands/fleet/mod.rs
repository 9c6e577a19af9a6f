//! `up --fleet`, `up --fleet-query`: many databases instead of one.

mod failures;
mod lines;
mod list;
mod query;
mod report;

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::future::ready;
use std::num::NonZeroUsize;

use futures_util::{Stream, StreamExt};
use migrator_model::Code;
use migrator_runtime::connect::ConnectError;
use migrator_runtime::{Event, Fleet, Member, Options, Settings, Stopped, Target};

use self::list::{Entry, List};
use self::report::Report;
use super::run::note;
use super::{Context, Outcome};
use crate::args;
use crate::connection;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::Printer;
use crate::signals;

/// Which database of the list.
#[derive(Clone, Copy, Debug)]
struct Place {
    /// From 0, without comments.
    index: usize,
    /// Its line or row, from 1.
    number: usize,
}

/// Applies what is pending in each database of the list, or shows it.
pub(super) async fn run(
    context: Context<'_>,
    up: &args::Up,
    mut options: Options,
    target: &Target,
) -> Outcome {
    // What is side by side are databases.
    options.jobs = NonZeroUsize::MIN;
    let jobs = context.environment.side_by_side(up.jobs)?;
    let opening = Box::pin(List::open(&context, &up.members, &options.application));
    let list = context.stop.unless_stopped(opening).await;
    let list = list.ok_or_else(Stopped::default)??;
    let Context {
        registry,
        environment,
        output,
        stop,
        ..
    } = context;
    let printer = output.printer();
    let fleet = Fleet::with_options(registry, options)
        .jobs(jobs.unwrap_or(Fleet::JOBS))
        .stopped_by(&stop)
        .on_event(move |target, event| tell(&printer, target, event));
    let fleet = match up.members.max_failures {
        Some(failures) => fleet.max_failures(failures),
        None => fleet,
    };
    let mut report = Report::new(output, list.name);
    let broken = RefCell::new(None);
    let read = |text: &str| match &list.main {
        Some(main) => connection::read_of(main, text, &environment),
        None => connection::read(text, &environment),
    };
    let members = members(list.entries, read, output, &broken);
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
    let broken = broken.into_inner();
    if tally.done + tally.failed + tally.not_started == 0 {
        // The list is not empty: nobody has come to its first database.
        if let Some(failure) = broken {
            return Err(failure);
        }
        if stop.is_stopped() {
            return Err(Stopped::default().into());
        }
    }
    let exit = report.finish(output, &tally);
    match broken {
        Some(failure) => Err(failure),
        // How much of the list was left nobody has read.
        None if stop.is_stopped() => Ok(signals::exit()),
        None => Ok(exit),
    }
}

fn tell(printer: &Printer, target: &str, event: &Event<'_>) {
    if let Some(note) = note(event) {
        printer.note(&format!("{target}: {note}"));
    }
}

/// The databases of a list, as far as it can be read: what ends it is left in `broken`.
fn members<'a>(
    entries: impl Stream<Item = Result<Entry, Failure>> + 'a,
    read: impl Fn(&str) -> Result<Settings, ConnectError> + 'a,
    printer: &'a Printer,
    broken: &'a RefCell<Option<Failure>>,
) -> impl Stream<Item = Member<Place>> + 'a {
    let mut warned = BTreeSet::new();
    entries.enumerate().scan((), move |(), (index, entry)| {
        let member = entry.map(|Entry { number, text }| {
            let settings = text.and_then(|text| read(&text));
            if let Ok(settings) = &settings {
                warn(printer, &mut warned, settings);
            }
            let key = Place { index, number };
            Member { key, settings }
        });
        ready(match member {
            Ok(member) => Some(member),
            Err(failure) => {
                broken.replace(Some(failure));
                None
            }
        })
    })
}

/// Says once what holds for every database, such as a password file that is ignored.
fn warn(printer: &Printer, warned: &mut BTreeSet<String>, settings: &Settings) {
    for warning in settings.warnings() {
        if warned.insert(warning.clone()) {
            printer.warning(warning);
        }
    }
}

/// The list cannot be read.
fn unreadable(exit: Exit, message: impl Into<String>, help: &str) -> Failure {
    Failure::new(Code::M0521, exit, message, help)
}
