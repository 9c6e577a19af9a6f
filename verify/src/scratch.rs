//! The database on which migrations are proved, and the way back when one fails.
//!
//! What is found is [`proof`](crate::proof)'s to say.

use std::collections::BTreeSet;

use migrator_model::file_name::Direction;
use migrator_model::{Migration, Registry};
use migrator_runtime::{Client, ErrorKind, Fault, Options, Ran, Selection, Stop, Stopped, Trial};

use crate::difference::{Change, Difference, differences};
use crate::empty;
use crate::error::Error;
use crate::locks;
use crate::picture::{Camera, Picture, Scope};
use crate::proof::{Pass, Proved, Subject, Verdict};

/// The database on which the migrations are tried.
pub(crate) struct Scratch<'a, 'c> {
    client: &'c mut Client,
    registry: &'a Registry,
    camera: Camera,
    options: Options,
    stop: Stop,
    /// The database as it was lent.
    empty: Picture,
    /// What is applied, in order.
    applied: Vec<&'a Migration>,
    /// What could not be applied: what may need it is skipped.
    without: Vec<&'a Migration>,
    /// The database with what is applied, if a picture was taken since.
    at_rest: Option<Picture>,
}

/// A script failed, or the database is out of reach.
enum Trouble {
    Script(Box<Fault>),
    Session(Error),
}

impl<'a, 'c> Scratch<'a, 'c> {
    /// A database of which `empty` was just taken.
    pub(crate) fn new(
        client: &'c mut Client,
        registry: &'a Registry,
        camera: Camera,
        empty: Picture,
    ) -> Self {
        Scratch {
            client,
            registry,
            camera,
            options: Options::default(),
            stop: Stop::new(),
            empty,
            applied: Vec::new(),
            without: Vec::new(),
            at_rest: None,
        }
    }

    /// Has its scripts stopped by `stop`.
    pub(crate) fn stopped_by(mut self, stop: &Stop) -> Self {
        self.stop = stop.clone();
        self
    }

    /// The options that no picture compared.
    pub(crate) fn unknown_options(&self) -> BTreeSet<String> {
        self.camera.unknown_options().clone()
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
            if let Some(behind) = behind(self.registry, &self.without, migration) {
                self.without.push(migration);
                keep(Proved::new(migration, Verdict::Skipped { behind }));
            } else if is_subject(subject, migration) {
                let (before, proved, reached) = self.prove(migration).await?;
                keep(proved);
                self.settle(before, migration, reached).await?;
            } else if let Some(fault) = self.only_apply(migration).await? {
                keep(Proved::new(migration, Verdict::Failed(Pass::Up, fault)));
                self.restore().await?;
            }
        }
        Ok(())
    }

    /// Applies a migration that is not to be proved.
    async fn only_apply(&mut self, migration: &'a Migration) -> Result<Option<Box<Fault>>, Error> {
        self.at_rest = None;
        match self.run(migration, Direction::Up).await {
            Ok(_) => {
                self.applied.push(migration);
                Ok(None)
            }
            Err(Trouble::Script(fault)) => {
                self.without.push(migration);
                Ok(Some(fault))
            }
            Err(Trouble::Session(error)) => Err(error),
        }
    }

    /// What was before it, what was found, and how far it came.
    async fn prove(
        &mut self,
        migration: &'a Migration,
    ) -> Result<(Picture, Proved<'a>, Pass), Error> {
        let before = match self.at_rest.take() {
            Some(picture) => picture,
            None => self.take().await?,
        };
        let mut proved = Proved::new(migration, Verdict::Sound);
        let mut reached = Pass::Again;
        match self.passes(&before, &mut proved).await {
            Ok(()) => {}
            Err(Trouble::Session(error)) => {
                // Its down script is needed on the way back.
                self.applied.extend(proved.up.map(|_| migration));
                return Err(error);
            }
            Err(Trouble::Script(fault)) => {
                reached = match (&proved.up, &proved.down) {
                    (None, _) => Pass::Up,
                    (Some(_), None) => Pass::Down,
                    (Some(_), Some(_)) => Pass::Again,
                };
                // What a down script leaves behind is in the way of the up script.
                if proved.verdict.is_sound() {
                    proved.verdict = Verdict::Failed(reached, fault);
                }
            }
        }
        Ok((before, proved, reached))
    }

    /// Puts the database to rest with the migration applied, unless its first up
    /// script failed: by dropping what it left, where that is enough.
    async fn settle(
        &mut self,
        before: Picture,
        migration: &'a Migration,
        reached: Pass,
    ) -> Result<(), Error> {
        let mut is_mended = self.at_rest.is_some() || self.mend(&before).await?;
        if reached == Pass::Up {
            self.without.push(migration);
            self.at_rest = is_mended.then_some(before);
        } else {
            if self.at_rest.is_none() && is_mended {
                is_mended = self.run(migration, Direction::Up).await.is_ok();
            }
            self.applied.push(migration);
            if self.at_rest.is_none() && is_mended {
                self.at_rest = Some(self.take().await?);
            }
        }
        match self.at_rest {
            Some(_) => Ok(()),
            None => self.restore().await,
        }
    }

    /// Drops what is there beyond a picture, if that is all that differs.
    async fn mend(&mut self, before: &Picture) -> Result<bool, Error> {
        let left = differences(before, &self.take().await?);
        let is_more = |left: &Difference| left.change == Change::Appeared;
        if !left.iter().all(is_more) {
            return Ok(false);
        }
        let scope = Scope::default();
        let emptied = empty::empty(self.client.postgres(), before, &scope);
        Ok(left.is_empty() || emptied.await.is_ok())
    }

    /// Up, down and up again. The database is at rest thereafter if that went well.
    async fn passes(&mut self, before: &Picture, proved: &mut Proved<'a>) -> Result<(), Trouble> {
        let migration = proved.migration;
        let ran = self.run(migration, Direction::Up).await?;
        proved.up = Some(ran.took);
        proved.locks = ran.locks.map(|held| locks::strongest(&held, before));
        let applied = self.look().await?;
        if let Some(reason) = migration.down.irreversible() {
            proved.verdict = Verdict::Irreversible(reason);
            self.at_rest = Some(applied);
            return Ok(());
        }
        let ran = self.run(migration, Direction::Down).await?;
        proved.down = Some(ran.took);
        let left = differences(before, &self.look().await?);
        if !left.is_empty() {
            proved.verdict = Verdict::NotUndone(left);
        }
        let ran = self.run(migration, Direction::Up).await?;
        proved.again = Some(ran.took);
        let again = self.look().await?;
        let other = differences(&applied, &again);
        if other.is_empty() {
            self.at_rest = Some(again);
        } else if proved.verdict.is_sound() {
            proved.verdict = Verdict::NotRepeated(other);
        }
        Ok(())
    }

    async fn take(&mut self) -> Result<Picture, Error> {
        let taken = self.camera.take(self.client.postgres()).await;
        taken.map_err(Error::Catalog)
    }

    async fn look(&mut self) -> Result<Picture, Trouble> {
        self.take().await.map_err(Trouble::Session)
    }

    async fn run(&mut self, migration: &Migration, direction: Direction) -> Result<Ran, Trouble> {
        if self.stop.is_stopped() {
            return Err(stopped());
        }
        let trial = Trial::of(migration, direction).stopped_by(&self.stop);
        let fault = match trial.run(self.client, &self.options).await {
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
            let applied = match behind(self.registry, &self.without, migration) {
                Some(_) => false,
                None => match self.run(migration, Direction::Up).await {
                    Ok(_) => true,
                    Err(Trouble::Script(_)) => false,
                    Err(Trouble::Session(error)) => return Err(error),
                },
            };
            match applied {
                true => self.applied.push(migration),
                false => self.without.push(migration),
            }
        }
        self.at_rest = Some(self.take().await?);
        Ok(())
    }

    /// Makes the database as it was lent, also once it was stopped.
    pub(crate) async fn leave(&mut self) -> Result<(), Error> {
        self.stop = Stop::new();
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

/// The failed migration that this one may need: an earlier one of its service or
/// of a service that it depends on, or one that it requires.
fn behind(registry: &Registry, failed: &[&Migration], migration: &Migration) -> Option<String> {
    if failed.is_empty() {
        return None;
    }
    let depends_on = registry.dependencies_of(&migration.service);
    let may_need = |earlier: &&&Migration| {
        earlier.service == migration.service
            || depends_on.contains(earlier.service.as_ref())
            || migration.requires.contains(&earlier.reference())
    };
    failed.iter().find(may_need).map(ToString::to_string)
}
