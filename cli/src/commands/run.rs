//! What `up`, `down` and `redo` have in common.

use std::collections::BTreeSet;
use std::thread;
use std::time::Duration;

use migrator_runtime::plan::{Plan, Reason, Step};
use migrator_runtime::{Client, Direction, Done, Event, Migrator, Options, Report, Stop, Stopped};
use serde_json::{Value, json};
use tokio::sync::oneshot;

use super::{Context, count};
use crate::connection;
use crate::failure::Failure;
use crate::output::{Output, Printer, Tone};

/// A migrator and its connection.
pub(super) struct Session {
    pub(super) migrator: Migrator,
    pub(super) client: Client,
}

/// Connects, and has progress shown as it happens.
pub(super) async fn open(context: &mut Context<'_>, options: Options) -> Result<Session, Failure> {
    let Context {
        registry,
        global,
        environment,
        stop,
        output,
    } = context;
    let opening = connection::open(registry, global, environment, &options.application, output);
    let client = stop.unless_stopped(Box::pin(opening)).await;
    let client = client.ok_or_else(Stopped::default)??;
    output.member("database", json!(client.target()));
    let printer = output.printer();
    let migrator = Migrator::with_options(registry, options)
        .stopped_by(stop)
        .on_event(move |event| tell(&printer, event));
    Ok(Session { migrator, client })
}

/// Asks in a thread of its own: a signal does not end the reading of an answer.
pub(super) async fn confirm(question: String, stop: &Stop) -> Result<bool, Failure> {
    let (answered, answer) = oneshot::channel();
    thread::spawn(move || answered.send(Output::ask(&question)));
    match stop.unless_stopped(answer).await {
        Some(answer) => Ok(answer.unwrap_or(false)),
        None => Err(Stopped::default().into()),
    }
}

/// Each step is a result as soon as it is done; the rest is progress.
fn tell(output: &Printer, event: &Event<'_>) {
    if let Some(text) = note(event) {
        output.note(&text);
    }
    match event {
        Event::LockUnreleased { why } => output.warning(&unreleased(why)),
        Event::Planned(plan) => notes(output, plan),
        Event::Finished(done) => {
            output.result(Tone::Good, done.direction.verb().past, &done_line(done));
        }
        Event::Waiting(_)
        | Event::Retrying { .. }
        | Event::Held { .. }
        | Event::Resumed { .. }
        | Event::StillAtWork { .. }
        | Event::Notice(_)
        | Event::Started(_) => {}
    }
}

/// What is told of an event while the run goes on.
pub(super) fn note(event: &Event<'_>) -> Option<String> {
    match event {
        Event::Waiting(holder) => Some(format!("waiting for the lock: {holder} holds it")),
        Event::Retrying {
            step,
            why,
            delay,
            blockers,
        } => {
            let behind = blockers.iter().map(|one| format!(", behind {one}"));
            let (behind, delay) = (behind.collect::<String>(), seconds(*delay));
            Some(format!("{step}: {why}{behind}; trying again in {delay}"))
        }
        Event::Held { subject, what } => Some(format!("{subject}: waiting {what}")),
        Event::Resumed { step, found } => Some(format!("{step}: {found}")),
        Event::StillAtWork { step, holder } => Some(format!(
            "{step}: waiting for a statement of an earlier run to finish: {holder} runs it"
        )),
        Event::Notice(notice) => Some(format!(
            "the server says {}: {}",
            notice.severity.to_lowercase(),
            notice.message
        )),
        Event::Planned(_)
        | Event::Finished(_)
        | Event::LockUnreleased { .. }
        | Event::Started(_) => None,
    }
}

/// That the next run may have to wait.
pub(super) fn unreleased(why: &str) -> String {
    format!(
        "[M0529] the server may still hold the lock of this run: {why}; \
         `migrator explain M0529` says how to look, and how to end it"
    )
}

/// The notes of a plan, and what comes along that was not asked for.
fn notes(output: &Printer, plan: &Plan<'_>) {
    for note in &plan.notes {
        output.note(note);
    }
    let along: Vec<&str> = plan
        .steps
        .iter()
        .filter(|step| step.reason == Reason::Dependency)
        .map(Step::service)
        .collect();
    let services: BTreeSet<&str> = along.iter().copied().collect();
    if !services.is_empty() {
        let services: Vec<&str> = services.into_iter().collect();
        output.note(&format!(
            "also applying {} of {}, which the selected services need",
            count(along.len(), "migration"),
            services.join(", ")
        ));
    }
}

fn done_line(done: &Done) -> String {
    match measured(done.took) {
        Some(took) => format!("{done} ({})", seconds(took)),
        None => done.to_string(),
    }
}

/// The time that a step took. Where two answers of the server arrive together, the time
/// between them says nothing.
pub(super) fn measured(took: Duration) -> Option<Duration> {
    (took >= Duration::from_micros(50)).then_some(took)
}

/// A plan that is not carried out, or not yet.
pub(super) fn show_plan(
    output: &mut Output,
    plan: &Plan<'_>,
    direction: Direction,
    client: &Client,
) {
    notes(output, plan);
    for step in &plan.steps {
        let word = match step.is_resumed() {
            false => format!("would be {}", step.direction().verb().past),
            true => "would be resumed".to_owned(),
        };
        let why = match step.irreversible() {
            Some(reason) => format!("  irreversible: {reason}"),
            None => String::new(),
        };
        output.result(Tone::Plain, &word, &format!("{step}{why}"));
    }
    let steps: Vec<Value> = plan
        .steps
        .iter()
        .map(|step| {
            json!({
                "service": step.service(),
                "version": step.version().to_string(),
                "name": step.name(),
                "direction": step.direction().as_str(),
                "reason": step.reason.as_str(),
                "resumed": step.is_resumed(),
                "irreversible": step.irreversible(),
            })
        })
        .collect();
    output.member("plan", Value::Array(steps));
    output.member("notes", json!(plan.notes));
    if plan.steps.is_empty() {
        return nothing(output, direction, client);
    }
    let steps = plan.steps.iter();
    let steps = steps.filter(|step| step.direction() == direction);
    output.line(&format!(
        "{} would be {} on {}",
        count(steps.count(), "migration"),
        direction.verb().past,
        client.target()
    ));
}

/// There was or would be nothing to do.
fn nothing(output: &Output, direction: Direction, client: &Client) {
    let nothing = match direction {
        Direction::Up => "nothing is pending",
        Direction::Down => "nothing to revert",
    };
    output.line(&format!("{nothing} on {}", client.target()));
}

/// What was done, as data.
pub(super) fn members(output: &mut Output, report: &Report) {
    let done: Vec<Value> = report
        .done
        .iter()
        .map(|done| {
            json!({
                "service": done.id.service,
                "version": done.id.version.to_string(),
                "name": done.id.history_name(),
                "direction": done.direction.as_str(),
                "reason": done.reason.as_str(),
                "milliseconds": measured(done.took).map(milliseconds),
            })
        })
        .collect();
    output.member("done", Value::Array(done));
    output.member("milliseconds", json!(milliseconds(report.elapsed)));
}

/// The last line of a run: what was done, in how many services, in what time.
pub(super) fn summary(output: &Output, report: &Report, direction: Direction, client: &Client) {
    if report.done.is_empty() {
        return nothing(output, direction, client);
    }
    // What was being reverted is reverted before it is applied again.
    let done = report.done.iter().filter(|d| d.direction == direction);
    let services: BTreeSet<&str> = done.clone().map(|d| &*d.id.service).collect();
    output.line(&format!(
        "{} of {} {} in {} on {}",
        count(done.count(), "migration"),
        count(services.len(), "service"),
        direction.verb().past,
        seconds(report.elapsed),
        client.target()
    ));
}

/// A failed run's report goes into the document as well.
pub(super) fn reported(
    output: &mut Output,
    outcome: Result<Report, migrator_runtime::Error>,
) -> Result<Report, Failure> {
    match outcome {
        Ok(report) => {
            members(output, &report);
            Ok(report)
        }
        Err(error) => {
            members(output, &error.report);
            Err(error.into())
        }
    }
}

pub(super) fn milliseconds(time: Duration) -> f64 {
    (time.as_secs_f64() * 1_000_000.0).round() / 1_000.0
}

/// `12 ms`, `3.4 s`.
pub(super) fn seconds(time: Duration) -> String {
    match time.as_millis() {
        0 => format!("{:.1} ms", time.as_secs_f64() * 1000.0),
        milliseconds @ 1..1000 => format!("{milliseconds} ms"),
        _ => format!("{:.1} s", time.as_secs_f64()),
    }
}
