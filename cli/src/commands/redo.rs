//! `redo`: reverts a service's newest migration and applies it again.

use migrator_runtime::plan::{Conflict, Remedy};
use migrator_runtime::{Error, ErrorKind, Selection};

use super::context::{Context, Outcome, check_names};
use super::session::{Session, ran};
use crate::arguments as args;
use crate::view::Request;

pub(super) async fn run(context: &Context, redo: &args::Redo) -> Outcome {
    let named = Selection::Named(vec![redo.service.clone()]);
    check_names(context.registry, &named)?;
    let options = context.environment.run(&redo.run)?;
    let Session {
        mut migrator,
        mut client,
    } = Session::open(context, options).await?;
    let redone = migrator.redo(&mut client, &redo.service).await;
    let redone = redone.map_err(|error| with_help_for_redo(error, &redo.service));
    context.count_pending(&migrator, &client).await;
    ran(redone, client, Request::Redo(redo.service.clone())).await
}

/// `redo` has no flag that allows what `up` and `down` allow: the help names those commands.
fn with_help_for_redo(mut error: Error, service: &str) -> Error {
    if let ErrorKind::Refused(conflicts) = &mut *error.kind {
        for conflict in conflicts {
            if let Some(help) = help_for_redo(conflict, service) {
                conflict.remedy = Remedy::Advice(help);
            }
        }
    }
    error
}

fn help_for_redo(conflict: &Conflict, service: &str) -> Option<String> {
    match &conflict.remedy {
        Remedy::Cascade => Some(format!(
            "revert all of them with `migrator down --service={service} --cascade` (`--dry-run` \
             shows them), then run `migrator up`"
        )),
        Remedy::AllowMissing { id } => Some(format!(
            "run a binary that has it, or revert it with `migrator down --service={}`",
            id.service
        )),
        Remedy::AllowOutOfOrder => {
            let own = conflict.subject.migration().map(|id| &*id.service);
            Some(format!(
                "give it a version later than that, or first apply it with `migrator up \
                 --service={} --allow-out-of-order`",
                own.unwrap_or(service)
            ))
        }
        Remedy::RestoreScript
        | Remedy::AcceptChange { .. }
        | Remedy::RepairDirty { .. }
        | Remedy::NameVersion { .. }
        | Remedy::NameApplied
        | Remedy::NameDirty
        | Remedy::CorrectForward
        | Remedy::RemoveEntry { .. }
        | Remedy::RunAnotherBinary
        | Remedy::CompareAgain
        | Remedy::ExpectNewPlan
        | Remedy::MoveHistory { .. }
        | Remedy::Advice(_)
        | _ => None,
    }
}
