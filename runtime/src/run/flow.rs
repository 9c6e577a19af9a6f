//! The sequence of a run: read, plan, lock, read and plan again, act.

use std::collections::BTreeSet;
use std::mem;
use std::time::Instant;

use migrator_model::Code;
use migrator_plan::legs::legs;
use migrator_plan::{Conflict, Plan};

use crate::context::Context;
use crate::error::Error;
use crate::error::kind::ErrorKind;
use crate::error::stopped::Stopped;
use crate::event::Event;
use crate::event::operation::Operation;
use crate::event::report::Report;
use crate::history::bootstrap;
use crate::history::digest::digests;
use crate::history::failure::read_failed;
use crate::history::guard::Purpose;
use crate::history::{History, read};
use crate::lock::acquire::Acquired;
use crate::lock::held::Held;
use crate::lock::in_flight::InFlight;
use crate::lock::keys::{EarlyRead, Locks};
use crate::lock::opening::Opening;
use crate::options::Connections;
use crate::run::begin::{Begun, PendingWork};
use crate::run::change::Change;
use crate::run::parallel;
use crate::session::client::Client;
use crate::step::progress::Progress;
use crate::step::schedule::Schedule;
use crate::step::shared::Shared;
use crate::step::stored::StoredScripts;

/// The change that a caller requests, and the caller's connection.
#[derive(Clone, Copy)]
pub(crate) struct Request<'a> {
    pub(crate) client: &'a Client,
    pub(crate) change: Change<'a>,
}

/// The result of a run.
pub(crate) struct CarriedOut {
    pub(crate) plan: Plan<'static>,
    pub(crate) report: Report,
}

/// The state of a run under its locks.
struct UnderLock<'a> {
    locks: &'a Locks,
    held: &'a Held,
    prepared: Prepared<'a>,
}

/// The tables that were created before the run had its locks.
#[derive(Clone, Copy)]
struct Prepared<'a> {
    /// The services that have a table now.
    services: &'a BTreeSet<String>,
    /// The format of the tables, if any table was missing.
    format: Option<i32>,
}

/// How a run under locks ends.
enum LockedOutcome {
    /// The steps of this plan are done.
    Done(Plan<'static>),
    /// These locks are needed: the history has changed since the first read.
    Further(Locks),
}

impl Context {
    /// Carries out any change of the history.
    pub(crate) async fn run(&self, request: Request<'_>) -> Result<CarriedOut, Error> {
        let run = self.carry_out(request);
        #[cfg(feature = "tracing")]
        let run = self.traced(request, Box::pin(run));
        run.await
    }

    async fn carry_out(&self, request: Request<'_>) -> Result<CarriedOut, Error> {
        let started = Instant::now();
        let mut report = Report::default();
        // Boxed: it is some 25 kB, which every caller's future would hold.
        let outcome = Box::pin(self.plan_and_lock(request, &mut report)).await;
        let outcome = self.stop.conclude(request.client, outcome).await;
        report.elapsed = started.elapsed();
        match outcome {
            Ok(plan) => Ok(CarriedOut { plan, report }),
            Err(kind) => Err(Error {
                kind: Box::new(kind),
                report,
            }),
        }
    }

    async fn plan_and_lock(
        &self,
        request: Request<'_>,
        report: &mut Report,
    ) -> Result<Plan<'static>, ErrorKind> {
        let stop = self.stop.clone();
        if stop.is_stopped() {
            return Err(ErrorKind::Stopped(Stopped::default()));
        }
        // A run that is certain to act opens the connection of its locks while it reads.
        let opening =
            request.change.is_certain_to_act() && self.options.connections == Connections::Several;
        let opening = opening.then(|| Opening::start(request.client, &self.options));
        let pending = stop
            .attend(request.client, self.read_and_plan(request))
            .await?;
        let Some(mut pending) = pending? else {
            return Ok(Plan::default());
        };
        let Begun {
            mut acquired,
            format,
        } = self.begin(request.client, opening, &pending).await?;
        let history = mem::take(&mut pending.history);
        let request = Request {
            change: request.change.of(&history),
            ..request
        };
        loop {
            let Acquired { held, seen, .. } = acquired;
            let under = UnderLock {
                locks: &pending.locks,
                held: &held,
                prepared: Prepared {
                    services: &pending.services,
                    format,
                },
            };
            // If the future is dropped, the session that has the locks ends.
            let under_way = InFlight::of_locks(request.client, &held);
            let outcome = self.plan_again(request, under, seen, report).await;
            under_way.done();
            match outcome {
                Ok(LockedOutcome::Done(plan)) if !stop.is_stopped() => {
                    self.release_behind(request.client, held).await;
                    return Ok(plan);
                }
                outcome => {
                    self.release(request.client, held).await;
                    match outcome? {
                        LockedOutcome::Done(plan) => return Ok(plan),
                        LockedOutcome::Further(needed) => pending.locks = needed,
                    }
                }
            }
            acquired = self.lock(request.client, None, &pending.locks).await?;
        }
    }

    /// Reads the history and plans. Returns `None` if there is nothing to do.
    ///
    /// A dirty migration may be in progress in another run. That run holds the lock, so this run
    /// locks the service before it refuses.
    async fn read_and_plan(&self, request: Request<'_>) -> Result<Option<PendingWork>, ErrorKind> {
        let Some(history) = self.history_unless_done(request).await? else {
            self.tell(&Event::Planned(&Plan::default()));
            return Ok(None);
        };
        let (services, locks) = match self.make_plan(request.change, &history) {
            Ok(plan) if plan.steps.is_empty() => {
                self.tell(&Event::Planned(&plan));
                return Ok(None);
            }
            Ok(plan) => (bootstrap::services(&plan), self.needed_locks(&plan)),
            Err(conflicts) => match dirty_among(&conflicts) {
                services if services.is_empty() => return Err(ErrorKind::Refused(conflicts)),
                exclusive => {
                    let locks = Locks {
                        exclusive,
                        ..Locks::default()
                    };
                    (BTreeSet::new(), locks)
                }
            },
        };
        Ok(Some(PendingWork {
            history,
            services,
            locks,
        }))
    }

    /// Reads and plans again, now that no other run changes the history, and runs the steps.
    async fn plan_again(
        &self,
        request: Request<'_>,
        under: UnderLock<'_>,
        seen: EarlyRead,
        report: &mut Report,
    ) -> Result<LockedOutcome, ErrorKind> {
        let UnderLock {
            locks,
            held,
            prepared,
        } = under;
        let history = match seen {
            Some(seen) => {
                seen.map_err(|error| read_failed(request.client, Operation::ReadHistory, error))?
            }
            None => {
                let read = self.stop.attend(request.client, self.history_for(request));
                read.await??
            }
        };
        let plan = self.make_plan(request.change, &history);
        let plan = plan.map_err(ErrorKind::Refused)?;
        let needed = self.needed_locks(&plan);
        if !locks.cover(&needed) {
            return Ok(LockedOutcome::Further(needed));
        }
        self.tell(&Event::Planned(&plan));
        if !plan.steps.is_empty() {
            let mut services = bootstrap::services(&plan);
            services.retain(|service| !prepared.services.contains(service));
            let under_way = InFlight::over(request.client, held);
            // Boxed: it is rare, and every future that runs would contain it.
            let upgraded = Box::pin(async {
                let bootstrap = self.bootstrap(request.client);
                let created = bootstrap.create(&history, &services).await?;
                let found = [history.format(), prepared.format, created];
                bootstrap.upgrade(held, &found).await
            });
            let upgraded = self.stop.attend(request.client, upgraded).await;
            under_way.done();
            upgraded??;
            let outcome = self.run_steps(request, &plan, held, report).await;
            if let Err(why) = &outcome {
                let remaining = request.change.remaining(&plan, &report.done, why);
                report.remaining = remaining.map(Box::new);
            }
            outcome?;
        }
        Ok(LockedOutcome::Done(plan))
    }

    async fn run_steps(
        &self,
        request: Request<'_>,
        plan: &Plan<'static>,
        held: &Held,
        report: &mut Report,
    ) -> Result<(), ErrorKind> {
        let client = request.client;
        let reader = self.reader(client, Purpose::Act);
        let read = StoredScripts::read(client, &reader, plan);
        let stored = self.stop.attend(client, read).await??;
        let schedule = Schedule::new(legs(self.registry, &plan.steps));
        let progress = Progress::new(self.listener.clone());
        let shared = Shared {
            caller: client,
            tables: &self.tables,
            registry: self.registry,
            options: &self.options,
            lock: held,
            stop: &self.stop,
            stored: &stored,
            progress: &progress,
            schedule: &schedule,
        };
        let outcome = match request.change.alongside() {
            Some(alongside) => parallel::record_together(shared, &plan.steps, alongside).await,
            None => parallel::carry_out(shared).await,
        };
        progress.end(report);
        outcome
    }

    /// As [`Context::history_for`]; `None` if the digests of the entries show that there is
    /// nothing to do. Then the server sends no entries.
    async fn history_unless_done(
        &self,
        request: Request<'_>,
    ) -> Result<Option<History>, ErrorKind> {
        let Some(services) = request.change.deciding_services(self.registry) else {
            return self.history_for(request).await.map(Some);
        };
        let digests = digests(self.registry, &services);
        let reader = self.reader(request.client, Purpose::Act);
        let read = read::history_unless_same(&reader, "", &digests).await;
        let (history, _) =
            read.map_err(|error| read_failed(request.client, Operation::ReadHistory, error))?;
        Ok(history)
    }

    /// Reads the history, and checks the services that are named.
    async fn history_for(&self, request: Request<'_>) -> Result<History, ErrorKind> {
        let read = read::history(&self.reader(request.client, Purpose::Act)).await;
        let history =
            read.map_err(|error| read_failed(request.client, Operation::ReadHistory, error))?;
        let checked = self.check_services(request.change, &history);
        checked.map_err(|error| *error.kind)?;
        Ok(history)
    }
}

/// The services of the dirty migrations among the conflicts.
fn dirty_among(conflicts: &[Conflict]) -> BTreeSet<String> {
    let dirty = conflicts.iter().filter(|c| c.code == Code::M0404);
    let migrations = dirty.filter_map(|conflict| conflict.subject.migration());
    migrations.map(|id| id.service.to_string()).collect()
}
