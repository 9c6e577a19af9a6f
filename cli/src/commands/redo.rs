//! `redo`: revert a service's newest migration and apply it again.

use std::num::NonZeroUsize;

use migrator_model::Code;
use migrator_runtime::{Selection, Target};

use super::run::{self, Session};
use super::{Context, Outcome};
use crate::args;
use crate::exit::Exit;
use crate::failure::Failure;

pub(super) async fn run(mut context: Context<'_>, redo: &args::Redo) -> Outcome {
    let named = Selection::Named(vec![redo.service.clone()]);
    super::check_names(context.registry, &named)?;
    let options = context.environment.run(&redo.run)?;
    let Session {
        mut migrator,
        mut client,
    } = run::open(&mut context, options).await?;
    let output = context.output;
    let target = Target::service(&redo.service);
    let newest = target.clone().steps(NonZeroUsize::MIN);
    let down = migrator.down(&mut client, newest).await;
    let mut report = run::reported(output, down)?;
    let Some(reverted) = report.done.first().cloned() else {
        output.line(&format!(
            "nothing of {} is applied on {}",
            redo.service,
            client.target()
        ));
        return Ok(Exit::Done);
    };
    let known = migrator
        .registry()
        .migration(&reverted.id.service, reverted.id.version);
    if known.is_none() {
        let message = format!("`{reverted}` was reverted, but this binary cannot apply it again");
        let help = "run a binary that has it";
        return Err(Failure::new(Code::M0402, Exit::Refused, message, help));
    }
    let up = migrator
        .up(&mut client, target.to(reverted.id.version))
        .await;
    let up = match up {
        Ok(up) => up,
        Err(mut error) => {
            error.report.done.splice(0..0, report.done);
            run::members(output, &error.report);
            return Err(error.into());
        }
    };
    report.elapsed += up.elapsed;
    report.done.extend(up.done);
    run::members(output, &report);
    let took = run::seconds(report.elapsed);
    output.line(&format!(
        "reverted and reapplied {reverted} in {took} on {}",
        client.target()
    ));
    Ok(Exit::Done)
}
