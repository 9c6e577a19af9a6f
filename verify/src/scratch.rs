//! The database on which migrations are proved, and the way back when one fails.
//!
//! What is found is [`proof`](crate::proof)'s to say.

use std::collections::BTreeSet;
use std::sync::Arc;

use migrator_model::file_name::Direction;
use migrator_model::{Migration, Mode, Registry};
use migrator_runtime::{Client, ErrorKind, Fault, Options, Ran, Selection, Stop, Stopped, Trial};

use crate::difference::{Change, Difference, differences};
use crate::empty;
use crate::error::Error;
use crate::locks;
use crate::meaning;
use crate::missing::Missing;
use crate::order;
use crate::proof::{Pass, Proved, Subject, Verdict};
use crate::snapshot::{Scope, Snapshot, SnapshotReader, Within};

/// Ends a transaction that is open, and the locks that outlive it.
const ROLLBACK: &str = "ROLLBACK;SELECT pg_catalog.pg_advisory_unlock_all()";

/// The database on which the migrations are tried.
pub(crate) struct Scratch<'a, 'c> {
    client: &'c mut Client,
    registry: &'a Registry,
    reader: SnapshotReader,
    options: Options,
    stop: Stop,
    /// The database as it was lent.
    empty: Snapshot,
    /// What is applied, in order.
    applied: Vec<&'a Migration>,
    /// What could not be applied.
    missing: Missing<'a>,
    /// The database with what is applied, if a snapshot was taken since.
    at_rest: Option<Arc<Snapshot>>,
}

/// A script failed, or the database is out of reach.
enum Trouble {
    Script(Box<Fault>),
    Session(Error),
}

/// How far the proof of a migration came.
struct Outcome {
    verdict: Verdict,
    /// Whether the migration is to be applied in the end.
    reached: Reached,
}

/// Whether a first up script has run.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Reached {
    /// It failed.
    Nothing,
    /// It did.
    Applied,
}

impl<'a, 'c> Scratch<'a, 'c> {
    /// A database of which `empty` was just taken.
    pub(crate) fn new(
        client: &'c mut Client,
        registry: &'a Registry,
        reader: SnapshotReader,
        empty: Snapshot,
    ) -> Self {
        Scratch {
            client,
            registry,
            reader,
            options: Options::default(),
            stop: Stop::new(),
            empty,
            applied: Vec::new(),
            missing: Missing::default(),
            at_rest: None,
        }
    }

    /// Has its scripts stopped by `stop`.
    pub(crate) fn stopped_by(mut self, stop: &Stop) -> Self {
        self.stop = stop.clone();
        self
    }

    /// The options that no snapshot compared.
    pub(crate) fn unknown_options(&self) -> BTreeSet<String> {
        self.reader.unknown_options().clone()
    }

    pub(crate) fn is_stopped(&self) -> bool {
        self.stop.is_stopped()
    }

    /// Proves what is meant, and hands on what was found.
    pub(crate) async fn all(
        &mut self,
        subject: &Subject,
        keep: &mut impl FnMut(Proved<'a>),
    ) -> Result<(), Error> {
        for migration in needed(self.registry, subject) {
            if let Some(behind) = self.missing.required_by(migration) {
                self.missing.skipped(migration, &behind);
                keep(Proved::new(migration, Verdict::Skipped { behind }));
            } else if is_subject(subject, migration) {
                let mut proved = Proved::new(migration, Verdict::Sound);
                let before = match self.at_rest.take() {
                    Some(snapshot) => snapshot,
                    None => Arc::new(self.take().await?),
                };
                let reached = self.prove(&before, &mut proved).await?;
                keep(proved);
                if self.at_rest.is_none() {
                    self.settle(&before, migration, reached).await?;
                }
            } else if let Some(verdict) = self.only_apply(migration).await? {
                keep(Proved::new(migration, verdict));
            }
        }
        Ok(())
    }

    /// Applies a migration without a proof. Returns the verdict if that fails.
    async fn only_apply(&mut self, migration: &'a Migration) -> Result<Option<Verdict>, Error> {
        self.at_rest = None;
        match self.run(migration, Direction::Up).await {
            Ok(_) => {
                self.applied.push(migration);
                Ok(None)
            }
            Err(Trouble::Script(fault)) => {
                let is_rolled_back = has_left_nothing(migration, Direction::Up, &fault);
                let verdict = self.missing.judge_fault(migration, Pass::Up, fault);
                if !is_rolled_back {
                    self.restore().await?;
                }
                Ok(Some(verdict))
            }
            Err(Trouble::Session(error)) => Err(error),
        }
    }

    /// Proves a migration. Where the database is at rest thereafter, that is noted.
    async fn prove(
        &mut self,
        before: &Arc<Snapshot>,
        proved: &mut Proved<'a>,
    ) -> Result<Reached, Error> {
        match self.passes(before, proved).await {
            Ok(Outcome { verdict, reached }) => {
                proved.verdict = self.missing.judge(before, verdict);
                Ok(reached)
            }
            Err(Trouble::Session(error)) => Err(error),
            Err(Trouble::Script(fault)) => {
                let is_rolled_back = has_left_nothing(proved.migration, Direction::Up, &fault);
                self.at_rest = is_rolled_back.then(|| Arc::clone(before));
                proved.verdict = self.missing.judge_fault(proved.migration, Pass::Up, fault);
                Ok(Reached::Nothing)
            }
        }
    }

    /// Puts the database to rest with the migration applied, if its first up script ran: by
    /// dropping what it left, where that is enough.
    async fn settle(
        &mut self,
        before: &Arc<Snapshot>,
        migration: &'a Migration,
        reached: Reached,
    ) -> Result<(), Error> {
        let mut is_mended = self.mend(before).await?;
        if reached == Reached::Nothing {
            self.at_rest = is_mended.then(|| Arc::clone(before));
        } else if is_mended {
            is_mended = self.run(migration, Direction::Up).await.is_ok();
            if is_mended {
                self.at_rest = Some(Arc::new(self.take().await?));
            }
        }
        match self.at_rest {
            Some(_) => Ok(()),
            None => self.restore().await,
        }
    }

    /// Drops what is there beyond a snapshot, if that is all that differs.
    async fn mend(&mut self, before: &Snapshot) -> Result<bool, Error> {
        let left = differences(before, &self.take().await?);
        let is_more = |left: &Difference| left.change == Change::Appeared;
        if !left.iter().all(is_more) {
            return Ok(false);
        }
        let scope = Scope::default();
        let emptied = empty::empty(self.client.postgres(), before, &scope);
        Ok(left.is_empty() || emptied.await.is_ok())
    }

    /// Up, down and up again; the first up script's fault is handed on.
    async fn passes(
        &mut self,
        before: &Snapshot,
        proved: &mut Proved<'a>,
    ) -> Result<Outcome, Trouble> {
        let migration = proved.migration;
        let ran = self.run(migration, Direction::Up).await?;
        // Its down script is needed on the way back.
        self.applied.push(migration);
        proved.up = Some(ran.took);
        proved.locks = ran.locks.map(|held| locks::strongest(&held, before));
        let applied = Arc::new(self.look().await?);
        let verdict = if let Some(reason) = migration.down.irreversible() {
            self.at_rest = Some(applied);
            Verdict::Irreversible(reason)
        } else if migration.down.mode == Mode::Transaction {
            self.at_rest = Some(Arc::clone(&applied));
            self.within(before, &applied, proved).await?
        } else {
            self.apart(before, &applied, proved).await?
        };
        let reached = Reached::Applied;
        Ok(Outcome { verdict, reached })
    }

    /// Down and up again in one transaction, so that a fault is taken back by rolling it back:
    /// the database is at rest with the migration applied, rows too.
    async fn within(
        &mut self,
        before: &Snapshot,
        applied: &Snapshot,
        proved: &mut Proved<'a>,
    ) -> Result<Verdict, Trouble> {
        let [down, up] = [Direction::Down, Direction::Up].map(|d| self.trial(proved.migration, d));
        match self
            .outcome(down.begin(self.client, &self.options).await)
            .await
        {
            Ok(ran) => proved.down = Some(ran.took),
            Err(trouble) => return failed(Pass::Down, trouble),
        }
        let left = self.look_within().await?;
        let left = self.differing(before, &left, Within::Open).await;
        let (notes, left) = order::irremovable(left);
        proved.notes = notes;
        if !left.is_empty() {
            self.roll_back().await?;
            return Ok(Verdict::NotUndone(left));
        }
        if proved.migration.up.mode == Mode::NoTransaction {
            return self.alone(&down, applied, proved).await;
        }
        let again = up.further(self.client, &self.options).await;
        match self.outcome(again).await {
            Ok(ran) => proved.again = Some(ran.took),
            Err(Trouble::Script(fault)) if proved.is_stopped_by_a_value(&fault) => {
                self.roll_back().await?;
                return Ok(Verdict::Sound);
            }
            Err(Trouble::Script(fault)) if may_be_of_the_transaction(&fault) => {
                return self.alone(&down, applied, proved).await;
            }
            Err(trouble) => {
                self.roll_back().await?;
                return failed(Pass::Again, trouble);
            }
        }
        let again = self.look_within().await?;
        let other = self.differing(applied, &again, Within::Open).await;
        let (_, other) = order::irremovable(other);
        if !other.is_empty() {
            self.roll_back().await?;
            return Ok(Verdict::NotRepeated(other));
        }
        match self.outcome(up.commit(self.client).await).await {
            Ok(()) => {
                self.at_rest = Some(Arc::new(again));
                Ok(Verdict::Sound)
            }
            Err(trouble) => failed(Pass::Again, trouble),
        }
    }

    /// The up script once more, in no transaction of the down script, which is committed.
    async fn alone(
        &mut self,
        down: &Trial,
        applied: &Snapshot,
        proved: &mut Proved<'a>,
    ) -> Result<Verdict, Trouble> {
        match self.outcome(down.commit(self.client).await).await {
            Ok(()) => {
                self.at_rest = None;
                self.again(applied, proved, Verdict::Sound).await
            }
            Err(trouble) => failed(Pass::Down, trouble),
        }
    }

    /// Down and up again, each by itself. The database is at rest thereafter if that went well.
    async fn apart(
        &mut self,
        before: &Snapshot,
        applied: &Arc<Snapshot>,
        proved: &mut Proved<'a>,
    ) -> Result<Verdict, Trouble> {
        let migration = proved.migration;
        match self.run(migration, Direction::Down).await {
            Ok(ran) => proved.down = Some(ran.took),
            Err(Trouble::Script(fault)) => {
                if has_left_nothing(migration, Direction::Down, &fault) {
                    self.at_rest = Some(Arc::clone(applied));
                }
                return Ok(Verdict::Failed(Pass::Down, fault));
            }
            Err(trouble) => return Err(trouble),
        }
        let left = self.look().await?;
        let left = self.differing(before, &left, Within::Own).await;
        let (notes, left) = order::irremovable(left);
        proved.notes = notes;
        let so_far = match left.is_empty() {
            true => Verdict::Sound,
            false => Verdict::NotUndone(left),
        };
        self.again(applied, proved, so_far).await
    }

    /// The up script once more, behind the down script.
    async fn again(
        &mut self,
        applied: &Snapshot,
        proved: &mut Proved<'a>,
        so_far: Verdict,
    ) -> Result<Verdict, Trouble> {
        match self.run(proved.migration, Direction::Up).await {
            Ok(ran) => proved.again = Some(ran.took),
            Err(Trouble::Script(fault))
                if so_far.is_sound() && proved.is_stopped_by_a_value(&fault) => {}
            // What a down script leaves behind is in the way of the up script.
            Err(Trouble::Script(_)) if !so_far.is_sound() => return Ok(so_far),
            Err(trouble) => return failed(Pass::Again, trouble),
        }
        let again = self.look().await?;
        let other = self.differing(applied, &again, Within::Own).await;
        let (_, other) = order::irremovable(other);
        if other.is_empty() {
            self.at_rest = Some(Arc::new(again));
            return Ok(so_far);
        }
        // The value that is still there has kept the script from making the rest.
        if proved.again.is_none() {
            return Ok(so_far);
        }
        Ok(match so_far.is_sound() {
            true => Verdict::NotRepeated(other),
            false => so_far,
        })
    }

    async fn look_within(&mut self) -> Result<Snapshot, Trouble> {
        let taken = self.reader.take_within(self.client.postgres()).await;
        taken.map_err(|error| Trouble::Session(Error::Catalog(error)))
    }

    async fn roll_back(&self) -> Result<(), Trouble> {
        let rolled_back = self.client.postgres().batch_execute(ROLLBACK).await;
        rolled_back.map_err(|error| Trouble::Session(Error::Catalog(error)))
    }

    /// What differs, but for texts with one meaning. The second snapshot is of what is there.
    async fn differing(
        &self,
        before: &Snapshot,
        now: &Snapshot,
        within: Within,
    ) -> Vec<Difference> {
        let found = differences(before, now);
        meaning::differing(self.client.postgres(), found, now, within).await
    }

    async fn take(&mut self) -> Result<Snapshot, Error> {
        let taken = self.reader.take(self.client.postgres()).await;
        taken.map_err(Error::Catalog)
    }

    async fn look(&mut self) -> Result<Snapshot, Trouble> {
        self.take().await.map_err(Trouble::Session)
    }

    async fn run(&mut self, migration: &Migration, direction: Direction) -> Result<Ran, Trouble> {
        if self.stop.is_stopped() {
            return Err(stopped());
        }
        let ran = self
            .trial(migration, direction)
            .run(self.client, &self.options)
            .await;
        self.outcome(ran).await
    }

    fn trial(&self, migration: &Migration, direction: Direction) -> Trial {
        Trial::of(migration, direction).stopped_by(&self.stop)
    }

    /// What it came to; the session is fit for the next script thereafter.
    async fn outcome<T>(&mut self, ran: Result<T, Box<Fault>>) -> Result<T, Trouble> {
        let fault = match ran {
            Ok(ran) => return Ok(ran),
            Err(fault) => fault,
        };
        // A session that the server has ended answers nothing more.
        if self.client.postgres().batch_execute("").await.is_err() {
            let opened = self.client.reconnect().await;
            opened.map_err(|error| Trouble::Session(Error::Connect(error)))?;
        }
        match self.stop.is_stopped() {
            true => Err(stopped()),
            false => Err(Trouble::Script(fault)),
        }
    }

    /// Goes back to an empty database and applies again what was applied, as far as
    /// that can be done.
    async fn restore(&mut self) -> Result<(), Error> {
        self.clear().await?;
        for migration in std::mem::take(&mut self.applied) {
            match self.run(migration, Direction::Up).await {
                Ok(_) => self.applied.push(migration),
                Err(Trouble::Script(fault)) => {
                    self.missing.judge_fault(migration, Pass::Up, fault);
                }
                Err(Trouble::Session(error)) => return Err(error),
            }
        }
        self.at_rest = Some(Arc::new(self.take().await?));
        Ok(())
    }

    /// Makes the database as it was lent, also once it was stopped.
    pub(crate) async fn leave(&mut self) -> Result<(), Error> {
        self.stop = Stop::new();
        // A proof that was broken off has left its transaction open.
        let rolled_back = self.client.postgres().batch_execute(ROLLBACK).await;
        rolled_back.map_err(Error::Catalog)?;
        self.clear().await
    }

    /// Makes the database as it was lent. The down scripts go first: they alone
    /// take back what is in no database, such as roles.
    async fn clear(&mut self) -> Result<(), Error> {
        let applied = self.applied.clone().into_iter().rev();
        for migration in applied.filter(|migration| migration.down.irreversible().is_none()) {
            match self.run(migration, Direction::Down).await {
                Ok(_) | Err(Trouble::Script(_)) => {}
                Err(Trouble::Session(error)) => return Err(error),
            }
        }
        let scope = Scope::default();
        let emptied = empty::empty(self.client.postgres(), &self.empty, &scope).await;
        emptied.map_err(Error::Empty)
    }
}

fn stopped() -> Trouble {
    let stopped = ErrorKind::Stopped(Stopped::default());
    Trouble::Session(Error::History(stopped.into()))
}

/// The migrations to be proved and those that they need, in plan order.
fn needed<'a>(registry: &'a Registry, subject: &Subject) -> impl Iterator<Item = &'a Migration> {
    let services: Option<BTreeSet<String>> = match &subject.services {
        Selection::All => None,
        Selection::Named(names) => {
            let narrow = registry.narrow(names);
            let services = narrow.services.iter();
            Some(services.map(|service| service.name.to_string()).collect())
        }
    };
    let is_needed = move |migration: &&Migration| match &services {
        None => true,
        Some(services) => services.contains(migration.service.as_ref()),
    };
    registry.migrations.iter().filter(is_needed)
}

fn is_subject(subject: &Subject, migration: &Migration) -> bool {
    subject.services.names(&migration.service)
        && subject.since.is_none_or(|since| since <= migration.version)
}

fn failed(pass: Pass, trouble: Trouble) -> Result<Verdict, Trouble> {
    match trouble {
        Trouble::Script(fault) => Ok(Verdict::Failed(pass, fault)),
        Trouble::Session(error) => Err(Trouble::Session(error)),
    }
}

fn has_left_nothing(migration: &Migration, direction: Direction, fault: &Fault) -> bool {
    Trial::of(migration, direction).has_left_nothing(fault)
}

/// Whether a script that failed in the transaction of another may do better in one of its own: a
/// new value of an enum cannot be used in the transaction that adds it, nor a table be altered
/// that waits for deferred checks. What is there, is not there, or breaks a constraint would
/// fail there as well.
fn may_be_of_the_transaction(fault: &Fault) -> bool {
    const OF_THE_SCRIPT: [&str; 6] = ["22", "23", "2B", "3F", "42", "P0"];
    let class = fault.sqlstate.as_deref().and_then(|state| state.get(..2));
    !class.is_some_and(|class| OF_THE_SCRIPT.contains(&class))
}
