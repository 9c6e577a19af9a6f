//! `status`: what is applied and what is pending.

use migrator_runtime::Migrator;

use super::beside::detected;
use super::context::{Answer, Context, Outcome, check_names};
use super::fleet::{self, Check, Work};
use crate::arguments as args;
use crate::exit::Exit;
use crate::view::{Condition, Status, View};

pub(super) async fn run(context: &Context, status: &args::Status) -> Outcome {
    if status.members.is_wanted() {
        return of_fleet(context, status).await;
    }
    context.check_names_without_database(&status.service)?;
    let options = context.environment.reads(&status.reads)?;
    let client = context.connect(context.registry, &options).await?;
    let migrator = Migrator::with_options(context.registry, options);
    let found = migrator.observe(&client, &status.service).await?;
    context.count_pending(&migrator, &client).await;
    let mut view = Status::new(found, status.migrations);
    view.add_roles(migrator.recorded_by(&client).await?);
    if status.detect {
        view.add(detected(context, &client, &migrator, &status.service).await?);
    }
    let exit = match status.check {
        true => match view.condition() {
            Condition::Problem => Exit::Refused,
            Condition::Pending => Exit::Pending,
            Condition::Current => Exit::Done,
        },
        false => Exit::Done,
    };
    let view = View::Status(view);
    Ok(Answer { view, exit })
}

async fn of_fleet(context: &Context, status: &args::Status) -> Outcome {
    check_names(context.registry, &status.service)?;
    let options = context.environment.reads(&status.reads)?;
    let check = match status.check {
        true => Check::Judges,
        false => Check::Shows,
    };
    let request = fleet::Request {
        members: &status.members,
        jobs: status.jobs,
        work: Work::Status(&status.service, check),
    };
    fleet::run(context, request, options).await
}
