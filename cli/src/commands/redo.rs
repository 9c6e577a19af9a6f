//! `redo`: reverts a service's newest migration and applies it again.

use migrator_runtime::Selection;

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
    ran(redone, Request::Redo(redo.service.clone()))
}
