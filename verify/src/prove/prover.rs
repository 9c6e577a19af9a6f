//! Proves the migrations one after the other, and restores the database when one fails.

use std::ops::Range;
use std::sync::Arc;

use migrator_model::file_name::Direction;
use migrator_model::{Migration, Mode, Registry};
use migrator_runtime::{Fault, Trial};

use super::database::{Database, Snapshots, Trouble};
use super::locks;
use super::passes::Passes;
use super::plan::{Plan, plan};
use super::results::Results;
use super::unapplied::Unapplied;
use super::verdict::{Pass, ProofEvent, Proved, Subject, Verdict};
use crate::compare::difference::{Difference, differences};
use crate::error::Error;
use crate::snapshot::content::Snapshot;
use crate::snapshot::effects::Effects;
use crate::snapshot::query::Within;

/// How many snapshots may follow from others before the first whole one checks them. Each later
/// check waits for twice as many: a whole snapshot of a larger schema takes longer.
pub(super) const UNPROVED: usize = 300;

/// Proves the migrations of a registry on a database.
pub(super) struct Prover<'a, 'c> {
    pub(super) database: Database<'c>,
    registry: &'a Registry,
    /// The part of the plan that is proved. Earlier migrations are only applied.
    range: Range<usize>,
    /// How many snapshots may follow from others before the next whole one.
    unproved: usize,
    /// The applied migrations, in order.
    applied: Vec<Migration<'a>>,
    unapplied: Unapplied<'a>,
    /// The database with these migrations applied, if no script has run since.
    now: Option<Arc<Snapshot>>,
    /// The differences between a whole snapshot and one that followed from others.
    pub(super) missed: Vec<Difference>,
}

/// A place in the plan up to which the results are certain.
#[derive(Clone)]
struct Checkpoint<'a> {
    position: usize,
    results: usize,
    applied: Vec<Migration<'a>>,
    unapplied: Unapplied<'a>,
}

/// Whether a snapshot that followed from others is what a whole one shows.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Proof {
    Same,
    Other,
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
            range: 0..usize::MAX,
            unproved: UNPROVED,
            applied: Vec::new(),
            unapplied: Unapplied::default(),
            now: None,
            missed: Vec::new(),
        }
    }

    /// Notes that these migrations are applied, the first ones of the plan.
    pub(super) fn prepared(mut self, prefix: Vec<Migration<'a>>) -> Self {
        self.applied = prefix;
        self
    }

    /// Proves only this part of the plan.
    pub(super) fn within(mut self, range: Range<usize>) -> Self {
        self.range = range;
        self
    }

    /// Takes the first whole snapshot after this number of others.
    pub(super) fn with_whole_after(mut self, unproved: usize) -> Self {
        self.unproved = unproved;
        self
    }

    /// Proves the migrations of the subject.
    ///
    /// Whole snapshots prove those that followed from others: from time to time, at the end, and before
    /// scripts that cannot be rolled back. If a proof fails, or a result is doubtful, everything since the last proof is proved again, with whole
    /// snapshots alone.
    pub(super) async fn run<T: FnMut(ProofEvent<'_, 'a>)>(
        &mut self,
        subject: &Subject,
        results: &mut Results<'a, T>,
    ) -> Result<(), Error> {
        let Plan { prefix, rest } = plan(self.registry, subject);
        let mut plan = [prefix, rest].concat();
        plan.truncate(self.range.end);
        // A prepared database has the prefix.
        let mut position = self.applied.len();
        while let Some(&migration) = plan.get(position).filter(|_| position < self.range.start) {
            results.started(migration);
            self.advance(migration).await?;
            results.ended(migration);
            position += 1;
        }
        let mut certain = self.checkpoint(position, 0);
        let mut whole_until = 0;
        while let Some(&migration) = plan.get(position) {
            self.database.set_snapshots(match position < whole_until {
                true => Snapshots::Whole,
                false => Snapshots::Following,
            });
            results.started(migration);
            let mut proof = self.step(migration, subject, results).await?;
            results.ended(migration);
            position += 1;
            whole_until = whole_until.max(match proof {
                Proof::Same => 0,
                Proof::Other => position,
            });
            let next = plan.get(position);
            // A whole snapshot was compared with one that is not yet proved.
            let is_doubtful = results.has_difference_of(migration) && self.database.is_mixed();
            let is_late = self.database.followed() > self.unproved;
            let is_due = is_doubtful || is_late || next.is_none_or(|next| is_by_statement(*next));
            if proof == Proof::Same && is_due && self.database.followed() > 0 {
                proof = self.check().await?;
                if is_late {
                    self.unproved *= 2;
                }
                if proof == Proof::Other {
                    whole_until = plan.len();
                } else if is_doubtful {
                    (proof, whole_until) = (Proof::Other, position);
                } else {
                    certain = self.checkpoint(position, results.proved.len());
                }
            }
            if proof == Proof::Other {
                self.unapplied = certain.unapplied.clone();
                self.rebuild(certain.applied.clone()).await?;
                self.database.proved();
                results.proved.truncate(certain.results);
                position = certain.position;
            }
        }
        Ok(())
    }

    fn checkpoint(&self, position: usize, results: usize) -> Checkpoint<'a> {
        Checkpoint {
            position,
            results,
            applied: self.applied.clone(),
            unapplied: self.unapplied.clone(),
        }
    }

    /// Compares the database with what is expected. From then on, snapshots follow from the whole one.
    async fn check(&mut self) -> Result<Proof, Error> {
        let Some(expected) = self.now.take() else {
            return Ok(Proof::Same);
        };
        let whole = self.database.take().await?;
        let missed = differences(&expected, &whole);
        self.now = Some(Arc::new(whole));
        let proof = match missed.is_empty() {
            true => Proof::Same,
            false => Proof::Other,
        };
        self.missed.extend(missed);
        self.database.proved();
        Ok(proof)
    }

    async fn step<T: FnMut(ProofEvent<'_, 'a>)>(
        &mut self,
        migration: Migration<'a>,
        subject: &Subject,
        results: &mut Results<'a, T>,
    ) -> Result<Proof, Error> {
        if let Some(behind) = self.unapplied.required_by(migration) {
            self.unapplied.skipped(migration, &behind);
            results.keep(Proved::new(migration, Verdict::Skipped { behind }));
        } else if subject.contains(migration) {
            let mut proved = Proved::new(migration, Verdict::Sound);
            let before = match self.now.take() {
                Some(snapshot) => snapshot,
                None => Arc::new(self.database.take().await?),
            };
            let first = self.prove(&before, &mut proved).await?;
            results.keep(proved);
            if self.now.is_none() {
                // This drops what the snapshot before the migration does not have.
                if self.database.followed() > 0 {
                    return Ok(Proof::Other);
                }
                self.settle(&before, migration, first).await?;
            }
        } else if let Some(verdict) = self.only_apply(migration).await? {
            results.keep(Proved::new(migration, verdict));
        }
        Ok(Proof::Same)
    }

    /// Applies a migration before the range, if that is possible. Its verdict is that of an earlier
    /// range.
    async fn advance(&mut self, migration: Migration<'a>) -> Result<(), Error> {
        match self.unapplied.required_by(migration) {
            Some(behind) => self.unapplied.skipped(migration, &behind),
            None => drop(self.only_apply(migration).await?),
        }
        Ok(())
    }

    /// Restores the database to its state before the proof.
    pub(super) async fn leave(&mut self) -> Result<(), Error> {
        self.database.leave(&self.applied).await
    }

    /// Applies a migration without a proof. Returns the verdict if the up script fails.
    async fn only_apply(&mut self, migration: Migration<'a>) -> Result<Option<Verdict>, Error> {
        let before = self.now.take();
        let applied = match before {
            Some(_) => self.database.run(migration, Direction::Up).await.map(Some),
            None => {
                let applied = self.database.apply(migration, Direction::Up).await;
                applied.map(|()| None)
            }
        };
        match applied {
            Ok(ran) => {
                self.applied.push(migration);
                if let Some((before, ran)) = before.zip(ran) {
                    let effects = Effects::of(&ran, migration.up().raw);
                    let now = self.database.follow(&before, &effects, Within::Own);
                    self.now = Some(Arc::new(now.await?));
                }
                Ok(None)
            }
            Err(Trouble::Script(fault)) => {
                let is_rolled_back = has_left_nothing(migration, &fault);
                let verdict = self.unapplied.judge_fault(migration, Pass::Up, fault);
                match is_rolled_back {
                    true => self.now = before,
                    false => self.restore().await?,
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
        let effects = match self.database.run(migration, Direction::Up).await {
            Ok(ran) => {
                // The down script of an applied migration runs when the database is restored.
                self.applied.push(migration);
                let effects = Effects::of(&ran, migration.up().raw);
                proved.up = Some(ran.took);
                proved.locks = ran.locks.map(|held| locks::strongest(&held, before));
                effects
            }
            Err(Trouble::Session(error)) => return Err(error),
            Err(Trouble::Script(fault)) => {
                self.now = has_left_nothing(migration, &fault).then(|| Arc::clone(before));
                proved.verdict = self.unapplied.judge_fault(migration, Pass::Up, fault);
                return Ok(FirstUp::Failed);
            }
        };
        let applied = self.database.follow(before, &effects, Within::Own).await?;
        let applied = Arc::new(applied);
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
            let applied = self.database.apply(migration, Direction::Up).await;
            is_restored = applied.is_ok();
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
        self.rebuild(self.applied.clone()).await
    }

    async fn rebuild(&mut self, migrations: Vec<Migration<'a>>) -> Result<(), Error> {
        self.database.counts.rebuilt += 1;
        self.database.clear(&self.applied).await?;
        self.applied.clear();
        for migration in migrations {
            match self.database.apply(migration, Direction::Up).await {
                Ok(()) => self.applied.push(migration),
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

/// Whether a script of the migration runs outside a transaction, so that it cannot be rolled back.
fn is_by_statement(migration: Migration<'_>) -> bool {
    [migration.up(), migration.down()]
        .iter()
        .any(|script| script.mode == Mode::NoTransaction)
}

fn has_left_nothing(migration: Migration<'_>, fault: &Fault) -> bool {
    Trial::of(migration, Direction::Up).has_left_nothing(fault)
}
