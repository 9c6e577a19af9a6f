//! The spans and events of the crate `tracing` for the steps of a run.
//!
//! Each leg of a plan has a span within the span of its run, and each step has a span within that of
//! its leg. `run/trace.rs` opens the span of the run.

use std::collections::BTreeMap;
use std::time::Duration;

use migrator_connect::Notice;
use migrator_model::MigrationId;
use migrator_model::file_name::Direction;
use migrator_plan::legs::in_legs;
use migrator_plan::{Plan, Step};
use tracing::field::Empty;
use tracing::{Span, debug, error, info, info_span, warn};

use super::Event;
use super::blocker::Blocker;
use super::operation::Waiter;
use super::report::Done;

/// The open spans of a run.
#[derive(Default)]
pub(crate) struct Trace {
    legs: Vec<Leg>,
    steps: BTreeMap<MigrationId, StepSpan>,
}

/// A leg that still has steps to start.
struct Leg {
    number: usize,
    service: String,
    direction: Direction,
    left: usize,
    span: Option<Span>,
}

/// A step that runs.
struct StepSpan {
    span: Span,
    retries: u32,
    waits: u32,
}

impl Trace {
    /// Opens and closes the spans that an event is about, and sends the event.
    pub(crate) fn event(&mut self, event: &Event<'_>) {
        match *event {
            Event::Planned(plan) => self.plan(plan),
            Event::Started(step) => self.start(step),
            Event::Finished(done) => self.finish(done),
            Event::Failed(id) => self.fail(id),
            Event::Retrying {
                step,
                why,
                delay,
                retry,
                retries,
                blockers,
            } => self.retry(&step.id, why, delay, (retry, retries), blockers),
            Event::KeptWaiting { subject, what } => match subject {
                Waiter::Step(id) => {
                    if let Some(step) = self.steps.get_mut(id) {
                        step.waits += 1;
                    }
                    info!(parent: self.span(id), %what, "waiting");
                }
                Waiter::Operation(doing) => info!(%doing, %what, "waiting"),
            },
            Event::WaitEnded(subject) => match subject {
                Waiter::Step(id) => debug!(parent: self.span(id), "wait ended"),
                Waiter::Operation(doing) => debug!(%doing, "wait ended"),
            },
            Event::Resumed { step, found } => {
                info!(parent: self.span(&step.id), found, "resumed");
            }
            Event::StillAtWork { step, holder } => {
                let span = self.span(&step.id);
                info!(parent: span, %holder, "waiting for a statement of an earlier run");
            }
            Event::Waiting(holder) => info!(%holder, "waiting for the lock of another run"),
            Event::NotCurrent { why } => info!(why, "waiting for a current database"),
            Event::LockUnreleased { why } => warn!(why, "lock may not be released"),
            Event::NoSecondConnection(why) => warn!(%why, "waiting for a second connection"),
            Event::Notice(notice) => tell_notice(notice),
            Event::NoticesOmitted(number) => info!(number, "notices omitted"),
        }
    }

    /// Closes the spans of a run that has ended.
    pub(crate) fn end(&mut self) {
        *self = Trace::default();
    }

    fn plan(&mut self, plan: &Plan<'_>) {
        let legs = in_legs(&plan.steps).enumerate();
        let legs = legs.filter_map(|(index, steps)| Leg::of(index + 1, steps));
        *self = Trace {
            legs: legs.collect(),
            steps: BTreeMap::new(),
        };
        info!(steps = plan.steps.len(), legs = self.legs.len(), "planned");
    }

    fn start(&mut self, step: &Step<'_>) {
        // A step that is tried again runs still.
        if self.steps.contains_key(&step.id) {
            return;
        }
        let (service, direction) = (step.service(), step.direction());
        let is_own =
            |leg: &&mut Leg| leg.left > 0 && leg.service == service && leg.direction == direction;
        let leg = self.legs.iter_mut().find(is_own);
        let leg = leg.map_or_else(Span::current, Leg::start);
        let span = info_span!(
            parent: &leg,
            "step",
            service,
            version = %step.version(),
            name = %step.id.name,
            direction = word(direction),
            milliseconds = Empty,
            retries = Empty,
            waits = Empty,
        );
        info!(parent: &span, "started");
        let (retries, waits) = (0, 0);
        self.steps.insert(
            step.id.clone(),
            StepSpan {
                span,
                retries,
                waits,
            },
        );
    }

    fn finish(&mut self, done: &Done) {
        let Some(step) = self.steps.remove(&done.id) else {
            return;
        };
        let milliseconds = milliseconds(done.took);
        let StepSpan {
            span,
            retries,
            waits,
        } = step.recorded();
        span.record("milliseconds", milliseconds);
        match done.direction {
            Direction::Up => info!(parent: &span, milliseconds, retries, waits, "applied"),
            Direction::Down => info!(parent: &span, milliseconds, retries, waits, "reverted"),
        }
    }

    fn fail(&mut self, id: &MigrationId) {
        if let Some(step) = self.steps.remove(id) {
            let StepSpan {
                span,
                retries,
                waits,
            } = step.recorded();
            error!(parent: &span, retries, waits, "failed");
        }
    }

    fn retry(
        &mut self,
        id: &MigrationId,
        why: &str,
        delay: Duration,
        (retry, retries): (u32, u32),
        blockers: &[Blocker],
    ) {
        if let Some(step) = self.steps.get_mut(id) {
            step.retries = retry;
        }
        let blockers: Vec<String> = blockers.iter().map(ToString::to_string).collect();
        let (behind, delay) = (blockers.join(", "), milliseconds(delay));
        warn!(
            parent: self.span(id),
            why,
            behind,
            retry,
            retries_allowed = retries,
            delay_milliseconds = delay,
            "retrying"
        );
    }

    /// The span of a step; that of the run if the step is only recorded.
    fn span(&self, id: &MigrationId) -> Span {
        let step = self.steps.get(id);
        step.map_or_else(Span::current, |step| step.span.clone())
    }
}

impl Leg {
    /// A leg of the plan; `None` if it runs no script.
    fn of(number: usize, steps: &[Step<'_>]) -> Option<Leg> {
        let first = steps.first()?;
        let left = steps.iter().filter(|step| step.has_script()).count();
        (left > 0).then(|| Leg {
            number,
            service: first.service().to_owned(),
            direction: first.direction(),
            left,
            span: None,
        })
    }

    /// The span of the leg, in which one more step starts.
    fn start(&mut self) -> Span {
        let new = || {
            info_span!(
                "leg",
                leg = self.number,
                service = self.service,
                direction = word(self.direction)
            )
        };
        let span = self.span.take().unwrap_or_else(new);
        self.left -= 1;
        // The span of the last step keeps that of the leg open.
        if self.left > 0 {
            self.span = Some(span.clone());
        }
        span
    }
}

impl StepSpan {
    fn recorded(self) -> StepSpan {
        self.span.record("retries", self.retries);
        self.span.record("waits", self.waits);
        self
    }
}

fn tell_notice(notice: &Notice) {
    let (severity, sqlstate) = (&*notice.severity, &*notice.sqlstate);
    let (notice, text) = (&*notice.message, "notice of the server");
    match severity {
        "WARNING" => warn!(severity, sqlstate, notice, "{text}"),
        _ => info!(severity, sqlstate, notice, "{text}"),
    }
}

fn word(direction: Direction) -> &'static str {
    match direction {
        Direction::Up => "up",
        Direction::Down => "down",
    }
}

/// A time as a number of milliseconds, with three decimals.
pub(crate) fn milliseconds(time: Duration) -> f64 {
    (time.as_secs_f64() * 1e6).round() / 1e3
}
