//! Compares a database with its own history, on a temporary server.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::time::Duration;

use migrator_model::{Code, MigrationId};
use migrator_runtime::{Client, Migrator, Registry};
use migrator_verify::{Pattern, drift};

use super::beside::Beside;
use super::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::view::{Drift, View};

/// How databases are compared with their histories.
pub(super) struct Comparison<'a> {
    context: &'a Context,
    /// The time limit of a script that only the history has; zero is no limit.
    limit: Duration,
    pub(super) registry: &'static Registry,
    patterns: Vec<Pattern>,
    /// The major versions that are not installed, after their warning.
    warned: RefCell<BTreeSet<u32>>,
}

impl<'a> Comparison<'a> {
    pub(super) fn new(context: &'a Context, limit: Duration) -> Result<Comparison<'a>, Failure> {
        let registry = context.chosen_registry()?;
        Ok(Comparison {
            context,
            limit,
            registry,
            patterns: registry.left_out().map(Pattern::new).collect(),
            warned: RefCell::default(),
        })
    }

    /// Compares a database on a temporary server of its own.
    pub(super) async fn of(&self, live: &Client, migrator: &Migrator) -> Result<Drift, Failure> {
        let beside = Beside::new(live, self.limit).await?;
        if let Some((major, warning)) = &beside.warning
            && self.warned.borrow_mut().insert(*major)
        {
            self.context.console.warning(warning);
        }
        let found = drift(live, migrator, &beside.server, &self.patterns).await?;
        let view = Drift::new(found, migrator.options().schema.clone());
        match view.caught.is_empty() {
            true => Ok(view),
            false => Err(uncertain(&view.caught).after(View::Drift(view))),
        }
    }
}

/// A script may have caught a refusal, and would have continued otherwise as a superuser.
fn uncertain(caught: &[MigrationId]) -> Failure {
    let steps: Vec<String> = caught.iter().map(|step| format!("`{step}`")).collect();
    Failure::new(
        Code::M0606,
        Exit::Failed,
        format!(
            "cannot tell what the history implies: {} may have caught a refusal of the server",
            steps.join(", ")
        ),
        "read these scripts in the history, then run `drift` with a binary that has all scripts \
         of the history",
    )
}
