//! Replays scripts without superuser rights, within a time limit, and watches what they catch.

use std::path::PathBuf;
use std::time::Duration;

use migrator_model::MigrationId;
use migrator_model::file_name::Direction;
use migrator_runtime::{Client, Fault, Options, Stop, Trial};
use tokio::time::timeout;

use super::confine::Guarded;
use super::recorded::Script;
use super::watch::{Watch, Watched};
use crate::error::Error;

/// A server on which no role that runs scripts is a superuser.
pub(crate) struct Confined {
    pub(crate) guarded: Guarded,
    watch: Watch,
    time_limit: Option<Duration>,
    options: Options,
    /// The entries whose script caught an error that may be a refusal of the server.
    caught: Vec<MigrationId>,
}

impl Confined {
    /// A server on which the roles have lost their rights; it logs to `log`.
    pub(crate) fn new(guarded: Guarded, log: PathBuf, time_limit: Option<Duration>) -> Confined {
        let watch = Watch::new(log, &guarded.suffix);
        Confined {
            guarded,
            watch,
            time_limit,
            options: Options::default(),
            caught: Vec::new(),
        }
    }

    /// Runs the script of a migration.
    pub(crate) async fn run(
        &mut self,
        id: &MigrationId,
        script: &Script,
        session: &Client,
    ) -> Result<(), Error> {
        let Confined { guarded, .. } = self;
        let unwatched = |error: std::io::Error| {
            guarded.confine(format!("the server's log cannot be read: {error}"))
        };
        let trial = match self.watch.probed(&script.sql) {
            Some(sql) => {
                let trial = Trial::of_recorded(id, sql, Direction::Up);
                trial.map_err(Error::Replay)?
            }
            None => script.trial.clone(),
        };
        self.watch.begin().map_err(unwatched)?;
        let run = run_within(trial, session, &self.options, self.time_limit);
        match Box::pin(run).await {
            Ok(()) => {}
            Err(Failed::Fault(fault)) => return Err(guarded.failed(fault)),
            Err(Failed::OutOfTime(limit)) => {
                let step = id.clone();
                return Err(Error::OutOfTime { step, limit });
            }
        }
        let watched = self.watch.end(&script.sql, &guarded.admin).await;
        match watched.map_err(unwatched)? {
            Watched::Clean => Ok(()),
            Watched::Caught => {
                self.caught.push(id.clone());
                Ok(())
            }
            Watched::Nothing => Err(guarded.confine("the server logs no transactions".to_owned())),
        }
    }

    /// The entries whose script may have caught a refusal of the server.
    pub(crate) fn caught(&self) -> &[MigrationId] {
        &self.caught
    }

    /// Does work that may call functions of these scripts, within their time limit.
    pub(crate) async fn within_limit<T>(&self, work: impl Future<Output = T>) -> Result<T, Error> {
        match self.time_limit {
            None => Ok(work.await),
            Some(limit) => {
                let done = timeout(limit, work).await;
                done.map_err(|_| self.guarded.out_of_time(limit))
            }
        }
    }
}

/// Why a script did not succeed.
enum Failed {
    Fault(Box<Fault>),
    OutOfTime(Duration),
}

/// Runs a script, and cancels it at the time limit: a script can change the timeouts of the server,
/// and catch their errors.
async fn run_within(
    trial: Trial,
    session: &Client,
    options: &Options,
    limit: Option<Duration>,
) -> Result<(), Failed> {
    let stop = Stop::new();
    let trial = trial.stopped_by(&stop);
    let mut run = Box::pin(trial.run(session, options));
    let in_time = match limit {
        Some(limit) => timeout(limit, &mut run).await.map_err(|_| limit),
        None => Ok((&mut run).await),
    };
    match in_time {
        Ok(ended) => ended.map(drop).map_err(Failed::Fault),
        Err(limit) => {
            stop.stop();
            // It may have ended at this moment.
            let ended = run.await;
            ended.map(drop).map_err(|_| Failed::OutOfTime(limit))
        }
    }
}
