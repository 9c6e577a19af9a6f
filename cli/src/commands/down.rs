//! `down`: reverts what is applied, newest first.

use std::num::NonZeroUsize;

use migrator_runtime::plan::Plan as RunPlan;
use migrator_runtime::{Client, Direction, Extent, Migrator, Selection, Target};

use super::context::{Answer, Context, Outcome, check_names};
use super::fleet::{self, Work};
use super::planned::{Basis, Scripts, with_details};
use super::session::{Session, confirm, leave, ran, refused, usage};
use crate::arguments as args;
use crate::database::losses::{self, Removal};
use crate::failure::Failure;
use crate::render::text;
use crate::view::{Plan, Request, View};

pub(super) async fn run(context: &Context, down: &args::Down) -> Outcome {
    if let Some(extent) = unconfirmed(context, down) {
        return Ok(usage(context, &needs_yes(extent)));
    }
    if down.members.is_wanted() {
        return of_fleet(context, down).await;
    }
    context.check_names_without_database(&down.service)?;
    let mut options = context.environment.run(&down.run)?;
    context.environment.jobs(down.jobs, &mut options)?;
    options.policy.cascade = leave(down.cascade);
    let target = target(down);
    let Session {
        mut migrator,
        mut client,
    } = Session::open(context, options).await?;
    let asks = context.console.is_interactive() && !down.yes;
    if down.dry_run || asks {
        let plan = migrator.plan(&client, Direction::Down, &target).await?;
        let shown = with_losses(context, &migrator, &client, &plan).await?;
        let (registry, scripts) = (context.registry, Scripts::of(down.sql));
        let basis = Basis::read(&migrator, &client, &plan).await?;
        let shown = with_details(shown, registry, &plan, basis, scripts);
        if down.dry_run || plan.steps.is_empty() {
            return Ok(Answer::done(View::Plan(shown)));
        }
        let database = client.target();
        let console = &context.console;
        console.print_all(&text::plan::lines(&shown, &database, console.columns()));
        let question = text::plan::revert_question(&shown, &database);
        if !confirm(context, question).await? {
            return Ok(refused("nothing was reverted"));
        }
        let reverted = migrator.down_as_planned(&mut client, target, &plan).await;
        context.count_pending(&migrator, &client).await;
        return ran(reverted, client, Request::Down).await;
    }
    let reverted = migrator.down(&mut client, target).await;
    context.count_pending(&migrator, &client).await;
    ran(reverted, client, Request::Down).await
}

/// The option that reverts more than one step of one service, if nobody has confirmed the command
/// and there is no terminal to ask on.
fn unconfirmed(context: &Context, down: &args::Down) -> Option<&'static str> {
    if down.dry_run || down.yes || context.console.is_interactive() {
        return None;
    }
    let is_one = match &down.service {
        Selection::All => false,
        Selection::Named(names) => names.len() == 1,
    };
    let options = [
        (down.all, "`--all`"),
        (down.cascade, "`--cascade`"),
        (down.to.is_some(), "`--to`"),
        (!is_one, "`--service` with several services"),
    ];
    let given = options.into_iter().find(|(is_given, _)| *is_given);
    given.map(|(_, option)| option)
}

fn needs_yes(option: &str) -> String {
    format!(
        "{option} needs `--yes` where `down` cannot ask: it may revert many migrations; `--dry-run` \
         shows them"
    )
}

/// The plan as a view, with the data that it removes.
async fn with_losses(
    context: &Context,
    migrator: &Migrator,
    client: &Client,
    plan: &RunPlan<'static>,
) -> Result<Plan, Failure> {
    let Removal { lost, unclear } = losses::of(migrator, client, plan).await?;
    context.console.print_all(&text::lost::unclear(&unclear));
    Ok(Plan::of_down(plan, lost))
}

async fn of_fleet(context: &Context, down: &args::Down) -> Outcome {
    check_names(context.registry, &down.service)?;
    let mut options = context.environment.run(&down.run)?;
    options.policy.cascade = leave(down.cascade);
    let target = target(down);
    let work = match down.dry_run {
        true => Work::Plan(Direction::Down, &target),
        false => Work::Down(&target),
    };
    if context.console.is_interactive() && !down.yes && !down.dry_run {
        let question = "revert migrations in each database of the list?".to_owned();
        if !confirm(context, question).await? {
            return Ok(refused("nothing was reverted"));
        }
    }
    let request = fleet::Request {
        members: &down.members,
        jobs: down.jobs,
        work,
    };
    fleet::run(context, request, options).await
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
