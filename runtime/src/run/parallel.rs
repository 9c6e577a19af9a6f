//! Carries out the legs of a plan, over one connection or over several at the same time.

use futures_util::future::join_all;
use migrator_model::small;
use migrator_plan::Step;
use migrator_plan::legs::{Leg, can_run_in_parallel};

use super::{driver, ready};
use crate::error::fault::Fault;
use crate::error::kind::ErrorKind;
use crate::error::stopped::Stopped;
use crate::lock::in_flight::InFlight;
use crate::lock::keep;
use crate::session::advisory::LockHolder;
use crate::session::client::Client;
use crate::step::alongside::Alongside;
use crate::step::executor::Executor;
use crate::step::schedule::Turn;
use crate::step::shared::Shared;

/// Carries out all legs.
pub(crate) async fn carry_out(shared: Shared<'_>) -> Result<(), ErrorKind> {
    let jobs = shared.options.parallel().min(shared.schedule.legs.len());
    if jobs <= 1 || !can_run_in_parallel(&shared.schedule.legs) {
        return over_one_connection(shared).await;
    }
    let others = (1..jobs).map(|_| Box::pin(open_and_work(shared)) as _);
    let first: Worker<'_> = Box::pin(work(shared, shared.caller));
    let outcomes = join_all([first].into_iter().chain(others)).await;
    all_of(outcomes.into_iter().filter_map(Result::err).collect())
}

/// Records all steps of a plan in one transaction, over the caller's connection.
pub(crate) async fn record_together(
    shared: Shared<'_>,
    steps: &[Step<'static>],
    alongside: &Alongside,
) -> Result<(), ErrorKind> {
    let under_way = InFlight::over(shared.caller, shared.lock);
    let mut executor = Executor::new(shared, shared.caller, steps.len());
    let outcome = executor.record_together(steps, alongside).await;
    under_way.done();
    outcome
}

type Worker<'a> = std::pin::Pin<Box<dyn Future<Output = Result<(), Failed>> + Send + 'a>>;

/// A leg failed.
struct Failed {
    leg: usize,
    why: ErrorKind,
}

/// Combines the errors of the connections into one error, in the order of the plan.
fn all_of(mut failed: Vec<Failed>) -> Result<(), ErrorKind> {
    small::sort_by(&mut failed, |a, b| a.leg.cmp(&b.leg));
    let mut faults: Vec<Fault> = Vec::new();
    let mut stopped: Option<Stopped> = None;
    for Failed { why, .. } in failed {
        match why {
            ErrorKind::Script(fault) => faults.push(*fault),
            ErrorKind::Stopped(other) => {
                let all = stopped.get_or_insert_default();
                all.interrupted.extend(other.interrupted);
            }
            other @ (ErrorKind::UnknownService(_)
            | ErrorKind::Refused(_)
            | ErrorKind::NotCurrent { .. }
            | ErrorKind::Locked { .. }
            | ErrorKind::LockLost { .. }
            | ErrorKind::Scripts(_)
            | ErrorKind::ReadOnly(_)
            | ErrorKind::Connection { .. }
            | ErrorKind::Connect(_)
            | ErrorKind::SecondConnection { .. }
            | ErrorKind::Format(_)
            | ErrorKind::History { .. }
            | ErrorKind::Engine(_)) => return Err(other),
        }
    }
    match faults.len() {
        0 => stopped.map_or(Ok(()), |stopped| Err(ErrorKind::Stopped(stopped))),
        1 => faults.pop().map_or(Ok(()), |fault| Err(fault.into())),
        _ => Err(ErrorKind::Scripts(faults)),
    }
}

/// Carries out all legs over the caller's connection. It sends the first message of a leg before
/// the server has answered the last one of the leg before.
async fn over_one_connection(shared: Shared<'_>) -> Result<(), ErrorKind> {
    let steps = shared.schedule.legs.iter().map(|leg| leg.steps.len());
    let under_way = InFlight::over(shared.caller, shared.lock);
    let outcome = all_legs(shared, steps.sum()).await;
    under_way.done();
    outcome
}

async fn all_legs(shared: Shared<'_>, steps: usize) -> Result<(), ErrorKind> {
    let mut executor = Executor::new(shared, shared.caller, steps);
    let outcome = legs_of(&mut executor, shared).await;
    executor.end().await;
    outcome
}

async fn legs_of<'a>(executor: &mut Executor<'a>, shared: Shared<'a>) -> Result<(), ErrorKind> {
    for leg in &shared.schedule.legs {
        run_leg(executor, leg.steps).await?;
    }
    executor.finish().await?;
    Ok(())
}

/// Takes one leg after the other from the schedule, and carries it out over a connection.
async fn work<'a>(shared: Shared<'a>, client: &'a Client) -> Result<(), Failed> {
    let under_way = InFlight::over(client, shared.lock);
    let outcome = take_legs(shared, client).await;
    under_way.done();
    outcome
}

async fn take_legs<'a>(shared: Shared<'a>, client: &'a Client) -> Result<(), Failed> {
    let mut executor = Executor::new(shared, client, 0);
    let outcome = turns(&mut executor, shared, client).await;
    executor.end().await;
    outcome
}

async fn turns<'a>(
    executor: &mut Executor<'a>,
    shared: Shared<'a>,
    client: &'a Client,
) -> Result<(), Failed> {
    loop {
        let changed = shared.schedule.changed();
        match shared.schedule.take() {
            Turn::Leg(index) => {
                run_and_report(executor, index, &shared.schedule.legs[index]).await?;
            }
            Turn::Wait => keep::awake(client, shared.options.lock_heartbeat, changed).await,
            Turn::End => return Ok(()),
        }
    }
}

async fn run_and_report<'a>(
    executor: &mut Executor<'a>,
    index: usize,
    leg: &Leg<'a>,
) -> Result<(), Failed> {
    executor.begin(index, leg.steps.len());
    let mut outcome = run_leg(executor, leg.steps).await;
    if outcome.is_ok() {
        outcome = executor.finish().await.map_err(Into::into);
    }
    match outcome {
        Ok(()) => {
            executor.run.progress.over(index);
            executor.run.schedule.over(index);
            Ok(())
        }
        Err(why) => {
            // Even if no step failed: other connections may wait for this leg.
            executor.run.schedule.fail();
            Err(Failed { leg: index, why })
        }
    }
}

/// Opens another connection as soon as a leg can run on it, and carries out legs over it. If no
/// connection can be opened, the other connections carry out all legs.
async fn open_and_work(shared: Shared<'_>) -> Result<(), Failed> {
    loop {
        let changed = shared.schedule.changed();
        match shared.schedule.look() {
            Turn::Leg(_) => break,
            Turn::Wait => changed.await,
            Turn::End => return Ok(()),
        }
    }
    let opening = Box::pin(shared.caller.another(&shared.options.application));
    let Some(Ok(client)) = shared.stop.unless_stopped(opening).await else {
        return Ok(());
    };
    let is_ready = ready::session(&client, LockHolder::OwnSession);
    let is_ready = shared.stop.attend(&client, is_ready).await;
    if !matches!(is_ready, Ok(Ok(_))) {
        return Ok(());
    }
    let outcome = work(shared, &client).await;
    shared.stop.last(client.close()).await;
    outcome
}

/// Performs the steps of a leg. refinery's runner walks through a leg that applies migrations; see
/// [`driver`].
async fn run_leg<'a>(
    executor: &mut Executor<'a>,
    steps: &'a [Step<'static>],
) -> Result<(), ErrorKind> {
    executor.begin_leg(steps.len());
    match steps.first().map(Step::applies) {
        Some(Some(_)) => driver::apply(executor, steps).await,
        Some(None) => {
            for step in steps {
                executor.perform(step).await?;
            }
            Ok(())
        }
        None => Ok(()),
    }
}
