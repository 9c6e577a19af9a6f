//! Runs steps and keeps the truth about what was done.
//!
//! How messages are sent ahead is in [`pipeline`](crate::pipeline).

use std::mem;
use std::ops::Range;
use std::time::{Duration, Instant};

use migrator_model::diagnostic::Position;
use migrator_model::file_name::Direction;
use migrator_model::sql::statements;
use migrator_model::{Mode, Registry};
use migrator_plan::{DownScript, Step, Work};
use tokio_postgres::SimpleQueryRow;
use tokio_postgres::error::SqlState;

use crate::abreast::Shared;
use crate::blockers::{Waiting, WaitingFor, Watch};
use crate::client::Client;
use crate::fault::{Fault, Left, lost_lock, overtaken};
use crate::fence::{self, Fence, Mark};
use crate::history::schema::Tables;
use crate::history::write::{self, Gone, Kind, Subject, Took};
use crate::lock::Held;
use crate::message::{Commit, Message, Opening, forget, rollback};
use crate::options::Options;
use crate::pipeline::Pipeline;
use crate::progress::Progress;
use crate::recorded::Recorded;
use crate::report::Done;
use crate::schedule::Schedule;
use crate::session::{Answers, SendError, begin, send, send_for_rows};
use crate::source::{Source, describe, unanswered};
use crate::stop::{Silent, Stop};

/// What steps run with.
pub(crate) struct Executor<'a> {
    pub(crate) client: &'a Client,
    pub(crate) tables: &'a Tables,
    pub(crate) registry: &'a Registry,
    pub(crate) options: &'a Options,
    pub(crate) lock: &'a Held,
    pub(crate) progress: &'a Progress,
    pub(crate) schedule: &'a Schedule<'a>,
    /// The leg that what is told belongs to.
    pub(crate) leg: usize,
    pub(crate) stop: &'a Stop,
    /// How many steps are still to be sent: the last one's commit is durable.
    pub(crate) left: usize,
    /// The down scripts that were recorded, for the steps that need them.
    pub(crate) recorded: &'a Recorded,
    pub(crate) pipeline: Pipeline<'a>,
    /// What keeps the steps waiting.
    pub(crate) watch: Watch,
    /// Whether a COMMIT of the step at hand stands on this server alone.
    is_local: bool,
}

impl<'a> Executor<'a> {
    /// Runs steps over a connection, so many in all.
    pub(crate) fn new(shared: Shared<'a>, client: &'a Client, steps: usize) -> Executor<'a> {
        Executor {
            client,
            tables: shared.tables,
            registry: shared.registry,
            options: shared.options,
            lock: shared.lock,
            stop: shared.stop,
            progress: shared.progress,
            schedule: shared.schedule,
            leg: 0,
            left: steps,
            recorded: shared.recorded,
            pipeline: Pipeline::new(),
            watch: Watch::default(),
            is_local: false,
        }
    }

    /// What comes is a leg of its own, of so many steps.
    pub(crate) fn begin(&mut self, leg: usize, steps: usize) {
        self.leg = leg;
        self.left = steps;
    }

    /// Takes on a step; its entry and event are committed with it. It may be under
    /// way yet when this returns: [`Executor::finish`] waits for all. The fault is
    /// that of the first step that failed, of those taken on so far.
    ///
    /// Once a step has failed, over this connection or one beside it, none is begun.
    pub(crate) async fn run(&mut self, step: &'a Step<'static>) -> Result<(), Fault> {
        if self.schedule.has_failed() {
            return Ok(());
        }
        let source = match self.source(step) {
            Ok(source) if source.mode == Mode::Transaction && self.lock.is_held() => {
                return self.send_ahead(step, source).await;
            }
            source => source,
        };
        self.finish().await?;
        if self.schedule.has_failed() {
            return Ok(());
        }
        if self.stop.is_stopped() {
            return Err(self.not_started(step));
        }
        self.progress.started(self.leg, step);
        let started = Instant::now();
        self.left = self.left.saturating_sub(1);
        let outcome = match source {
            _ if !self.lock.is_held() => {
                let why = self.lock.why_lost();
                Err(lost_lock(step.to_string(), Left::Nothing, &why))
            }
            Ok(source) => {
                let outcome = self.by_statement(step, &source).await;
                let outcome = outcome.map_err(|fault| self.as_ended(fault));
                if outcome.is_err() {
                    self.tell_notices();
                    // It fails if the connection is gone, and with it what was left.
                    let rollback = rollback(&source.sql);
                    let rolled_back = self.client.roll_back(&rollback);
                    let _ = self.stop.attend(self.client, rolled_back).await;
                }
                outcome
            }
            Err(fault) => Err(*fault),
        };
        self.conclude(step, outcome, started.elapsed()).await?;
        self.unconfirmed(step, Commit::Durable).map_or(Ok(()), Err)
    }

    /// What ends the run behind a step that is done: a cancelled wait has left one of its
    /// commits without the confirmation of a standby. Only a durable one waits for that.
    pub(crate) fn unconfirmed(&mut self, step: &Step<'_>, commit: Commit) -> Option<Fault> {
        if commit != Commit::Durable || !mem::take(&mut self.is_local) {
            return None;
        }
        self.schedule.fail();
        Some(Fault::unconfirmed(step.to_string()))
    }

    /// Tells and records how a step ended.
    pub(crate) async fn conclude(
        &mut self,
        step: &Step<'_>,
        outcome: Result<(), Fault>,
        took: Duration,
    ) -> Result<(), Fault> {
        self.tell_notices();
        match outcome {
            Ok(()) => {
                self.progress.finished(self.leg, Done::new(step, took));
                Ok(())
            }
            Err(fault) => {
                self.schedule.fail();
                self.record_failure(step, &fault, took).await;
                Err(fault)
            }
        }
    }

    fn tell_notices(&mut self) {
        for notice in self.client.take_notices() {
            self.is_local |= notice.is_local_commit();
            self.progress.notice(self.leg, notice);
        }
    }

    /// A fault that is a request of ours to cancel is none of the script's.
    fn as_ended(&self, fault: Fault) -> Fault {
        match self.stop.is_stopped() && fault.is_cancelled() {
            true => fault.cut_short(),
            false => fault,
        }
    }

    /// No further step is begun.
    pub(crate) fn not_started(&self, step: &Step<'_>) -> Fault {
        self.schedule.fail();
        Fault::not_started(step.to_string())
    }

    /// The script, if there is one and it may be sent.
    fn source(&self, step: &Step<'_>) -> Result<Source, Box<Fault>> {
        let source = match &step.work {
            Work::Apply(migration) => Ok(Source::embedded(&migration.up)),
            Work::Revert(_, DownScript::Embedded(migration)) => {
                Ok(Source::embedded(&migration.down))
            }
            Work::Revert(_, DownScript::Stored) => match self.recorded.of(step) {
                Some(sql) => Source::recorded(sql.to_owned(), Direction::Down),
                None => Err("its down script is no longer recorded".to_owned()),
            },
        };
        let fault = |why| Box::new(Fault::new(step.to_string(), why, Left::Nothing));
        let source = source.map_err(fault)?;
        match source.unfit(&step.to_string()) {
            Some(fault) => Err(Box::new(fault)),
            None => Ok(source),
        }
    }

    /// How the next step commits.
    pub(crate) fn commit(&self) -> Commit {
        match self.left {
            0 | 1 => Commit::Durable,
            _ => Commit::Deferred,
        }
    }

    /// One message: the script, its entry, its event, if the step before was done.
    pub(crate) fn message(
        &self,
        step: &Step<'_>,
        source: &Source,
        before: Option<&Step<'_>>,
        commit: Commit,
    ) -> Message {
        let guard = before.map(|before| {
            let (service, version) = (before.service(), before.version());
            write::guard(self.tables, service, version, before.direction())
        });
        let opening = Opening {
            guard,
            claim: Some(write::claim(self.tables, step.service())),
        };
        let record = self.record(step) + &self.event(step, Took::Transaction, None);
        let timeouts = source.timeouts(self.client, self.options, self.options.lock_timeout);
        Message::transaction(&source.sql, &record, &opening, timeouts, commit)
    }

    /// Marks the entry dirty, sends one statement after the other, and then
    /// marks it clean.
    async fn by_statement(&mut self, step: &Step<'static>, source: &Source) -> Result<(), Fault> {
        let started = Instant::now();
        let timeouts = source.timeouts(self.client, self.options, Duration::ZERO);
        let forget = forget(&source.sql);
        // What is resumed is marked again, so that the run that left it can tell.
        let (record, left) = match step.is_resumed() {
            false => (self.dirty_record(step), Left::Nothing),
            true => (self.dirty_again(step), source.left()),
        };
        let (service, version) = (step.service(), step.version());
        // Behind the claim, no other run obtains the lock before the message has ended.
        let claim = write::claim(self.tables, service);
        let begin = format!(
            "{claim}{}{record}{}",
            write::check(self.lock.nonce),
            write::mark(self.tables, service, version)
        );
        let limit = self.options.lock_timeout;
        // What the script does is behind the mark in the server's log, and reaches no
        // standby without it.
        let begin = Message::bookkeeping(&begin, limit, Commit::Local);
        let begin = begin + forget + &Message::timeouts(timeouts);
        let marked = self.bookkeep(step, &begin, limit, left).await;
        let Some(mark) =
            marked.map_err(|fault| source.at_character(fault, step.recorded_with()))?
        else {
            return Err(lost_lock(step.to_string(), left, &self.lock.why_lost()));
        };
        if !step.is_resumed() && self.stop.is_stopped() {
            return Err(self.unmark(step, source, &mark).await);
        }
        let fence = Fence::new(self.tables, step, &source.sql, self.lock.nonce, &mark);
        let found = match step.is_resumed() {
            false => {
                self.send_all(step, source, fence).await?;
                String::new()
            }
            true => self.resume(step, source, fence).await?,
        };
        let took = Took::Milliseconds(started.elapsed().as_secs_f64() * 1000.0);
        let end = format!(
            "{claim}{}{found}{}{}",
            fence::check(self.tables, step, self.lock.nonce, &mark),
            self.clean_record(step),
            self.event(step, took, None)
        );
        // What was done waits for as long as it takes to be recorded.
        let end = Message::bookkeeping(&end, Duration::ZERO, Commit::Durable) + forget;
        self.tell_notices();
        let ended = self.bookkeep(step, &end, Duration::ZERO, source.left());
        match ended.await {
            // The server ended the session, but not before it had said so.
            Err(_) if self.client.has_local_commit() => Ok(()),
            Err(fault) => Err(fault.in_last_record(step.direction())),
            Ok(_) => Ok(()),
        }
    }

    /// Takes the mark back of a script of which nothing was sent, as the run was stopped.
    async fn unmark(&mut self, step: &Step<'_>, source: &Source, mark: &Mark) -> Fault {
        let record = match &step.work {
            Work::Apply(migration) => {
                write::delete(self.tables, &migration.service, migration.version)
            }
            Work::Revert(entry, _) => {
                write::set_dirty(self.tables, &entry.id.service, entry.id.version, None)
            }
        };
        let claim = write::claim(self.tables, step.service());
        let check = fence::check(self.tables, step, self.lock.nonce, mark);
        let record = claim + &check + &record;
        let message = Message::bookkeeping(&record, self.options.lock_timeout, Commit::Local);
        let sent = send(self.client.postgres(), &message);
        match self.stop.attend(self.client, sent).await {
            Ok(Ok(())) => self.not_started(step),
            Ok(Err(_)) | Err(Silent) => Fault::between(step.to_string(), source.left()),
        }
    }

    /// One statement after the other, as long as nobody else can be at it.
    async fn send_all(
        &mut self,
        step: &Step<'_>,
        source: &Source,
        mut fence: Fence,
    ) -> Result<(), Fault> {
        let name = step.to_string();
        for (index, range) in statements(&source.sql).into_iter().enumerate() {
            if !self.lock.is_held() {
                return Err(lost_lock(name, source.left(), &self.lock.why_lost()));
            }
            if index > 0 && self.stop.is_stopped() {
                return Err(Fault::between(name, source.left()));
            }
            self.send_fenced(step, source, range, &mut fence).await?;
        }
        Ok(())
    }

    /// Sends one statement outside a transaction, right behind its check.
    pub(crate) async fn send_fenced(
        &mut self,
        step: &Step<'_>,
        source: &Source,
        range: Range<usize>,
        fence: &mut Fence,
    ) -> Result<(), Fault> {
        let name = &step.to_string();
        let at = Position::at(&source.sql, range.start);
        let statement = &source.sql[range.clone()];
        let checked = match fence.before(statement) {
            Some(check) => begin(self.client.postgres(), check).await,
            None => Answers::default(),
        };
        let timeouts = source.timeouts(self.client, self.options, Duration::ZERO);
        let sent = source.send_statement(self.client, name, range, self.stop);
        let sent = self.watched(name, statement, timeouts.lock, sent);
        let (checked, sent) = checked.wait_with(sent).await;
        match checked {
            Err(SendError { error, .. }) if error.as_db_error().is_some() => {
                let fault = self.refused(name, &error, source.left());
                Err(fault.at(source.path.as_deref(), &source.sql, Some(at)))
            }
            // That the connection was lost is said of the statement.
            Ok(()) | Err(_) => sent,
        }
    }

    /// Waits for the answers to a message, and tells what they wait for.
    async fn watched<T>(
        &mut self,
        name: &str,
        message: &str,
        limit: Duration,
        answers: impl Future<Output = T>,
    ) -> T {
        let (progress, leg) = (self.progress, self.leg);
        let tell = |what: &WaitingFor| progress.held(leg, name, what);
        let waiting = Waiting {
            client: self.client,
            application: &self.options.application,
            message,
            limit,
        };
        self.watch.during(waiting, tell, answers).await
    }

    /// The server refused a message of ours.
    pub(crate) fn refused(&self, name: &str, error: &tokio_postgres::Error, left: Left) -> Fault {
        let name = name.to_owned();
        let Some(said) = error.as_db_error() else {
            return Fault::new(name, describe(error), left);
        };
        match write::gone(said) {
            Some(Gone::Lock) => lost_lock(name, left, &self.lock.why_lost()),
            Some(Gone::Mark) => overtaken(name, left),
            None => Fault::new(name, String::new(), left).with_server(said),
        }
    }

    /// Sends what records, and gives the transaction of the mark if it is asked for. It
    /// waits so long for others' locks on the history.
    async fn bookkeep(
        &mut self,
        step: &Step<'_>,
        message: &str,
        limit: Duration,
        left: Left,
    ) -> Result<Option<Mark>, Fault> {
        let mark = |row: &SimpleQueryRow| match (row.len(), row.get(0)) {
            (2, Some(write::MARK)) => row.get(1).map(|by| Mark(by.to_owned())),
            _ => None,
        };
        let (name, client) = (step.to_string(), self.client);
        let sent = send_for_rows(client.postgres(), message, mark);
        let sent = self.stop.attend(client, sent);
        let failure = match self.watched(&name, message, limit, sent).await {
            Ok(Ok(marks)) => return Ok(marks.into_iter().next_back()),
            Ok(Err(failure)) => failure,
            Err(Silent) => return Err(Fault::silent(name, Left::Unknown)),
        };
        let Some(said) = failure.error.as_db_error() else {
            return Err(unanswered(client, &name, &failure.error).await);
        };
        // Whoever has the step done ends the transaction.
        let mut fault = self.refused(&name, &failure.error, left);
        if *said.code() == SqlState::LOCK_NOT_AVAILABLE {
            fault.blockers = self.watch.blockers(limit);
        }
        Err(fault.in_record())
    }

    /// What records a transactional step.
    fn record(&self, step: &Step<'_>) -> String {
        match &step.work {
            Work::Apply(migration) => {
                write::insert(self.tables, migration, &self.depends_on(step), None)
            }
            Work::Revert(entry, _) => {
                write::delete(self.tables, &entry.id.service, entry.id.version)
            }
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
                write::set_dirty(self.tables, &entry.id.service, entry.id.version, dirty)
            }
        }
    }

    /// Marks an entry that is dirty already.
    fn dirty_again(&self, step: &Step<'_>) -> String {
        let (service, version) = (step.service(), step.version());
        write::set_dirty(self.tables, service, version, Some(step.direction()))
    }

    fn clean_record(&self, step: &Step<'_>) -> String {
        match &step.work {
            Work::Apply(migration) => {
                write::set_dirty(self.tables, &migration.service, migration.version, None)
            }
            Work::Revert(entry, _) => {
                write::delete(self.tables, &entry.id.service, entry.id.version)
            }
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
        self.event_of(kind, step, took, failure)
    }

    pub(crate) fn event_of(
        &self,
        kind: Kind,
        step: &Step<'_>,
        took: Took,
        message: Option<&str>,
    ) -> String {
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
            lock: match took {
                Took::Transaction => Some(self.lock.nonce),
                Took::Milliseconds(_) | Took::Unknown => None,
            },
        };
        write::event(self.tables, kind, subject, took, message)
    }

    /// Best effort: the failure itself is what is reported.
    async fn record_failure(&mut self, step: &Step<'_>, fault: &Fault, took: Duration) {
        if matches!(fault.left, Left::Unknown | Left::Done) {
            return;
        }
        let took = Took::Milliseconds(took.as_secs_f64() * 1000.0);
        let event = self.event(step, took, Some(&fault.message));
        let message = Message::bookkeeping(&event, self.options.lock_timeout, Commit::Local);
        self.try_to_record(&message).await;
    }

    /// Records what a failure is not to be hidden by.
    pub(crate) async fn try_to_record(&self, message: &str) {
        // The first may meet a transaction that the script has left open.
        for _ in 0..2 {
            let sent = send(self.client.postgres(), message);
            match self.stop.attend(self.client, sent).await {
                Ok(Ok(())) | Err(Silent) => return,
                Ok(Err(_)) => {}
            }
            let rolled_back = self.client.roll_back("ROLLBACK");
            let _ = self.stop.attend(self.client, rolled_back).await;
        }
    }
}
