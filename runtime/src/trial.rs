//! Runs a script as a run does, but records nothing: for proofs on temporary databases.

mod held;

use std::time::{Duration, Instant};

use migrator_model::file_name::Direction;
use migrator_model::place::Position;
use migrator_model::sql::statements;
use migrator_model::{Migration, MigrationId, Mode};
use tokio_postgres::error::DbError;

use crate::error::fault::{Fault, Left, Part};
use crate::options::Options;
use crate::session::client::Client;
use crate::session::message::{Commit, Message, Opening};
use crate::session::reset::{RESET, forget};
use crate::session::send::{SendError, send, send_for_rows};
use crate::session::span::{CHECK_DEFERRED, Span};
use crate::session::stop::{Silent, Stop};
use crate::step::source::{Source, unanswered};

use self::held::Held;
pub use self::held::{CatalogWrites, ObjectLock, StateBefore, TableLock};

/// One script of a migration, which runs without a history.
///
/// It is sent as [`Migrator::up`](crate::Migrator::up) sends it, with the same timeouts and the
/// same reset of the session after it. But it takes no advisory lock, and it is not tried again
/// when it fails at a table's lock.
#[derive(Clone, Debug)]
pub struct Trial {
    step: MigrationId,
    source: Source,
    stop: Stop,
}

/// The result of a script that succeeded.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct TrialReport {
    /// The time from sending the script to its last answer, with the commit.
    pub took: Duration,
    /// The locks on tables that the script held before its commit, with every mode of each.
    /// `None` for a script that ran outside a transaction.
    pub locks: Option<Vec<TableLock>>,
    /// The locks on other objects that the script held before its commit: Postgres locks each
    /// object that a script drops. `None` for a script that ran outside a transaction.
    pub objects: Option<Vec<ObjectLock>>,
    /// The state before the script's transaction. `None` for a script that ran outside a
    /// transaction or in the transaction of an earlier script, or if the server counts no rows.
    pub before: Option<StateBefore>,
    /// The session's counts of changed catalog rows, after the script. The difference from the
    /// counts before it shows which catalogs the script has changed.
    pub writes: Vec<CatalogWrites>,
}

/// What is measured of a script.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Measures {
    /// What it locks and changes.
    Effects,
    /// Nothing but its time.
    Nothing,
}

impl Measures {
    /// A query for the effects, if they are measured.
    fn query(self, query: fn() -> String) -> String {
        match self {
            Measures::Effects => query(),
            Measures::Nothing => String::new(),
        }
    }
}

impl Trial {
    /// An embedded script.
    #[must_use]
    pub fn of(migration: Migration<'_>, direction: Direction) -> Trial {
        let script = match direction {
            Direction::Up => migration.up(),
            Direction::Down => migration.down(),
        };
        Trial {
            step: migration.id(),
            source: Source::copied(script),
            stop: Stop::new(),
        }
    }

    /// A script that a history has recorded; faults name it `step`.
    ///
    /// # Errors
    ///
    /// Its directives are malformed.
    pub fn of_recorded(
        step: &MigrationId,
        sql: String,
        direction: Direction,
    ) -> Result<Trial, Box<Fault>> {
        let source = Source::recorded(sql, direction);
        let fault = |why| Box::new(Fault::new(step.clone(), why, Left::Nothing));
        Ok(Trial {
            step: step.clone(),
            source: source.map_err(fault)?,
            stop: Stop::new(),
        })
    }

    /// Stops the script when `stop` is used. The script then returns a fault, and its transaction
    /// is rolled back.
    #[must_use]
    pub fn stopped_by(mut self, stop: &Stop) -> Trial {
        self.stop = stop.clone();
        self
    }

    /// Whether a fault left no effect of the script: the script ran in a transaction, or its first
    /// statement failed.
    #[must_use]
    pub fn has_left_nothing(&self, fault: &Fault) -> bool {
        let first = statements(&self.source.sql).into_iter().next();
        let first = first.map(|range| Position::at(&self.source.sql, range.start));
        match fault.left {
            Left::Nothing => true,
            Left::Dirty | Left::Resumable => fault.position.is_some() && fault.position == first,
            Left::Unrecorded { .. } | Left::Done | Left::Unknown => false,
        }
    }

    /// Runs the script.
    ///
    /// # Errors
    ///
    /// The server refused the script, or the connection was lost. A transaction is then rolled
    /// back; statements outside a transaction keep their effect.
    pub async fn run(&self, client: &Client, options: &Options) -> Result<TrialReport, Box<Fault>> {
        self.ran(client, options, Span::Whole, Measures::Effects)
            .await
    }

    /// Runs the script, without the queries for what it locked and changed.
    ///
    /// # Errors
    ///
    /// As [`Trial::run`].
    pub async fn apply(&self, client: &Client, options: &Options) -> Result<(), Box<Fault>> {
        let ran = self.ran(client, options, Span::Whole, Measures::Nothing);
        ran.await.map(drop)
    }

    /// Runs the script in a transaction that stays open, and checks the deferred constraints.
    ///
    /// # Errors
    ///
    /// As [`Trial::run`]; the transaction is rolled back then.
    pub async fn begin(
        &self,
        client: &Client,
        options: &Options,
    ) -> Result<TrialReport, Box<Fault>> {
        self.ran(client, options, Span::First, Measures::Effects)
            .await
    }

    /// Runs the script in the transaction that [`Trial::begin`] opened.
    ///
    /// # Errors
    ///
    /// As [`Trial::run`]. The transaction is then as before this script, unless the connection was
    /// lost.
    pub async fn further(
        &self,
        client: &Client,
        options: &Options,
    ) -> Result<TrialReport, Box<Fault>> {
        self.ran(client, options, Span::Further, Measures::Effects)
            .await
    }

    /// Commits the transaction of the script.
    ///
    /// # Errors
    ///
    /// The server refused the commit, or the connection was lost: the transaction is rolled back.
    pub async fn commit(&self, client: &Client) -> Result<(), Box<Fault>> {
        let sent = self.stop.attend(client, send(client.postgres(), "COMMIT"));
        match Box::pin(sent).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(failure)) => Err(Box::new(self.refused(client, failure).await)),
            Err(Silent) => Err(Box::new(Fault::silent(self.step.clone(), Left::Unknown))),
        }
    }

    /// The fault for an error at the end of the script that belongs to none of its statements.
    async fn refused(&self, client: &Client, failure: SendError) -> Fault {
        match failure.error.as_db_error() {
            Some(db_error) => self.at_the_end(db_error),
            None => unanswered(client, &self.step, &failure.error).await,
        }
    }

    fn at_the_end(&self, db_error: &DbError) -> Fault {
        Fault::new(self.step.clone(), String::new(), Left::Nothing)
            .with_server(db_error)
            .at(self.source.path.as_deref(), &self.source.sql, None)
    }

    async fn ran(
        &self,
        client: &Client,
        options: &Options,
        span: Span,
        measures: Measures,
    ) -> Result<TrialReport, Box<Fault>> {
        if let Some(fault) = self.source.unfit(&self.step) {
            return Err(Box::new(fault));
        }
        let started = Instant::now();
        let outcome = match self.source.mode {
            Mode::Transaction => {
                let held = self.in_transaction(client, options, span, measures);
                held.await.map(Some)
            }
            Mode::NoTransaction => self.by_statement(client, options).await.map(|()| None),
        };
        let took = started.elapsed();
        // Nobody reads the notices of a script here.
        drop(client.take_notices());
        let Some(held) = outcome.map_err(Box::new)? else {
            return Ok(TrialReport {
                took,
                locks: None,
                objects: None,
                before: None,
                writes: Vec::new(),
            });
        };
        Ok(report(took, held))
    }

    async fn in_transaction(
        &self,
        client: &Client,
        options: &Options,
        span: Span,
        measures: Measures,
    ) -> Result<Vec<Held>, Fault> {
        let timeouts = self.source.timeouts(client, options, options.lock_timeout);
        let sql = &self.source.sql;
        // In an open transaction, the previous script has already reset the session.
        let opening = Opening {
            after_step: (span != Span::Further).then(|| self.opening(measures).into()),
            ..Opening::default()
        };
        let held = measures.query(held::after);
        let record = match span {
            Span::First => format!("{held}{CHECK_DEFERRED}"),
            Span::Whole | Span::Further => held,
        };
        let record = record.into();
        let message = Message::in_span(sql, record, &opening, timeouts, Commit::Deferred, span);
        let sent = send_for_rows(client, &message.text, held::read);
        // Boxed: otherwise a comparison's future would contain this one several times.
        let failure = match Box::pin(self.stop.attend(client, sent)).await {
            Ok(Ok(held)) => return Ok(held),
            Ok(Err(failure)) => failure,
            Err(Silent) => return Err(Fault::silent(self.step.clone(), Left::Unknown)),
        };
        let Some(db_error) = failure.error.as_db_error() else {
            return Err(unanswered(client, &self.step, &failure.error).await);
        };
        let is_deferred =
            span == Span::First && message.failed_part(failure.completed) == Part::Record;
        let fault = match is_deferred {
            true => self.at_the_end(db_error),
            false => self
                .source
                .refused(&self.step, &message, &failure, db_error, &[]),
        };
        Err(self.rolled_back(client, fault, span).await)
    }

    /// The statements before the script, in a transaction of their own.
    fn opening(&self, measures: Measures) -> String {
        let held = measures.query(held::before);
        format!("{RESET}{}{held}", forget(&self.source.sql))
    }

    /// Rolls back the effects of a message, and returns its fault.
    async fn rolled_back(&self, client: &Client, fault: Fault, span: Span) -> Fault {
        let rollback = span.rollback(&self.source.sql);
        match client.roll_back(&rollback).await {
            Ok(()) => fault,
            Err(error) => unanswered(client, &self.step, &error).await,
        }
    }

    async fn by_statement(&self, client: &Client, options: &Options) -> Result<(), Fault> {
        let timeouts = self.source.timeouts(client, options, Duration::ZERO);
        let forget = forget(&self.source.sql);
        let set = format!("{RESET}{forget}{}", Message::timeouts(timeouts));
        if let Err(error) = client.postgres().batch_execute(&set).await {
            return Err(unanswered(client, &self.step, &error).await);
        }
        let statements = self.source.send_statements(client, &self.step, &self.stop);
        Box::pin(statements).await
    }
}

fn report(took: Duration, held: Vec<Held>) -> TrialReport {
    let (mut locks, mut objects) = (Vec::new(), Vec::new());
    let (mut next, mut earlier, mut writes) = (None, Vec::new(), Vec::new());
    for one in held {
        match one {
            Held::Table(lock) => locks.push(lock),
            Held::Object(lock) => objects.push(lock),
            Held::Next(transaction, is_counted) => next = is_counted.then_some(transaction),
            Held::Before(one) => earlier.push(one),
            Held::After(one) => writes.push(one),
        }
    }
    TrialReport {
        took,
        locks: Some(locks),
        objects: Some(objects),
        before: next.map(|next_transaction| StateBefore {
            next_transaction,
            writes: earlier,
        }),
        writes,
    }
}
