//! Compares a database with its own history, on a temporary server.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::time::Duration;

use migrator_model::{Code, MigrationId};
use migrator_runtime::{Client, Migrator, Registry};
use migrator_verify::{DriftEvent, Pattern, drift};

use super::beside::Beside;
use super::context::Context;
use super::session::write_lines;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::render::jsonl;
use crate::view::{Drift, View};
use crate::words::count;

/// Which databases a command compares.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Compared {
    One,
    Fleet,
}

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
    pub(super) async fn of(
        &self,
        live: &Client,
        migrator: &Migrator,
        compared: Compared,
    ) -> Result<Drift, Failure> {
        let beside = Beside::new(live, self.limit).await?;
        if let Some((major, warning)) = &beside.warning
            && self.warned.borrow_mut().insert(*major)
        {
            self.context.console.warning(warning);
        }
        let target = live.target();
        let tell = |event: DriftEvent<'_>| self.tell(compared, &target, event);
        let found = drift(live, migrator, &beside.server, &self.patterns, tell).await?;
        let view = Drift::new(found, migrator.options().schema.clone());
        match view.caught.is_empty() {
            true => Ok(view),
            false => Err(uncertain(&view.caught).after(View::Drift(view))),
        }
    }

    /// Shows what happens in a database. In a fleet, the bar counts databases, not migrations.
    fn tell(&self, compared: Compared, target: &str, event: DriftEvent<'_>) {
        let Context {
            console, progress, ..
        } = self.context;
        let database = match compared {
            Compared::One => None,
            Compared::Fleet => Some(target),
        };
        progress.update(|board, now| match (compared, event) {
            (Compared::One, DriftEvent::Replaying(total)) => {
                board.plan("migration", Some(total), now);
            }
            (Compared::One, DriftEvent::Replayed(_)) => board.advance(),
            (Compared::Fleet, DriftEvent::Replaying(total)) => {
                let detail = format!("replaying {}", count(total, "migration"));
                board.detail(target, Some(detail));
            }
            _ => {}
        });
        write_lines(console, jsonl::replay(database, event));
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
