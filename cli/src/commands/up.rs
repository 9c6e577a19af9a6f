//! `up`: applies what is pending.

use migrator_runtime::{Direction, Extent, Target};

use super::context::{Answer, Context, Outcome, check_names};
use super::fleet::{self, Work};
use super::session::{Session, leave, ran};
use crate::arguments as args;
use crate::view::{Plan, Request, View};

pub(super) async fn run(context: &Context, up: &args::Up) -> Outcome {
    check_names(context.registry, &up.service)?;
    let mut options = context.environment.run(&up.run)?;
    options.policy.out_of_order = leave(up.allow_out_of_order);
    options.policy.missing = leave(up.allow_missing);
    let target = target(up);
    if up.members.is_wanted() {
        let work = match up.dry_run {
            true => Work::Plan(Direction::Up, &target),
            false => Work::Up(&target),
        };
        let request = fleet::Request {
            members: &up.members,
            jobs: up.jobs,
            work,
        };
        return fleet::run(context, request, options).await;
    }
    context.environment.jobs(up.jobs, &mut options)?;
    let Session {
        mut migrator,
        mut client,
    } = Session::open(context, options).await?;
    if up.dry_run {
        let plan = migrator.plan(&client, Direction::Up, &target).await?;
        let plan = Plan::new(&plan, Direction::Up);
        return Ok(Answer::done(View::Plan(plan)));
    }
    let applied = migrator.up(&mut client, target).await;
    ran(applied, client, Request::Up).await
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
