//! `status`: what is applied and what is pending.

use migrator_runtime::{Migrator, State};

use super::context::{Answer, Context, Outcome};
use crate::arguments as args;
use crate::exit::Exit;
use crate::view::{Status, View, is_pending};

pub(super) async fn run(context: &Context, status: &args::Status) -> Outcome {
    context.check_names_without_database(&status.service)?;
    let options = context.environment.reads(&status.reads)?;
    let client = context.connect(context.registry, &options).await?;
    let migrator = Migrator::with_options(context.registry, options);
    let found = migrator.status(&client, &status.service).await?;
    let view = Status::new(found, status.migrations);
    let exit = match status.check {
        true => checked(&view),
        false => Exit::Done,
    };
    let view = View::Status(view);
    Ok(Answer { view, exit })
}

/// A problem of the history counts before a pending migration.
fn checked(view: &Status) -> Exit {
    let fine = |state| state == State::Applied || is_pending(state);
    let states = || view.migrations().map(|migration| migration.state);
    if !states().all(fine) {
        Exit::Refused
    } else if states().any(is_pending) {
        Exit::Pending
    } else {
        Exit::Done
    }
}
