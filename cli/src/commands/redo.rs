//! `redo`: reverts a service's newest migration and applies it again.

use std::num::NonZeroUsize;

use migrator_model::Code;
use migrator_runtime::{Selection, Target};

use super::context::{Context, Outcome, check_names};
use super::session::{Session, ran};
use crate::arguments as args;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::view::{Request, Run, View};

pub(super) async fn run(context: &Context, redo: &args::Redo) -> Outcome {
    let named = Selection::Named(vec![redo.service.clone()]);
    check_names(context.registry, &named)?;
    let options = context.environment.run(&redo.run)?;
    let Session {
        mut migrator,
        mut client,
    } = Session::open(context, options).await?;
    let request = Request::Redo(redo.service.clone());
    let target = Target::service(&redo.service);
    let newest = target.clone().steps(NonZeroUsize::MIN);
    let mut report = match migrator.down(&mut client, newest).await {
        Ok(report) => report,
        Err(error) => return ran(Err(error), request),
    };
    let Some(reverted) = report.done.first().cloned() else {
        return ran(Ok(report), request);
    };
    let registry = migrator.registry();
    let known = registry.migration(&reverted.id.service, reverted.id.version);
    if known.is_none() {
        let message = format!("`{reverted}` was reverted, but this binary cannot apply it again");
        let help = "run a binary that has it";
        let failure = Failure::new(Code::M0402, Exit::Refused, message, help);
        return Err(failure.after(View::Run(Run::new(report, request))));
    }
    let up = migrator
        .up(&mut client, target.to(reverted.id.version))
        .await;
    match up {
        Ok(up) => {
            report.elapsed += up.elapsed;
            report.done.extend(up.done);
            ran(Ok(report), request)
        }
        Err(mut error) => {
            error.report.done.splice(0..0, report.done);
            ran(Err(error), request)
        }
    }
}
