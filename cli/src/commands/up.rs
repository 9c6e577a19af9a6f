//! `up`: applies what is pending.

use migrator_runtime::connect::Creation;
use migrator_runtime::history::History;
use migrator_runtime::plan::{Plan as RunPlan, plan};
use migrator_runtime::{Direction, Error, ErrorKind, Extent, Options, Target};

use super::context::{Answer, Context, Outcome, check_names};
use super::fleet::{self, Work};
use super::planned::{Basis, Scripts, with_details};
use super::session::{Session, leave, ran};
use super::switch;
use crate::arguments as args;
use crate::line::{Line, Tone};
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
    if up.switch {
        return switch::run(context, up, options).await;
    }
    if up.dry_run {
        return dry_run(context, up, options, &target).await;
    }
    let (session, creation) = match up.create_database {
        true => Session::open_or_create(context, options).await?,
        false => (Session::open(context, options).await?, Creation::Existed),
    };
    let Session {
        mut migrator,
        mut client,
    } = session;
    if creation == Creation::Created {
        let database = format!("database {}", client.target());
        let line = Line::detail(Tone::Good, "created", &database);
        context.console.print(&line);
    }
    let applied = match &up.expect_plan {
        Some(hash) => migrator.up_as_approved(&mut client, target, hash).await,
        None => migrator.up(&mut client, target).await,
    };
    context.count_pending(&migrator, &client).await;
    ran(applied, client, Request::Up(creation)).await
}

/// Plans the run. With `--create-database`, also for a database that does not exist.
async fn dry_run(context: &Context, up: &args::Up, options: Options, target: &Target) -> Outcome {
    let policy = options.policy;
    let session = match up.create_database {
        true => Session::open_if_there(context, options).await?,
        false => Some(Session::open(context, options).await?),
    };
    let direction = Direction::Up;
    let shown = |plan: &RunPlan<'static>, basis: Basis| {
        let view = Plan::new(plan, direction);
        with_details(view, context.registry, plan, basis, Scripts::of(up.sql))
    };
    let view = match session {
        Some(Session { migrator, client }) => {
            let plan = match &up.expect_plan {
                Some(hash) => migrator.plan_as_approved(&client, target, hash).await?,
                None => migrator.plan(&client, direction, target).await?,
            };
            let basis = Basis::read(&migrator, &client, &plan).await?;
            shown(&plan, basis)
        }
        None => {
            let empty = History::default();
            let plan = plan(context.registry, &empty, direction, target, policy);
            let plan = plan.map_err(|conflicts| Error::from(ErrorKind::Refused(conflicts)))?;
            shown(&plan, Basis::of_new_database(&plan)).of_new_database()
        }
    };
    Ok(Answer::done(View::Plan(view)))
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
