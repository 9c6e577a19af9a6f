//! Proves the migrations one after the other, and restores the database when one fails.

use std::collections::BTreeSet;
use std::sync::Arc;

use migrator_model::file_name::Direction;
use migrator_model::{Migration, Registry};
use migrator_runtime::{Fault, Selection, Trial};

use super::database::{Database, Trouble};
use super::locks;
use super::passes::Passes;
use super::unapplied::Unapplied;
use super::verdict::{Pass, Proved, Subject, Verdict};
use crate::error::Error;
use crate::snapshot::content::Snapshot;

/// Proves the migrations of a registry on a database.
pub(super) struct Prover<'a, 'c> {
    pub(super) database: Database<'c>,
    registry: &'a Registry,
    /// The applied migrations, in order.
    applied: Vec<Migration<'a>>,
    unapplied: Unapplied<'a>,
    /// The database with these migrations applied, if no script has run since.
    now: Option<Arc<Snapshot>>,
}

/// Whether the first up script of a migration succeeded.
#[derive(Clone, Copy, PartialEq, Eq)]
enum FirstUp {
    Failed,
    Succeeded,
}

impl<'a, 'c> Prover<'a, 'c> {
    pub(super) fn new(database: Database<'c>, registry: &'a Registry) -> Self {
        Prover {
            database,
            registry,
            applied: Vec::new(),
            unapplied: Unapplied::default(),
            now: None,
        }
    }

    /// Proves the migrations of the subject, and hands each result to `keep`.
    pub(super) async fn run(
        &mut self,
        subject: &Subject,
        keep: &mut impl FnMut(Proved<'a>),
    ) -> Result<(), Error> {
        for migration in needed(self.registry, subject) {
            if let Some(behind) = self.unapplied.required_by(migration) {
                self.unapplied.skipped(migration, &behind);
                keep(Proved::new(migration, Verdict::Skipped { behind }));
            } else if subject.contains(migration) {
                let mut proved = Proved::new(migration, Verdict::Sound);
                let before = match self.now.take() {
                    Some(snapshot) => snapshot,
                    None => Arc::new(self.database.take().await?),
                };
                let first = self.prove(&before, &mut proved).await?;
                keep(proved);
                if self.now.is_none() {
                    self.settle(&before, migration, first).await?;
                }
            } else if let Some(verdict) = self.only_apply(migration).await? {
                keep(Proved::new(migration, verdict));
            }
        }
        Ok(())
    }

    /// Restores the database to its state before the proof.
    pub(super) async fn leave(&mut self) -> Result<(), Error> {
        self.database.leave(&self.applied).await
    }

    /// Applies a migration without a proof. Returns the verdict if the up script fails.
    async fn only_apply(&mut self, migration: Migration<'a>) -> Result<Option<Verdict>, Error> {
        self.now = None;
        match self.database.run(migration, Direction::Up).await {
            Ok(_) => {
                self.applied.push(migration);
                Ok(None)
            }
            Err(Trouble::Script(fault)) => {
                let is_rolled_back = has_left_nothing(migration, &fault);
                let verdict = self.unapplied.judge_fault(migration, Pass::Up, fault);
                if !is_rolled_back {
                    self.restore().await?;
                }
                Ok(Some(verdict))
            }
            Err(Trouble::Session(error)) => Err(error),
        }
    }

    /// Proves a migration. Sets `now` if the state of the database is known at the end.
    async fn prove(
        &mut self,
        before: &Arc<Snapshot>,
        proved: &mut Proved<'a>,
    ) -> Result<FirstUp, Error> {
        let migration = proved.migration;
        match self.database.run(migration, Direction::Up).await {
            Ok(ran) => {
                // The down script of an applied migration runs when the database is restored.
                self.applied.push(migration);
                proved.up = Some(ran.took);
                proved.locks = ran.locks.map(|held| locks::strongest(&held, before));
            }
            Err(Trouble::Session(error)) => return Err(error),
            Err(Trouble::Script(fault)) => {
                self.now = has_left_nothing(migration, &fault).then(|| Arc::clone(before));
                proved.verdict = self.unapplied.judge_fault(migration, Pass::Up, fault);
                return Ok(FirstUp::Failed);
            }
        }
        let applied = Arc::new(self.database.take().await?);
        let passes = Passes::new(&mut self.database, proved, before, &applied);
        let (verdict, now) = passes.run().await?;
        self.now = now;
        proved.verdict = self.unapplied.judge(before, verdict);
        Ok(FirstUp::Succeeded)
    }

    /// Brings the database to a known state, with the migration applied if its first up script
    /// succeeded: drops what the migration left, where that is enough, or starts from empty.
    async fn settle(
        &mut self,
        before: &Arc<Snapshot>,
        migration: Migration<'a>,
        first: FirstUp,
    ) -> Result<(), Error> {
        let mut is_restored = self.database.drop_beyond(before).await?;
        if first == FirstUp::Failed {
            self.now = is_restored.then(|| Arc::clone(before));
        } else if is_restored {
            let ran = self.database.run(migration, Direction::Up).await;
            is_restored = ran.is_ok();
            if is_restored {
                self.now = Some(Arc::new(self.database.take().await?));
            }
        }
        match self.now {
            Some(_) => Ok(()),
            None => self.restore().await,
        }
    }

    /// Empties the database, and applies again the migrations that were applied, as far as that
    /// is possible.
    async fn restore(&mut self) -> Result<(), Error> {
        self.database.clear(&self.applied).await?;
        for migration in std::mem::take(&mut self.applied) {
            match self.database.run(migration, Direction::Up).await {
                Ok(_) => self.applied.push(migration),
                Err(Trouble::Script(fault)) => {
                    self.unapplied.judge_fault(migration, Pass::Up, fault);
                }
                Err(Trouble::Session(error)) => return Err(error),
            }
        }
        self.now = Some(Arc::new(self.database.take().await?));
        Ok(())
    }
}

/// The migrations of the subject's services and those that these depend on, in plan order.
fn needed<'a>(registry: &'a Registry, subject: &Subject) -> impl Iterator<Item = Migration<'a>> {
    let services: Option<BTreeSet<String>> = match &subject.services {
        Selection::All => None,
        Selection::Named(names) => {
            let narrow = registry.narrow(names);
            let services = narrow.services();
            Some(services.map(|service| service.name.to_owned()).collect())
        }
    };
    let is_needed = move |migration: &Migration<'_>| match &services {
        None => true,
        Some(services) => services.contains(migration.service),
    };
    registry.migrations().filter(is_needed)
}

fn has_left_nothing(migration: Migration<'_>, fault: &Fault) -> bool {
    Trial::of(migration, Direction::Up).has_left_nothing(fault)
}
