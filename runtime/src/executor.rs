//! Runs single steps and keeps the truth about what was done.

use std::time::{Duration, Instant};

use migrator_model::file_name::Direction;
use migrator_model::{Mode, Registry};

use crate::client::Client;
use crate::event::{Event, Listener};
use crate::fault::{Fault, Left, is_worth_a_retry};
use crate::history::read;
use crate::history::schema::Tables;
use crate::history::write::{self, Kind, Subject, Took};
use crate::lock::{Held, jitter};
use crate::message::{Commit, Message};
use crate::options::Options;
use crate::plan::{DownScript, Step, Work};
use crate::report::{Done, Report};
use crate::session::send;
use crate::source::{Source, describe, unanswered};

/// What steps run with.
pub(crate) struct Executor<'a> {
    pub(crate) client: &'a Client,
    pub(crate) tables: &'a Tables,
    pub(crate) registry: &'a Registry,
    pub(crate) options: &'a Options,
    pub(crate) lock: &'a Held,
    pub(crate) listener: &'a mut Option<Listener>,
    pub(crate) report: &'a mut Report,
    /// How many steps are still to come: the last one's commit is durable.
    pub(crate) left: usize,
}

/// Pauses between the tries of a step.
const PAUSE: Duration = Duration::from_millis(200);
const LONGEST_PAUSE: Duration = Duration::from_secs(10);

impl Executor<'_> {
    /// Runs a step to its end; its entry and event are committed with it.
    pub(crate) async fn run(&mut self, step: &Step<'_>) -> Result<(), Fault> {
        self.tell(&Event::Started(step));
        let started = Instant::now();
        let outcome = self.attempt(step).await;
        for notice in self.client.take_notices() {
            self.tell(&Event::Notice(&notice));
        }
        match outcome {
            Ok(()) => {
                self.left = self.left.saturating_sub(1);
                let done = Done::new(step, started.elapsed());
                self.tell(&Event::Finished(&done));
                self.report.done.push(done);
                Ok(())
            }
            Err(fault) => {
                self.record_failure(step, &fault, started.elapsed()).await;
                Err(fault)
            }
        }
    }

    async fn attempt(&mut self, step: &Step<'_>) -> Result<(), Fault> {
        let source = self.source(step).await?;
        if let Some(fault) = source.unfit(&step.to_string()) {
            return Err(fault);
        }
        if !self.lock.is_held() {
            let message = "the connection that holds the lock was lost".to_owned();
            return Err(Fault::new(step.to_string(), message, Left::Nothing));
        }
        match source.mode {
            Mode::Transaction => self.in_transaction(step, &source).await,
            Mode::NoTransaction => self.by_statement(step, &source).await,
        }
    }

    fn tell(&mut self, event: &Event<'_>) {
        if let Some(listener) = self.listener {
            listener.tell(event);
        }
    }

    async fn source(&mut self, step: &Step<'_>) -> Result<Source, Fault> {
        match &step.work {
            Work::Apply(migration) => Ok(Source::embedded(&migration.up)),
            Work::Revert(_, DownScript::Embedded(migration)) => {
                Ok(Source::embedded(&migration.down))
            }
            Work::Revert(..) => {
                let client = self.client.postgres();
                let script =
                    read::down_script(client, self.tables, step.service(), step.version()).await;
                let fault = |message| Fault::new(step.to_string(), message, Left::Nothing);
                match script {
                    Ok(Some(sql)) => Source::recorded(sql, Direction::Down).map_err(fault),
                    Ok(None) => Err(fault("its down script is no longer recorded".to_owned())),
                    Err(error) => Err(fault(describe(&error))),
                }
            }
        }
    }

    /// One message: the script, its entry, its event; tried again if it met a lock.
    async fn in_transaction(&mut self, step: &Step<'_>, source: &Source) -> Result<(), Fault> {
        let commit = match self.left {
            0 | 1 => Commit::Durable,
            _ => Commit::Deferred,
        };
        let record = self.record(step) + &self.event(step, Took::Transaction, None);
        let timeouts = source.timeouts(self.options, self.options.lock_timeout);
        let message = Message::transaction(&source.sql, &record, timeouts, commit);
        let mut pause = PAUSE;
        for attempt in 1.. {
            let Err(failure) = send(self.client.postgres(), &message.text).await else {
                return Ok(());
            };
            let Some(said) = failure.error.as_db_error() else {
                return Err(unanswered(self.client, &step.to_string(), &failure.error).await);
            };
            let mut fault = source.refused(&step.to_string(), &message, &failure, said);
            if self
                .client
                .postgres()
                .batch_execute("ROLLBACK")
                .await
                .is_err()
            {
                fault.message = format!("the connection was lost: {}", fault.message);
                fault.left = Left::Unknown;
                return Err(fault);
            }
            if attempt >= self.options.tries || !is_worth_a_retry(said) {
                return Err(fault);
            }
            let delay = jitter(pause);
            let why = said.message();
            self.tell(&Event::Retrying { step, why, delay });
            tokio::time::sleep(delay).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
        Ok(())
    }

    /// Marks the entry dirty, sends one statement after the other, and then
    /// marks it clean.
    async fn by_statement(&mut self, step: &Step<'_>, source: &Source) -> Result<(), Fault> {
        let started = Instant::now();
        let timeouts = source.timeouts(self.options, Duration::ZERO);
        let begin = Message::bookkeeping(&self.dirty_record(step)) + &Message::timeouts(timeouts);
        self.bookkeep(step, &begin, Left::Nothing).await?;
        source
            .send_statements(self.client, &step.to_string())
            .await?;
        let took = Took::Milliseconds(started.elapsed().as_secs_f64() * 1000.0);
        let end = self.clean_record(step) + &self.event(step, took, None);
        self.bookkeep(step, &Message::bookkeeping(&end), Left::Dirty)
            .await
    }

    async fn bookkeep(&mut self, step: &Step<'_>, message: &str, left: Left) -> Result<(), Fault> {
        let Err(failure) = send(self.client.postgres(), message).await else {
            return Ok(());
        };
        let Some(said) = failure.error.as_db_error() else {
            return Err(unanswered(self.client, &step.to_string(), &failure.error).await);
        };
        // It may fail as well, and then there is nothing more to say.
        let _ = self.client.postgres().batch_execute("ROLLBACK").await;
        Err(Fault::new(step.to_string(), String::new(), left).with_server(said))
    }

    /// What records a transactional step.
    fn record(&self, step: &Step<'_>) -> String {
        match &step.work {
            Work::Apply(migration) => {
                write::insert(self.tables, migration, &self.depends_on(step), None)
            }
            Work::Revert(entry, _) => write::delete(self.tables, &entry.service, entry.version),
        }
    }

    fn dirty_record(&self, step: &Step<'_>) -> String {
        match &step.work {
            Work::Apply(migration) => {
                let depends_on = self.depends_on(step);
                write::insert(self.tables, migration, &depends_on, Some(Direction::Up))
            }
            Work::Revert(entry, _) => {
                let dirty = Some(Direction::Down);
                write::set_dirty(self.tables, &entry.service, entry.version, dirty)
            }
        }
    }

    fn clean_record(&self, step: &Step<'_>) -> String {
        match &step.work {
            Work::Apply(migration) => {
                write::set_dirty(self.tables, &migration.service, migration.version, None)
            }
            Work::Revert(entry, _) => write::delete(self.tables, &entry.service, entry.version),
        }
    }

    fn depends_on(&self, step: &Step<'_>) -> Vec<&str> {
        let names = self.registry.dependencies_of(step.service());
        names.into_iter().collect()
    }

    fn event(&self, step: &Step<'_>, took: Took, failure: Option<&str>) -> String {
        let kind = match (failure, step.direction()) {
            (Some(_), _) => Kind::Failure,
            (None, Direction::Up) => Kind::Apply,
            (None, Direction::Down) => Kind::Revert,
        };
        let name = step.name();
        let checksum = match &step.work {
            Work::Apply(migration) => migration.checksum.to_string(),
            Work::Revert(entry, _) => entry.checksum.clone(),
        };
        let subject = Subject {
            service: step.service(),
            version: step.version(),
            name: &name,
            checksum: &checksum,
            application: &self.options.application,
        };
        write::event(self.tables, kind, subject, took, failure)
    }

    /// Best effort: the failure itself is what is reported.
    async fn record_failure(&mut self, step: &Step<'_>, fault: &Fault, took: Duration) {
        if fault.left == Left::Unknown {
            return;
        }
        let took = Took::Milliseconds(took.as_secs_f64() * 1000.0);
        let event = self.event(step, took, Some(&fault.message));
        let message = Message::bookkeeping(&event);
        // The first may meet a transaction that the script has left open.
        for _ in 0..2 {
            if send(self.client.postgres(), &message).await.is_ok() {
                return;
            }
            let _ = self.client.postgres().batch_execute("ROLLBACK").await;
        }
    }
}
