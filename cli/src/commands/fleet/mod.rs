//! `--fleet` and `--fleet-query`: many databases instead of one.

mod failures;
mod lines;
mod list;
mod phase;
mod place;
mod query;
mod report;
mod wave;

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::future::ready;
use std::num::NonZeroUsize;

use futures_util::{Stream, StreamExt, stream};
use migrator_runtime::{
    Client, Direction, Event, Fleet, FleetTotals, Member, Migrator, Options, Selection, Settings,
    Shard, Stopped, Target,
};

use self::failures::Broken;
use self::list::List;
use self::place::{Entry, Part, Place};
pub(super) use self::report::Check;
use self::report::Report;
use super::comparison::{Compared, Comparison};
use super::context::{Answer, Context, Outcome};
use super::session::write_line;
use crate::arguments as args;
use crate::caught;
use crate::console::Console;
use crate::database::connection;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::render::text;
use crate::view::View;

/// The databases of a fleet, and how a command works on them.
pub(super) struct Request<'a> {
    pub(super) members: &'a args::Members,
    /// How many databases at a time.
    pub(super) jobs: Option<NonZeroUsize>,
    pub(super) work: Work<'a>,
}

/// What happens to each database.
#[derive(Clone, Copy)]
pub(super) enum Work<'a> {
    /// `up`.
    Up(&'a Target),
    /// `down`.
    Down(&'a Target),
    /// `--dry-run`.
    Plan(Direction, &'a Target),
    /// `status`.
    Status(&'a Selection, Check),
    /// `drift`.
    Drift(&'a Comparison<'a>),
}

/// Does the work on each database in the list.
pub(super) async fn run(context: &Context, request: Request<'_>, mut options: Options) -> Outcome {
    let Request { members, work, .. } = request;
    // `--jobs` counts databases here. Each database takes one connection.
    options.jobs = NonZeroUsize::MIN;
    let jobs = context.environment.side_by_side(request.jobs)?;
    let part = Part {
        shard: shard(context, members)?,
        wave: members.wave,
    };
    let opening = Box::pin(List::open(context, members, part, &options.application));
    let list = context.stop.unless_stopped(opening).await;
    let list = list.ok_or_else(Stopped::default)??;
    let console = context.console.clone();
    let registry = match work {
        Work::Drift(comparison) => comparison.registry,
        Work::Up(_) | Work::Down(_) | Work::Plan(..) | Work::Status(..) => context.registry,
    };
    let (order, of_phases) = (list.entries.order, console.clone());
    let (starts, progress) = (context.progress.clone(), context.progress.clone());
    let total = list.entries.total;
    context
        .progress
        .update(|board, now| board.plan("database", total, now));
    let fleet = Fleet::with_options(registry, options)
        .jobs(jobs.unwrap_or(Fleet::JOBS))
        .stopped_by(&context.stop)
        .start_interval(members.start_rate.unwrap_or_default())
        .on_phase(move |phase| phase::report(&of_phases, order, phase))
        .on_start(move |target| starts.update(|board, now| board.start(target, now)))
        .on_event(move |target, event| {
            progress.of_database(target, event);
            tell(&console, target, event);
            write_line(&console, Some(target), event);
        });
    let fleet = limited(fleet, members);
    let mut report = Report::new(context, list.name.clone(), part);
    let broken = RefCell::new(None);
    let members = counted(context, chosen(context, list, part, &broken));
    let totals = work_on(context, &fleet, members, work, &mut report).await?;
    let check = match work {
        Work::Status(_, check) => check,
        Work::Drift(_) => Check::Judges,
        Work::Up(_) | Work::Down(_) | Work::Plan(..) => Check::Shows,
    };
    finish(context, report.finish(&totals, check), broken.into_inner())
}

async fn work_on(
    context: &Context,
    fleet: &Fleet,
    members: impl Stream<Item = Member<Place>>,
    work: Work<'_>,
    report: &mut Report,
) -> Result<FleetTotals, Failure> {
    Ok(match work {
        Work::Up(target) => {
            let tell = |result| report.applied(result);
            fleet.up(members, target, tell).await?
        }
        Work::Down(target) => {
            let tell = |result| report.reverted(result);
            fleet.down(members, target, tell).await?
        }
        Work::Plan(direction, target) => {
            let tell = |result| report.planned(direction, result);
            fleet.plan(members, direction, target, tell).await?
        }
        Work::Status(services, _) => {
            let tell = |result| report.compared(result);
            fleet.status(members, services, tell).await?
        }
        Work::Drift(comparison) => {
            let compare = |migrator: Migrator, client: Client| async move {
                let comparing = Box::pin(comparison.of(&client, &migrator, Compared::Fleet));
                let compared = context.stop.unless_stopped(comparing).await;
                client.close().await;
                let compared = compared.unwrap_or_else(|| Err(Stopped::default().into()));
                compared.map_err(Broken::from)
            };
            let tell = |result| report.drifted(result);
            fleet.each(members, compare, tell).await
        }
    })
}

fn limited(fleet: Fleet, members: &args::Members) -> Fleet {
    let fleet = match members.max_failures {
        Some(failures) => fleet.max_failures(failures),
        None => fleet,
    };
    let fleet = match members.canary {
        Some(number) => fleet.canaries(number),
        None => fleet,
    };
    fleet.settle(members.settle.unwrap_or_default())
}

/// The databases of the list that belong to the part.
fn chosen<'a>(
    context: &'a Context,
    list: List,
    part: Part,
    broken: &'a RefCell<Option<Failure>>,
) -> impl Stream<Item = Member<Place>> + 'a {
    let List { main, entries, .. } = list;
    let read = move |text: &str| match &main {
        Some(main) => connection::read_of(main, text, &context.environment),
        None => connection::read(text, &context.environment),
    };
    let mut warned = BTreeSet::new();
    listed(entries.stream, broken)
        .filter(move |entry| ready(part.has_wave(entry.wave)))
        .map(move |entry| {
            let settings = entry.text.and_then(|text| read(&text));
            (entry.number, entry.wave, settings)
        })
        .filter(move |(_, _, settings)| ready(part.has(settings)))
        .enumerate()
        .map(move |(index, (number, wave, settings))| {
            if let Ok(settings) = &settings {
                warn(&context.console, &mut warned, settings);
            }
            Member {
                key: Place {
                    index,
                    number,
                    wave,
                },
                settings,
                wave: wave.unwrap_or_default(),
            }
        })
}

/// The databases, whose number is the total of the progress when the list has been read to its end.
fn counted<'a, T: 'a>(
    context: &'a Context,
    members: impl Stream<Item = T> + 'a,
) -> impl Stream<Item = T> + 'a {
    let start = (Box::pin(members), 0_usize);
    let counted = stream::unfold(start, async |(mut members, seen)| {
        let Some(member) = members.next().await else {
            context.progress.update(|board, _| board.set_total(seen));
            return None;
        };
        Some((member, (members, seen + 1)))
    });
    counted.fuse()
}

/// What a fleet returns. If the list could not be read to its end, `broken` is the failure.
fn finish(context: &Context, (view, exit): (View, Exit), broken: Option<Failure>) -> Outcome {
    if matches!(&view, View::Fleet(fleet) if fleet.totals.databases() == 0) {
        // The run stopped before the first database.
        if let Some(failure) = broken {
            return Err(failure);
        }
        if context.stop.is_stopped() {
            return Err(Stopped::default().into());
        }
    }
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
    // A log has all events of the runs already.
    if let Some(note) = text::run::progress(event).filter(|_| !console.logs_events()) {
        console.note(&format!("{target}: {note}"));
    }
}

/// The part of the list that this process works on.
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

/// The databases of a list. If the list cannot be read to its end, `broken` gets the failure.
fn listed<'a>(
    entries: impl Stream<Item = Result<Entry, Failure>> + 'a,
    broken: &'a RefCell<Option<Failure>>,
) -> impl Stream<Item = Entry> + 'a {
    entries.scan((), move |(), entry| {
        ready(match entry {
            Ok(entry) => Some(entry),
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
