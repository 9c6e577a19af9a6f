//! `down`: revert what is applied, newest first.

use std::num::NonZeroUsize;

use migrator_runtime::{Direction, Extent, Target};

use super::run::{self, Session};
use super::up::leave;
use super::{Context, Outcome, count};
use crate::args;
use crate::exit::Exit;

pub(super) async fn run(mut context: Context<'_>, down: &args::Down) -> Outcome {
    super::check_names_unless_named(&context, &down.service)?;
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
        let migrations = count(plan.steps.len(), "migration");
        let question = format!("revert {migrations} on {}?", client.target());
        if !run::confirm(question, &stop).await? {
            output.line("nothing was reverted");
            return Ok(Exit::Failed);
        }
    }
    let outcome = migrator.down(&mut client, target).await;
    let report = run::reported(output, outcome)?;
    run::summary(output, &report, Direction::Down, &client);
    Ok(Exit::Done)
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
