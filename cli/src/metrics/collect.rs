//! The samples of a command that has ended.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use migrator_runtime::Direction;

use super::samples::{Labels, Metric, Samples};
use crate::exit::Exit;
use crate::view::{Document, Fleet, Pending, Run, View};

pub(super) fn collect(
    samples: &mut Samples,
    command: &str,
    document: &Document,
    elapsed: Duration,
) {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    let now = now.unwrap_or_default().as_secs_f64();
    let labels = labels(command, document);
    // A command that finds pending migrations or drift has done its work.
    let has_failed = !matches!(document.exit, Exit::Done | Exit::Pending);
    for (result, is_own) in [("failure", has_failed), ("success", !has_failed)] {
        let runs = with(&labels, "result", result);
        samples.add(Metric::Runs, runs, number(usize::from(is_own)));
    }
    samples.set(Metric::LastRun, labels.clone(), now);
    samples.set(Metric::LastDuration, labels.clone(), elapsed.as_secs_f64());
    samples.set(
        Metric::LastFailed,
        labels.clone(),
        number(usize::from(has_failed)),
    );
    if !has_failed {
        samples.set(Metric::LastSuccess, labels.clone(), now);
    }
    match &document.view {
        Some(View::Run(run)) => of_run(samples, &labels, run),
        Some(View::Fleet(fleet)) => of_fleet(samples, &labels, fleet),
        _ => {}
    }
    if let Some(pending) = &document.measured.pending {
        of_services(samples, document, pending);
    }
}

/// The labels of all samples of a command.
fn labels(command: &str, document: &Document) -> Labels {
    let command = ("command".to_owned(), command.to_owned());
    let database = document.measured.database.clone();
    let database = database.map(|database| ("database".to_owned(), database));
    [command].into_iter().chain(database).collect()
}

fn of_run(samples: &mut Samples, labels: &Labels, run: &Run) {
    let of = |direction| {
        run.done
            .iter()
            .filter(move |done| done.direction == direction)
    };
    for (metric, direction) in [
        (Metric::Applied, Direction::Up),
        (Metric::Reverted, Direction::Down),
    ] {
        samples.add(metric, labels.clone(), number(of(direction).count()));
    }
}

fn of_fleet(samples: &mut Samples, labels: &Labels, fleet: &Fleet) {
    let migrations = number(fleet.totals.migrations);
    if is_of(labels, "up") {
        samples.add(Metric::Applied, labels.clone(), migrations);
    } else if is_of(labels, "down") {
        samples.add(Metric::Reverted, labels.clone(), migrations);
    }
    samples.remove(Metric::Databases, labels, "state");
    for (state, databases) in fleet.totals.by_state() {
        let labels = with(labels, "state", state);
        samples.set(Metric::Databases, labels, number(databases));
    }
}

fn of_services(samples: &mut Samples, document: &Document, pending: &[Pending]) {
    let database = document.measured.database.clone().unwrap_or_default();
    let labels = vec![("database".to_owned(), database)];
    samples.remove(Metric::Pending, &labels, "service");
    for Pending {
        service,
        number: of,
    } in pending
    {
        let labels = with(&labels, "service", service);
        samples.set(Metric::Pending, labels, number(*of));
    }
}

fn is_of(labels: &Labels, command: &str) -> bool {
    labels
        .iter()
        .any(|(name, value)| name == "command" && value == command)
}

fn with(labels: &Labels, name: &str, value: &str) -> Labels {
    let mut labels = labels.clone();
    labels.push((name.to_owned(), value.to_owned()));
    labels
}

/// A count as a sample.
fn number(count: usize) -> f64 {
    // No count of ours is too large for it to be exact.
    u32::try_from(count).map_or(f64::MAX, f64::from)
}
