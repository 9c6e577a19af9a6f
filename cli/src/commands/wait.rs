//! `wait`: waits until the migrations of a service are applied.

use std::time::Instant;

use migrator_runtime::{Extent, Migrator, Target};

use super::context::{Answer, Context, Outcome, check_names};
use super::session::{tell, write_line};
use crate::arguments as args;
use crate::view::{View, Wait};

pub(super) async fn run(context: &Context, wait: &args::Wait) -> Outcome {
    let started = Instant::now();
    check_names(context.registry, &wait.service)?;
    let options = context.environment.reads(&wait.reads)?;
    let mut settings = context.settings(context.registry)?;
    settings.application_name(&options.application);
    let _ = context.database.set(settings.display_target());
    let console = context.console.clone();
    let migrator = Migrator::with_options(context.registry, options)
        .stopped_by(&context.stop)
        .on_event(move |event| {
            tell(&console, event);
            write_line(&console, None, event);
        });
    let target = Target {
        services: wait.service.clone(),
        extent: wait.to.map_or(Extent::Everything, Extent::To),
    };
    let state = migrator.wait_for_database(&settings, &target, wait.timeout);
    let view = Wait::new(state.await?, started.elapsed());
    Ok(Answer::done(View::Wait(view)))
}
