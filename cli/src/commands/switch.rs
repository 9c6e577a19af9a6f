//! `up --switch`: reverts each migration that the tree lacks or has with another script, and then
//! applies the pending ones. It is for the checkout's own server, after a change to another branch.

use migrator_model::Code;
use migrator_runtime::plan::{Plan as RunPlan, Remedy};
use migrator_runtime::{Direction, Error, ErrorKind, Options};

use super::context::{Answer, Context, Outcome};
use super::planned::{Basis, Scripts, with_details};
use super::session::{Session, confirm, ran, refused};
use crate::arguments as args;
use crate::database::losses::{self, Removal};
use crate::database::own;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::render::text;
use crate::view::{Plan, Request, View};

pub(super) async fn run(context: &Context, up: &args::Up, options: Options) -> Outcome {
    if context.names_database() {
        let settings = context.settings(context.registry)?;
        if !own::is_own(&settings) {
            return Err(not_own(&settings.display_target()));
        }
    }
    let Session {
        mut migrator,
        mut client,
    } = Session::open(context, options).await?;
    let plan = migrator.plan_switch(&client, &up.service).await;
    let plan = plan.map_err(with_help_for_switch)?;
    let Removal { lost, unclear } = losses::of(&migrator, &client, &plan).await?;
    context.console.print_all(&text::lost::unclear(&unclear));
    let reverted = number(&plan, Direction::Down);
    let asks = context.console.is_interactive() && !up.yes && reverted > 0;
    if up.dry_run || asks {
        let shown = Plan::of_switch(&plan, lost.clone());
        let (registry, scripts) = (context.registry, Scripts::of(up.sql));
        let basis = Basis::read(&migrator, &client, &plan).await?;
        let shown = with_details(shown, registry, &plan, basis, scripts);
        if up.dry_run {
            return Ok(Answer::done(View::Plan(shown)));
        }
        let database = client.target();
        let console = &context.console;
        console.print_all(&text::plan::lines(&shown, &database, console.columns()));
        let question = text::plan::revert_question(&shown, &database);
        if !confirm(context, question).await? {
            return Ok(refused("nothing was reverted"));
        }
    } else {
        context.console.print_all(&text::lost::starting(&lost));
    }
    let switched = migrator.switch_as_planned(&mut client, &up.service, &plan);
    let switched = switched.await.map_err(with_help_for_switch);
    context.count_pending(&migrator, &client).await;
    ran(switched, client, Request::Switch(lost)).await
}

fn number(plan: &RunPlan<'_>, direction: Direction) -> usize {
    let steps = plan.steps.iter();
    steps.filter(|step| step.direction() == direction).count()
}

fn not_own(database: &str) -> Failure {
    let message = format!(
        "`--switch` works only on this checkout's local development server, and {database} is \
         another database"
    );
    let help = "unset DATABASE_URL and the variables of libpq to use the local server; on another \
                database, run `migrator down` with the binary of the old branch";
    Failure::new(Code::M0906, Exit::Refused, message, help)
}

/// A switch has ways out that a run in production does not have.
fn with_help_for_switch(mut error: Error) -> Error {
    if let ErrorKind::Refused(conflicts) = &mut *error.kind {
        let irreversible = conflicts.iter_mut();
        let irreversible = irreversible.filter(|one| one.remedy == Remedy::CorrectForward);
        for conflict in irreversible {
            conflict.remedy = Remedy::Advice(START_AGAIN.to_owned());
        }
    }
    error
}

const START_AGAIN: &str = "go back to the branch that has it; or stop the local server with \
                           `migrator server stop`, and remove its folder in `.migrator/` with all \
                           its data";
