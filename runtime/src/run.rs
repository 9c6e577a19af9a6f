//! The way of a run: read, plan, lock, read and plan again, act.

use std::collections::BTreeSet;
use std::time::Instant;

use futures_util::future::try_join;
use migrator_model::Code;
use migrator_model::file_name::Direction;
use migrator_plan::Target;
use migrator_plan::legs::legs;
use migrator_plan::{Conflict, Plan, Work};

use crate::abreast::{self, Shared};
use crate::bootstrap;
use crate::client::Client;
use crate::dropped::UnderWay;
use crate::error::{Error, ErrorKind};
use crate::event::Event;
use crate::history::guard::Purpose;
use crate::history::{History, read};
use crate::lock::{Held, Locks, Release, Seen};
use crate::migrator::{Migrator, READING, read_failed};
use crate::progress::Progress;
use crate::ready;
use crate::recorded::Recorded;
use crate::report::Report;
use crate::schedule::Schedule;
use crate::stop::Stopped;

/// What is asked of a run, and over which connection.
#[derive(Clone, Copy)]
pub(crate) struct Order<'a> {
    pub(crate) client: &'a Client,
    pub(crate) direction: Direction,
    pub(crate) target: &'a Target,
}

/// What a first look at the history found work for.
struct Look {
    history: History,
    /// The services of the plan, if there can be one.
    services: BTreeSet<String>,
    locks: Locks,
}

/// What a run has when it acts.
struct Under<'a> {
    locks: &'a Locks,
    held: &'a Held,
    /// The services whose tables were made before.
    prepared: &'a BTreeSet<String>,
}

/// How a run under locks ends.
enum Locked {
    /// All was done.
    Done,
    /// These locks are needed: the history has changed since the first look.
    Further(Locks),
}

impl Migrator {
    pub(crate) async fn run(&mut self, order: Order<'_>) -> Result<Report, Error> {
        let started = Instant::now();
        let mut report = Report::default();
        // Boxed: it is some 25 kB, which every caller's future would hold.
        let outcome = Box::pin(self.steps(order, &mut report)).await;
        let outcome = self.stop.conclude(order.client, outcome).await;
        report.elapsed = started.elapsed();
        match outcome {
            Ok(()) => Ok(report),
            Err(kind) => Err(Error {
                kind: Box::new(kind),
                report,
            }),
        }
    }

    async fn steps(&mut self, order: Order<'_>, report: &mut Report) -> Result<(), ErrorKind> {
        let stop = self.stop.clone();
        if stop.is_stopped() {
            return Err(ErrorKind::Stopped(Stopped::default()));
        }
        let looked = stop.attend(order.client, self.first_look(order)).await?;
        let Some(Look {
            history,
            services,
            mut locks,
        }) = looked?
        else {
            return Ok(());
        };
        // The tables do not need the lock, so that neither waits for the other.
        let prepare = self.prepare(order.client, &history, &services);
        let both = try_join(self.lock(order.client, &locks), Box::pin(prepare));
        let under_way = UnderWay::before(order.client);
        let both = stop.attend(order.client, both).await;
        under_way.done();
        let both = both?;
        if both.is_err() {
            // What was given up may have left its transaction open.
            stop.quiet(order.client).await;
        }
        let ((mut held, mut seen), ()) = both?;
        loop {
            let under = Under {
                locks: &locks,
                held: &held,
                prepared: &services,
            };
            let outcome = self.locked(order, under, seen, report).await;
            self.release(order.client, held).await;
            match outcome? {
                Locked::Done => return Ok(()),
                Locked::Further(needed) => locks = needed,
            }
            (held, seen) = self.lock(order.client, &locks).await?;
        }
    }

    /// Lets go of the locks, and tells if the server may hold them yet.
    pub(crate) async fn release(&self, client: &Client, held: Held) {
        let released = self.stop.last(Box::pin(held.release(client))).await;
        let released = released.unwrap_or_else(|| {
            Release::Unknown("the run was stopped, and the server does not answer".to_owned())
        });
        if let Release::Unknown(why) = released
            && let Some(listener) = &self.listener
        {
            listener.tell(&Event::LockUnreleased { why: &why });
        }
    }

    /// What there is work for; nothing if there is none.
    ///
    /// What looks dirty may just be at work: whoever is at it holds the lock.
    async fn first_look(&mut self, order: Order<'_>) -> Result<Option<Look>, ErrorKind> {
        let history = self.history_for(order).await?;
        let (services, locks) = match self.make_plan(&history, order) {
            Ok(plan) if plan.steps.is_empty() => {
                self.tell_plan(&plan);
                return Ok(None);
            }
            Ok(plan) => (bootstrap::services(&plan), self.locks(&plan)),
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
        Ok(Some(Look {
            history,
            services,
            locks,
        }))
    }

    /// Makes the session and the tables fit for these services.
    async fn prepare(
        &self,
        client: &Client,
        history: &History,
        services: &BTreeSet<String>,
    ) -> Result<(), ErrorKind> {
        ready::session(client).await?;
        bootstrap::tables(client, &self.tables, &self.options, history, services).await
    }

    /// Looks again, now that nobody else changes it, and acts.
    async fn locked(
        &mut self,
        order: Order<'_>,
        under: Under<'_>,
        seen: Seen,
        report: &mut Report,
    ) -> Result<Locked, ErrorKind> {
        let Under {
            locks,
            held,
            prepared,
        } = under;
        let history = match seen {
            Some(seen) => seen.map_err(|error| read_failed(order.client, READING, error))?,
            None => {
                let read = self.stop.attend(order.client, self.history_for(order));
                read.await??
            }
        };
        let plan = self.make_plan(&history, order);
        let plan = plan.map_err(ErrorKind::Refused)?;
        let needed = self.locks(&plan);
        if !locks.cover(&needed) {
            return Ok(Locked::Further(needed));
        }
        self.tell_plan(&plan);
        if !plan.steps.is_empty() {
            let mut services = bootstrap::services(&plan);
            services.retain(|service| !prepared.contains(service));
            let under_way = UnderWay::over(order.client, held);
            let made = bootstrap::tables(
                order.client,
                &self.tables,
                &self.options,
                &history,
                &services,
            );
            let made = self.stop.attend(order.client, made).await;
            under_way.done();
            made??;
            self.act(order.client, &plan, held, report).await?;
        }
        Ok(Locked::Done)
    }

    async fn act(
        &mut self,
        client: &Client,
        plan: &Plan<'static>,
        held: &Held,
        report: &mut Report,
    ) -> Result<(), ErrorKind> {
        let reader = self.reader(client, Purpose::Act);
        let read = Recorded::read(client, &reader, plan);
        let recorded = self.stop.attend(client, read).await??;
        let schedule = Schedule::new(legs(self.registry, &plan.steps));
        let progress = Progress::new(self.listener.clone());
        let shared = Shared {
            client,
            tables: &self.tables,
            registry: self.registry,
            options: &self.options,
            lock: held,
            stop: &self.stop,
            recorded: &recorded,
            progress: &progress,
            schedule: &schedule,
        };
        let outcome = abreast::carry_out(shared).await;
        report.done.extend(progress.end());
        outcome
    }

    pub(crate) fn make_plan(
        &self,
        history: &History,
        order: Order<'_>,
    ) -> Result<Plan<'static>, Vec<Conflict>> {
        migrator_plan::plan(
            self.registry,
            history,
            order.direction,
            order.target,
            self.options.policy,
        )
    }

    fn tell_plan(&mut self, plan: &Plan<'_>) {
        if let Some(listener) = &mut self.listener {
            listener.tell(&Event::Planned(plan));
        }
    }

    /// Exclusive on the services that a plan changes, shared on what they depend
    /// on and on what its migrations require.
    fn locks(&self, plan: &Plan<'_>) -> Locks {
        let mut locks = Locks::default();
        for step in &plan.steps {
            if let Work::Apply(migration) = &step.work {
                let required = migration.requires.iter();
                locks.shared.extend(required.map(|r| r.service.to_string()));
            }
            if locks.exclusive.insert(step.service().to_owned()) {
                let others = self.registry.dependencies_of(step.service());
                locks.shared.extend(others.into_iter().map(str::to_owned));
            }
        }
        locks
    }

    /// The history, in which a run downward may name services that the registry
    /// does not have.
    pub(crate) async fn history_for(&self, order: Order<'_>) -> Result<History, ErrorKind> {
        let read = read::history(&self.reader(order.client, Purpose::Act)).await;
        let history = read.map_err(|error| read_failed(order.client, READING, error))?;
        let checked = self.check_target(order, &history);
        checked.map_err(|error| *error.kind)?;
        Ok(history)
    }

    pub(crate) fn check_target(&self, order: Order<'_>, history: &History) -> Result<(), Error> {
        match order.direction {
            Direction::Up => self.check_names(&order.target.services, &History::default()),
            Direction::Down => self.check_names(&order.target.services, history),
        }
    }
}

/// The services of the dirty migrations among the conflicts.
fn dirty_among(conflicts: &[Conflict]) -> BTreeSet<String> {
    let dirty = conflicts.iter().filter(|c| c.code == Code::M0404);
    let migrations = dirty.filter_map(|conflict| conflict.subject.migration());
    migrations.map(|id| id.service.to_string()).collect()
}
