//! `up`: apply what is pending.

use migrator_runtime::{Direction, Extent, Leave, Target};

use super::run::{self, Session};
use super::{Context, Outcome, fleet};
use crate::args;
use crate::exit::Exit;

pub(super) async fn run(mut context: Context<'_>, up: &args::Up) -> Outcome {
    super::check_names(context.registry, &up.service)?;
    let mut options = context.environment.run(&up.run)?;
    options.policy.out_of_order = leave(up.allow_out_of_order);
    options.policy.missing = leave(up.allow_missing);
    let target = target(up);
    if up.members.is_wanted() {
        return fleet::run(context, up, options, &target).await;
    }
    context.environment.jobs(up.jobs, &mut options)?;
    let Session {
        mut migrator,
        mut client,
    } = run::open(&mut context, options).await?;
    let output = context.output;
    if up.dry_run {
        let plan = migrator.plan(&client, Direction::Up, &target).await?;
        run::show_plan(output, &plan, Direction::Up, &client);
        return Ok(Exit::Done);
    }
    let outcome = migrator.up(&mut client, target).await;
    let report = run::reported(output, outcome)?;
    run::summary(output, &report, Direction::Up, &client);
    Ok(Exit::Done)
}

fn target(up: &args::Up) -> Target {
    let extent = match (up.to, up.steps) {
        (Some(version), _) => Extent::To(version),
        (None, Some(steps)) => Extent::Steps(steps),
        (None, None) => Extent::Everything,
    };
    Target {
        services: up.service.clone(),
        extent,
    }
}

/// A flag that allows something.
pub(super) fn leave(flag: bool) -> Leave {
    match flag {
        true => Leave::Allowed,
        false => Leave::Refused,
    }
}
