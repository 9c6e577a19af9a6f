//! `up`, `down` and `redo`: the progress and the result of a run.

use std::collections::BTreeSet;

use migrator_runtime::{Direction, Done, Event};

use super::plan::{self, nothing};
use crate::line::{Line, Tone};
use crate::remedy::USE_SINGLE_CONNECTION;
use crate::slowest::Slowest;
use crate::view::{Plan, Request, Run, measured};
use crate::words::{count, seconds};

/// What a run of one database prints about an event.
pub(crate) fn event(event: &Event<'_>) -> Vec<Line> {
    match event {
        Event::LockUnreleased { why } => vec![Line::warning(unreleased(why))],
        Event::NoSecondConnection(_) => progress(event).map(Line::warning).into_iter().collect(),
        Event::Planned(steps) => plan::notes(&Plan::new(steps, Direction::Up)),
        Event::Finished(done) => vec![finished(done)],
        Event::Waiting(_)
        | Event::Retrying { .. }
        | Event::KeptWaiting { .. }
        | Event::NotCurrent { .. }
        | Event::Resumed { .. }
        | Event::StillAtWork { .. }
        | Event::Notice(_)
        | Event::NoticesOmitted(_)
        | Event::Started(_)
        | _ => progress(event).map(Line::note).into_iter().collect(),
    }
}

/// The progress that an event reports, if any.
pub(crate) fn progress(event: &Event<'_>) -> Option<String> {
    match event {
        Event::Waiting(holder) => Some(format!("waiting for the lock: {holder} holds it")),
        Event::Retrying {
            step,
            why,
            delay,
            retry,
            retries,
            blockers,
        } => {
            let behind = blockers.iter().map(|one| format!(", behind {one}"));
            let (behind, delay) = (behind.collect::<String>(), seconds(*delay));
            Some(format!(
                "{step}: {why}{behind}; trying again in {delay} (retry {retry} of {retries})"
            ))
        }
        Event::KeptWaiting { subject, what } => Some(format!("{subject}: waiting {what}")),
        Event::NotCurrent { why } => Some(format!("waiting: {why}")),
        Event::Resumed { step, found } => Some(format!("{step}: {found}")),
        Event::StillAtWork { step, holder } => Some(format!(
            "{step}: waiting for a statement of an earlier run to finish: {holder} runs it"
        )),
        Event::Notice(notice) => Some(format!(
            "the server says {}: {}",
            notice.severity.to_lowercase(),
            notice.message
        )),
        Event::NoticesOmitted(number) => Some(format!(
            "the server sent {number} earlier notices, which are not shown"
        )),
        Event::NoSecondConnection(what) => Some(format!("{what}; {USE_SINGLE_CONNECTION}")),
        Event::Planned(_)
        | Event::Finished(_)
        | Event::LockUnreleased { .. }
        | Event::Started(_)
        | _ => None,
    }
}

fn unreleased(why: &str) -> String {
    format!(
        "[M0529] the server may still hold the lock of this run: {why}; \
         `migrator explain M0529` says how to look, and how to end it"
    )
}

fn finished(done: &Done) -> Line {
    let line = match measured(done.took) {
        Some(took) => format!("{done} ({})", seconds(took)),
        None => done.to_string(),
    };
    Line::worded(Tone::Good, done.direction.verb().past, &line)
}

/// The last lines of a run: how much it did in which time, and its slowest steps. Its steps were
/// printed as they ended.
pub(super) fn summary(view: &Run, database: &str, has_failed: bool) -> Vec<Line> {
    if has_failed {
        return Vec::new();
    }
    let total = match &view.request {
        Request::Up(_) => total(view, Direction::Up, database),
        Request::Down => total(view, Direction::Down, database),
        Request::Redo(service) => redone(view, service, database),
        Request::Switch(_) => switched(view, database),
    };
    let done = view.done.iter();
    let times = done.filter_map(|done| Some((done.id.to_string(), done.took?)));
    let slowest = times.collect::<Slowest>().line(view.elapsed);
    [total].into_iter().chain(slowest).collect()
}

fn total(view: &Run, direction: Direction, database: &str) -> Line {
    if view.done.is_empty() {
        return nothing(&[direction], database);
    }
    // A run up first reverts a migration whose revert was interrupted.
    let done = view.done.iter().filter(|done| done.direction == direction);
    let services: BTreeSet<&str> = done.clone().map(|done| &*done.id.service).collect();
    Line::result(format!(
        "{} of {} {} in {} on {database}",
        count(done.count(), "migration"),
        count(services.len(), "service"),
        direction.verb().past,
        seconds(view.elapsed)
    ))
}

fn switched(view: &Run, database: &str) -> Line {
    if view.done.is_empty() {
        return nothing(&[Direction::Down, Direction::Up], database);
    }
    let part = |direction: Direction| {
        let done = view.done.iter().filter(|done| done.direction == direction);
        let number = done.count();
        let (did, migrations) = (direction.verb().past, count(number, "migration"));
        (number > 0).then(|| format!("{did} {migrations}"))
    };
    let parts: Vec<String> = [Direction::Down, Direction::Up]
        .into_iter()
        .filter_map(part)
        .collect();
    let (done, elapsed) = (parts.join(" and "), seconds(view.elapsed));
    Line::result(format!("{done} in {elapsed} on {database}"))
}

fn redone(view: &Run, service: &str, database: &str) -> Line {
    Line::result(match view.done.first() {
        None => format!("nothing of {service} is applied on {database}"),
        Some(reverted) => format!(
            "reverted and reapplied {} in {} on {database}",
            reverted.id,
            seconds(view.elapsed)
        ),
    })
}
