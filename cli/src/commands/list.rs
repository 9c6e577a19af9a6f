//! `list`: the services and migrations of the tree, without a database.

use migrator_runtime::Selection;

use super::context::{Answer, Context, Outcome, check_names};
use crate::arguments as args;
use crate::view::{List, View};

pub(super) fn run(context: &Context, list: &args::List) -> Outcome {
    let registry = context.chosen_registry()?;
    let services: &Selection = &list.service;
    check_names(registry, services)?;
    let is_wanted = |name: &str| services.names(name);
    let view = List::new(registry, is_wanted, list.migrations);
    Ok(Answer::done(View::List(view)))
}
