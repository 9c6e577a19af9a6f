//! The down script of an applied migration and the second run of its up script, with a comparison
//! after each.

use std::sync::Arc;

use migrator_model::Mode;
use migrator_model::file_name::Direction;
use migrator_runtime::{Fault, Trial, TrialReport};

use super::database::{Database, Trouble};
use super::verdict::{Pass, Proved, Verdict};
use crate::compare::order;
use crate::error::Error;
use crate::snapshot::content::Snapshot;
use crate::snapshot::effects::Effects;
use crate::snapshot::query::Within;

/// The passes of one migration whose up script has run once.
pub(super) struct Passes<'p, 'a, 'c> {
    database: &'p mut Database<'c>,
    proved: &'p mut Proved<'a>,
    /// The database before the migration.
    before: &'p Snapshot,
    /// The database with the migration applied.
    applied: &'p Arc<Snapshot>,
    /// The effects of the scripts since `applied`.
    effects: Effects,
    /// The database now, if it is known and the migration is applied in it.
    now: Option<Arc<Snapshot>>,
}

impl<'p, 'a, 'c> Passes<'p, 'a, 'c> {
    pub(super) fn new(
        database: &'p mut Database<'c>,
        proved: &'p mut Proved<'a>,
        before: &'p Snapshot,
        applied: &'p Arc<Snapshot>,
    ) -> Self {
        Passes {
            database,
            proved,
            before,
            applied,
            effects: Effects::none(),
            now: None,
        }
    }

    /// Returns the verdict and the database as it is now, if that is known and the migration is
    /// applied in it.
    pub(super) async fn run(mut self) -> Result<(Verdict, Option<Arc<Snapshot>>), Error> {
        let migration = self.proved.migration;
        let verdict = if let Some(reason) = migration.down().irreversible() {
            self.now = Some(Arc::clone(self.applied));
            Verdict::Irreversible(reason)
        } else if migration.down().mode == Mode::Transaction {
            self.now = Some(Arc::clone(self.applied));
            self.in_one_transaction().await?
        } else {
            self.in_two_runs().await?
        };
        Ok((verdict, self.now))
    }

    /// Notes what a script did.
    fn ran(&mut self, report: &TrialReport, direction: Direction) {
        let script = self.proved.migration.script(direction);
        self.effects.and(Effects::of(report, script.raw));
    }

    /// Takes the snapshot after the scripts since `applied`.
    async fn take(&mut self, within: Within) -> Result<Snapshot, Error> {
        let following = self.database.follow(self.applied, &self.effects, within);
        following.await
    }

    /// Runs both scripts in one transaction. A fault is rolled back, so that the migration stays
    /// applied, with its rows.
    async fn in_one_transaction(&mut self) -> Result<Verdict, Error> {
        let trial = |direction| self.database.trial(self.proved.migration, direction);
        let [down, up] = [Direction::Down, Direction::Up].map(trial);
        match self.database.begin(&down).await {
            Ok(ran) => {
                self.ran(&ran, Direction::Down);
                self.proved.down = Some(ran.took);
            }
            Err(trouble) => return failed(Pass::Down, trouble),
        }
        let left = self.take(Within::Open).await?;
        let left = self.database.differing(self.before, &left, Within::Open);
        let (notes, left) = order::irremovable(left.await);
        self.proved.notes = notes;
        if !left.is_empty() {
            self.database.roll_back().await?;
            return Ok(Verdict::NotUndone(left));
        }
        if self.proved.migration.up().mode == Mode::NoTransaction {
            return self.commit_and_repeat(&down).await;
        }
        match self.database.further(&up).await {
            Ok(ran) => {
                self.ran(&ran, Direction::Up);
                self.proved.again = Some(ran.took);
            }
            Err(Trouble::Script(fault)) if self.proved.fails_on_a_left_value(&fault) => {
                self.database.roll_back().await?;
                return Ok(Verdict::Sound);
            }
            Err(Trouble::Script(fault)) if may_succeed_in_its_own_transaction(&fault) => {
                return self.commit_and_repeat(&down).await;
            }
            Err(trouble) => {
                self.database.roll_back().await?;
                return failed(Pass::Again, trouble);
            }
        }
        self.compare_and_commit(&up).await
    }

    async fn compare_and_commit(&mut self, up: &Trial) -> Result<Verdict, Error> {
        let again = self.take(Within::Open).await?;
        let other = self.database.differing(self.applied, &again, Within::Open);
        let (_, other) = order::irremovable(other.await);
        if !other.is_empty() {
            self.database.roll_back().await?;
            return Ok(Verdict::NotRepeated(other));
        }
        match self.database.commit(up).await {
            Ok(()) => {
                self.now = Some(Arc::new(again));
                Ok(Verdict::Sound)
            }
            Err(trouble) => failed(Pass::Again, trouble),
        }
    }

    /// Commits the down script, and runs the up script in another transaction or in none.
    async fn commit_and_repeat(&mut self, down: &Trial) -> Result<Verdict, Error> {
        match self.database.commit(down).await {
            Ok(()) => {
                self.now = None;
                self.repeat(Verdict::Sound).await
            }
            Err(trouble) => failed(Pass::Down, trouble),
        }
    }

    /// Runs each script by itself.
    async fn in_two_runs(&mut self) -> Result<Verdict, Error> {
        let migration = self.proved.migration;
        match self.database.run(migration, Direction::Down).await {
            Ok(ran) => {
                self.ran(&ran, Direction::Down);
                self.proved.down = Some(ran.took);
            }
            Err(Trouble::Script(fault)) => {
                if Trial::of(migration, Direction::Down).has_left_nothing(&fault) {
                    self.now = Some(Arc::clone(self.applied));
                }
                return Ok(Verdict::Failed(Pass::Down, fault));
            }
            Err(Trouble::Session(error)) => return Err(error),
        }
        let left = self.take(Within::Own).await?;
        let left = self.database.differing(self.before, &left, Within::Own);
        let (notes, left) = order::irremovable(left.await);
        self.proved.notes = notes;
        let so_far = match left.is_empty() {
            true => Verdict::Sound,
            false => Verdict::NotUndone(left),
        };
        self.repeat(so_far).await
    }

    /// Runs the up script once more after the down script, whose verdict is `so_far`.
    async fn repeat(&mut self, so_far: Verdict) -> Result<Verdict, Error> {
        match self
            .database
            .run(self.proved.migration, Direction::Up)
            .await
        {
            Ok(ran) => {
                self.ran(&ran, Direction::Up);
                self.proved.again = Some(ran.took);
            }
            Err(Trouble::Script(fault))
                if so_far.is_sound() && self.proved.fails_on_a_left_value(&fault) =>
            {
                // Outside a transaction, it may have had effects before it failed.
                self.effects = Effects::unknown();
            }
            // The up script may fail because of what the down script left.
            Err(Trouble::Script(_)) if !so_far.is_sound() => return Ok(so_far),
            Err(trouble) => return failed(Pass::Again, trouble),
        }
        let again = self.take(Within::Own).await?;
        let other = self.database.differing(self.applied, &again, Within::Own);
        let (_, other) = order::irremovable(other.await);
        if other.is_empty() {
            self.now = Some(Arc::new(again));
            return Ok(so_far);
        }
        // The enum value that the down script left ended the up script early.
        if self.proved.again.is_none() {
            return Ok(so_far);
        }
        Ok(match so_far.is_sound() {
            true => Verdict::NotRepeated(other),
            false => so_far,
        })
    }
}

fn failed(pass: Pass, trouble: Trouble) -> Result<Verdict, Error> {
    match trouble {
        Trouble::Script(fault) => Ok(Verdict::Failed(pass, fault)),
        Trouble::Session(error) => Err(error),
    }
}

/// Whether a script that failed in the transaction of another script may succeed in its own. For
/// example, a transaction cannot use an enum value that it adds, or alter a table with pending
/// deferred checks. These classes of SQLSTATEs fail in any transaction.
fn may_succeed_in_its_own_transaction(fault: &Fault) -> bool {
    const OF_THE_SCRIPT: [&str; 6] = ["22", "23", "2B", "3F", "42", "P0"];
    let class = fault.sqlstate.as_deref().and_then(|state| state.get(..2));
    !class.is_some_and(|class| OF_THE_SCRIPT.contains(&class))
}
