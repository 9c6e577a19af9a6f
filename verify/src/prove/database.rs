//! The database on which migrations are proved: runs scripts, takes snapshots, and restores it.

use std::collections::BTreeSet;

use migrator_model::Migration;
use migrator_model::file_name::Direction;
use migrator_runtime::{Client, ErrorKind, Fault, Options, Stop, Stopped, Trial, TrialReport};

use super::verdict::Counts;
use crate::compare::difference::{Change, Difference, differences};
use crate::compare::meaning;
use crate::empty;
use crate::error::Error;
use crate::snapshot::content::{Scope, Snapshot};
use crate::snapshot::effects::Effects;
use crate::snapshot::query::Within;
use crate::snapshot::reader::{SnapshotReader, Taken};

/// Ends an open transaction, and releases the locks that outlive it.
const ROLLBACK: &str = "ROLLBACK;SELECT pg_catalog.pg_advisory_unlock_all()";

/// A database of our own, and the session on it.
pub(super) struct Database<'c> {
    client: &'c mut Client,
    reader: SnapshotReader,
    options: Options,
    stop: Stop,
    /// The database before the proof.
    empty: Snapshot,
    snapshots: Snapshots,
    /// How many snapshots followed from others since the last proof.
    followed: usize,
    /// Whether a whole snapshot was compared with one that followed from others.
    is_mixed: bool,
    pub(super) counts: Counts,
}

/// How snapshots are taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Snapshots {
    /// Each reads the whole catalog.
    Whole,
    /// Each reads what the scripts since the previous one changed.
    Following,
}

/// Why a script did not succeed.
pub(super) enum Trouble {
    /// The script failed.
    Script(Box<Fault>),
    /// The proof cannot go on.
    Session(Error),
}

impl<'c> Database<'c> {
    /// A database of which `empty` was just taken. `stop` stops its scripts.
    pub(super) fn new(
        client: &'c mut Client,
        reader: SnapshotReader,
        empty: Snapshot,
        stop: &Stop,
    ) -> Self {
        Database {
            client,
            reader,
            options: Options::default(),
            stop: stop.clone(),
            empty,
            snapshots: Snapshots::Following,
            followed: 0,
            is_mixed: false,
            counts: Counts::default(),
        }
    }

    /// Takes snapshots in this way from now on.
    pub(super) fn set_snapshots(&mut self, snapshots: Snapshots) {
        self.snapshots = snapshots;
    }

    /// How many snapshots followed from others since the last proof.
    pub(super) fn followed(&self) -> usize {
        self.followed
    }

    /// Whether a whole snapshot was compared with one that followed from others.
    pub(super) fn is_mixed(&self) -> bool {
        self.is_mixed
    }

    /// The options that no snapshot compared.
    pub(super) fn unknown_options(&self) -> BTreeSet<String> {
        self.reader.unknown_options().clone()
    }

    pub(super) fn is_stopped(&self) -> bool {
        self.stop.is_stopped()
    }

    /// A whole snapshot has proved those that followed from others.
    pub(super) fn proved(&mut self) {
        (self.followed, self.is_mixed) = (0, false);
    }

    /// Takes a whole snapshot.
    pub(super) async fn take(&mut self) -> Result<Snapshot, Error> {
        self.counts.whole += 1;
        let taken = self.reader.take(self.client.postgres()).await;
        taken.map_err(Error::Catalog)
    }

    /// Takes the snapshot after scripts with these effects. Before them, the database was as in
    /// `previous`.
    pub(super) async fn follow(
        &mut self,
        previous: &Snapshot,
        effects: &Effects,
        within: Within,
    ) -> Result<Snapshot, Error> {
        let unknown = Effects::unknown();
        let effects = match self.snapshots {
            Snapshots::Whole => &unknown,
            Snapshots::Following => effects,
        };
        let client = self.client.postgres();
        let taken = self.reader.follow(client, previous, effects, within).await;
        let (snapshot, taken) = taken.map_err(Error::Catalog)?;
        match taken {
            Taken::Following => {
                self.followed += 1;
                self.counts.following += 1;
            }
            Taken::Whole => {
                self.is_mixed |= self.followed > 0;
                self.counts.whole += 1;
            }
        }
        Ok(snapshot)
    }

    /// What differs between two snapshots, without texts of the same meaning. The second one
    /// shows the database as it is now.
    pub(super) async fn differing(
        &self,
        before: &Snapshot,
        now: &Snapshot,
        within: Within,
    ) -> Vec<Difference> {
        let found = differences(before, now);
        meaning::differing(self.client.postgres(), found, now, within).await
    }

    /// A trial of a migration's script.
    pub(super) fn trial(&self, migration: Migration<'_>, direction: Direction) -> Trial {
        Trial::of(migration, direction).stopped_by(&self.stop)
    }

    /// Runs a script as `up` and `down` run it.
    pub(super) async fn run(
        &mut self,
        migration: Migration<'_>,
        direction: Direction,
    ) -> Result<TrialReport, Trouble> {
        if self.stop.is_stopped() {
            return Err(stopped());
        }
        let trial = self.trial(migration, direction);
        let ran = trial.run(self.client, &self.options).await;
        self.outcome(ran).await
    }

    /// Runs a script as [`Database::run`] does, but its effects remain unknown.
    pub(super) async fn apply(
        &mut self,
        migration: Migration<'_>,
        direction: Direction,
    ) -> Result<(), Trouble> {
        if self.stop.is_stopped() {
            return Err(stopped());
        }
        let trial = self.trial(migration, direction);
        let applied = trial.apply(self.client, &self.options).await;
        self.outcome(applied).await
    }

    /// Runs a script in a transaction that stays open.
    pub(super) async fn begin(&mut self, trial: &Trial) -> Result<TrialReport, Trouble> {
        let ran = trial.begin(self.client, &self.options).await;
        self.outcome(ran).await
    }

    /// Runs a script in the open transaction.
    pub(super) async fn further(&mut self, trial: &Trial) -> Result<TrialReport, Trouble> {
        let ran = trial.further(self.client, &self.options).await;
        self.outcome(ran).await
    }

    /// Commits the open transaction, whose last script is that of the trial.
    pub(super) async fn commit(&mut self, trial: &Trial) -> Result<(), Trouble> {
        let committed = trial.commit(self.client).await;
        self.outcome(committed).await
    }

    /// Rolls back the open transaction.
    pub(super) async fn roll_back(&self) -> Result<(), Error> {
        let rolled_back = self.client.postgres().batch_execute(ROLLBACK).await;
        rolled_back.map_err(Error::Catalog)
    }

    /// Makes the session ready for the next script, and tells a fault of the script from a stop.
    async fn outcome<T>(&mut self, ran: Result<T, Box<Fault>>) -> Result<T, Trouble> {
        let fault = match ran {
            Ok(ran) => return Ok(ran),
            Err(fault) => fault,
        };
        // The script may have ended the session.
        if self.client.postgres().batch_execute("").await.is_err() {
            let opened = self.client.reconnect().await;
            opened.map_err(|error| Trouble::Session(Error::Connect(error)))?;
        }
        match self.stop.is_stopped() {
            true => Err(stopped()),
            false => Err(Trouble::Script(fault)),
        }
    }

    /// Drops what the database has beyond a snapshot. Returns whether the two are equal then;
    /// nothing is dropped if more than that differs.
    pub(super) async fn drop_beyond(&mut self, snapshot: &Snapshot) -> Result<bool, Error> {
        let left = differences(snapshot, &self.take().await?);
        let appeared = |left: &Difference| left.change == Change::Appeared;
        if !left.iter().all(appeared) {
            return Ok(false);
        }
        let scope = Scope::default();
        let emptied = empty::empty(self.client.postgres(), snapshot, &scope);
        Ok(left.is_empty() || emptied.await.is_ok())
    }

    /// Restores the database to its state before the proof. The down scripts of what is applied
    /// run first: only they take back what is outside the database, such as roles.
    pub(super) async fn clear(&mut self, applied: &[Migration<'_>]) -> Result<(), Error> {
        let applied = applied.iter().rev();
        for migration in applied.filter(|migration| migration.down().irreversible().is_none()) {
            match self.apply(*migration, Direction::Down).await {
                Ok(()) | Err(Trouble::Script(_)) => {}
                Err(Trouble::Session(error)) => return Err(error),
            }
        }
        let scope = Scope::default();
        let emptied = empty::empty(self.client.postgres(), &self.empty, &scope).await;
        emptied.map_err(Error::Empty)
    }

    /// The same at the end of a proof, also of one that was stopped.
    pub(super) async fn leave(&mut self, applied: &[Migration<'_>]) -> Result<(), Error> {
        self.stop = Stop::new();
        // A proof that was stopped has left its transaction open.
        self.roll_back().await?;
        self.clear(applied).await
    }
}

fn stopped() -> Trouble {
    let stopped = ErrorKind::Stopped(Stopped::default());
    Trouble::Session(Error::History(stopped.into()))
}
