//! The way of a run: read, plan, lock, read and plan again, act.

use std::time::Instant;

use migrator_model::file_name::Direction;
use migrator_model::{Registry, nearest};

use crate::bootstrap;
use crate::client::Client;
use crate::driver;
use crate::error::{Error, ErrorKind};
use crate::event::{Event, Listener};
use crate::executor::{Executor, describe};
use crate::history::History;
use crate::history::read::{self, ReadError};
use crate::history::schema::Tables;
use crate::lock::{self, Held, Locks};
use crate::options::Options;
use crate::plan::{self, Plan};
use crate::report::Report;
use crate::status::Status;
use crate::target::{Selection, Target};

/// Applies and reverts the migrations of a registry.
pub struct Migrator {
    registry: &'static Registry,
    options: Options,
    pub(crate) tables: Tables,
    listener: Option<Listener>,
}

impl Migrator {
    /// A migrator with the default options.
    #[must_use]
    pub fn new(registry: &'static Registry) -> Migrator {
        Migrator::with_options(registry, Options::default())
    }

    /// A migrator with options of its own.
    #[must_use]
    pub fn with_options(registry: &'static Registry, options: Options) -> Migrator {
        Migrator {
            registry,
            tables: Tables::new(&options.schema),
            options,
            listener: None,
        }
    }

    /// Has every [`Event`] told to `listener` as it happens.
    #[must_use]
    pub fn on_event(mut self, listener: impl FnMut(&Event<'_>) + Send + 'static) -> Migrator {
        self.listener = Some(Box::new(listener));
        self
    }

    /// The registry it was made with.
    #[must_use]
    pub fn registry(&self) -> &'static Registry {
        self.registry
    }

    /// The options it was made with.
    #[must_use]
    pub fn options(&self) -> &Options {
        &self.options
    }

    /// Applies what is pending, in plan order. With nothing pending it takes no
    /// lock and writes nothing.
    ///
    /// # Errors
    ///
    /// See [`ErrorKind`]; the error carries the report of what was done before.
    pub async fn up(&mut self, client: &mut Client, target: Target) -> Result<Report, Error> {
        self.run(client, Direction::Up, &target).await
    }

    /// Reverts what is applied, newest first.
    ///
    /// # Errors
    ///
    /// As [`Migrator::up`].
    pub async fn down(&mut self, client: &mut Client, target: Target) -> Result<Report, Error> {
        self.run(client, Direction::Down, &target).await
    }

    /// What a run would do at this moment.
    ///
    /// # Errors
    ///
    /// Everything that keeps the run from starting.
    pub async fn plan(
        &self,
        client: &Client,
        direction: Direction,
        target: &Target,
    ) -> Result<Plan<'static>, Error> {
        self.check_names(&target.services)?;
        let history = self.history(client).await?;
        Ok(self.make_plan(&history, direction, target)?)
    }

    /// How the database stands to the registry.
    ///
    /// # Errors
    ///
    /// A service is not known, or the history cannot be read.
    pub async fn status(&self, client: &Client, services: &Selection) -> Result<Status, Error> {
        self.check_names(services)?;
        let history = self.history(client).await?;
        Ok(Status::new(self.registry, &history, services))
    }

    /// Reads the history; a database without one has an empty one.
    ///
    /// # Errors
    ///
    /// It cannot be read, or is of a format that this version does not know.
    pub async fn history(&self, client: &Client) -> Result<History, Error> {
        let read = read::history(client.postgres(), &self.tables).await;
        read.map_err(|error| read_failed(client, error).into())
    }

    async fn run(
        &mut self,
        client: &mut Client,
        direction: Direction,
        target: &Target,
    ) -> Result<Report, Error> {
        let started = Instant::now();
        let mut report = Report::default();
        let outcome = self.steps(client, direction, target, &mut report).await;
        report.elapsed = started.elapsed();
        match outcome {
            Ok(()) => Ok(report),
            Err(kind) => Err(Error {
                kind: Box::new(kind),
                report,
            }),
        }
    }

    async fn steps(
        &mut self,
        client: &Client,
        direction: Direction,
        target: &Target,
        report: &mut Report,
    ) -> Result<(), ErrorKind> {
        let first = self.plan(client, direction, target).await;
        let first = first.map_err(|error| *error.kind)?;
        if first.steps.is_empty() {
            self.tell_plan(&first);
            return Ok(());
        }
        let mut locks = self.locks(&first);
        loop {
            let held = self.lock(client, &locks).await?;
            let history = self.history(client).await.map_err(|error| *error.kind)?;
            let plan = self.make_plan(&history, direction, target)?;
            let needed = self.locks(&plan);
            if !locks.cover(&needed) {
                held.release().await;
                locks = needed;
                continue;
            }
            self.tell_plan(&plan);
            let outcome = self.act(client, &history, &plan, &held, report).await;
            held.release().await;
            return outcome;
        }
    }

    pub(crate) async fn lock(&mut self, client: &Client, locks: &Locks) -> Result<Held, ErrorKind> {
        let Options {
            schema,
            lock_wait,
            application,
            ..
        } = &self.options;
        lock::acquire(
            client,
            schema,
            locks,
            *lock_wait,
            application,
            &mut self.listener,
        )
        .await
    }

    async fn act(
        &mut self,
        client: &Client,
        history: &History,
        plan: &Plan<'_>,
        held: &Held,
        report: &mut Report,
    ) -> Result<(), ErrorKind> {
        bootstrap::tables(client, &self.tables, &self.options.schema, history, plan).await?;
        let mut executor = Executor {
            client,
            tables: &self.tables,
            registry: self.registry,
            options: &self.options,
            lock: held,
            listener: &mut self.listener,
            report,
            left: plan.steps.len(),
        };
        let legs = plan
            .steps
            .chunk_by(|a, b| a.service() == b.service() && a.direction() == b.direction());
        for leg in legs {
            match leg.first().map(plan::Step::direction) {
                Some(Direction::Up) => driver::apply(&mut executor, leg).await?,
                Some(Direction::Down) => {
                    for step in leg {
                        let outcome = executor.run(step).await;
                        outcome.map_err(|fault| ErrorKind::Script(Box::new(fault)))?;
                    }
                }
                None => {}
            }
        }
        Ok(())
    }

    fn make_plan(
        &self,
        history: &History,
        direction: Direction,
        target: &Target,
    ) -> Result<Plan<'static>, ErrorKind> {
        plan::plan(
            self.registry,
            history,
            direction,
            target,
            self.options.policy,
        )
        .map_err(ErrorKind::Refused)
    }

    fn tell_plan(&mut self, plan: &Plan<'_>) {
        if let Some(listener) = &mut self.listener {
            listener(&Event::Planned(plan));
        }
    }

    /// Exclusive on the services that a plan changes, shared on what they depend on.
    fn locks(&self, plan: &Plan<'_>) -> Locks {
        let mut locks = Locks::default();
        for step in &plan.steps {
            if locks.exclusive.insert(step.service().to_owned()) {
                let others = self.registry.dependencies_of(step.service());
                locks.shared.extend(others.into_iter().map(str::to_owned));
            }
        }
        locks
    }

    fn check_names(&self, services: &Selection) -> Result<(), Error> {
        let Selection::Named(names) = services else {
            return Ok(());
        };
        let unknown = names
            .iter()
            .find(|name| self.registry.service(name).is_none());
        let Some(name) = unknown else {
            return Ok(());
        };
        let known = self
            .registry
            .services
            .iter()
            .map(|service| service.name.as_ref());
        Err(ErrorKind::UnknownService {
            nearest: nearest(name, known).map(str::to_owned),
            name: name.clone(),
        }
        .into())
    }
}

fn read_failed(client: &Client, error: ReadError) -> ErrorKind {
    let doing = "reading the history".to_owned();
    match error {
        ReadError::Format(format) => ErrorKind::Format(format),
        ReadError::Row(row) => ErrorKind::History {
            doing,
            why: format!("this entry is not as it was written: {row}"),
        },
        ReadError::Postgres(error) => failed(client, doing, &error),
    }
}

/// A query of ours failed: the server said why, or the connection is gone.
pub(crate) fn failed(client: &Client, doing: String, error: &tokio_postgres::Error) -> ErrorKind {
    match (error.as_db_error(), client.postgres().is_closed()) {
        (Some(said), false) => ErrorKind::History {
            doing,
            why: said.message().to_owned(),
        },
        _ => ErrorKind::Connection {
            doing,
            why: client.lost().unwrap_or_else(|| describe(error)),
        },
    }
}
