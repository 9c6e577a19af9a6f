//! `down`: revert what is applied, newest first.

use std::num::NonZeroUsize;
use std::thread;

use migrator_runtime::{Direction, Extent, Stop, Stopped, Target};
use tokio::sync::oneshot;

use super::run::{self, Session};
use super::up::leave;
use super::{Context, Outcome};
use crate::args;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::Output;

pub(super) async fn run(mut context: Context<'_>, down: &args::Down) -> Outcome {
    let mut options = context.environment.run(&down.run)?;
    context.environment.jobs(down.jobs, &mut options)?;
    options.policy.cascade = leave(down.cascade);
    let target = target(down);
    let Session {
        mut migrator,
        mut client,
    } = run::open(&mut context, options).await?;
    let (stop, output) = (context.stop, context.output);
    let ask = output.is_interactive() && !down.yes;
    if down.dry_run || ask {
        let plan = migrator.plan(&client, Direction::Down, &target).await?;
        run::show_plan(output, &plan, Direction::Down, &client);
        if down.dry_run || plan.steps.is_empty() {
            return Ok(Exit::Done);
        }
        if !confirm(&stop).await? {
            output.line("nothing was reverted");
            return Ok(Exit::Failed);
        }
    }
    let outcome = migrator.down(&mut client, target).await;
    let report = run::reported(output, outcome)?;
    run::summary(output, &report, Direction::Down, &client);
    Ok(Exit::Done)
}

/// Asks in a thread of its own: a signal does not end the reading of an answer.
async fn confirm(stop: &Stop) -> Result<bool, Failure> {
    let (answered, answer) = oneshot::channel();
    thread::spawn(move || answered.send(Output::ask("go on?")));
    match stop.unless_stopped(answer).await {
        Some(answer) => Ok(answer.unwrap_or(false)),
        None => Err(Stopped::default().into()),
    }
}

fn target(down: &args::Down) -> Target {
    let extent = match (down.all, down.to) {
        (true, _) => Extent::Everything,
        (false, Some(version)) => Extent::To(version),
        (false, None) => Extent::Steps(down.steps.unwrap_or(NonZeroUsize::MIN)),
    };
    Target {
        services: down.service.clone(),
        extent,
    }
}
