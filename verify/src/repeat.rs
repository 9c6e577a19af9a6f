//! Repeats a history on a separate server: each script by the role that ran it.
//!
//! While the scripts are the binary's own, every role is a superuser, because nobody knows
//! which rights it had. From the first script on that only the history has, no role is.

use std::collections::BTreeMap;
use std::time::Duration;

use migrator_runtime::history::RecordedMigration;
use migrator_runtime::{Client, Fault, Options, Settings, Stop, connect};
use tokio::time::timeout;
use tokio_postgres::error::SqlState;

use crate::caught::{Log, Watched};
use crate::confine::Guarded;
use crate::drift::ThrowawayServer;
use crate::error::Error;
use crate::recorded::{Origin, Script};
use crate::roles::{self, Roles};

/// The server on which a history is repeated.
pub(crate) struct Repeat {
    scratch: Settings,
    server: Server,
    /// Who has applied what has no role recorded.
    fallback: String,
    roles: Roles,
    /// Those who apply scripts, in the order of their first one.
    appliers: Vec<String>,
    sessions: BTreeMap<String, Client>,
    options: Options,
    log: Log,
    /// How long a script may run once no role is a superuser.
    limit: Option<Duration>,
    /// The entries whose script caught an error since then.
    caught: Vec<String>,
}

/// How far the server is guarded against the scripts.
enum Server {
    /// Not at all: all of them are the binary's own.
    Open(Client),
    /// Its logins need a password, as a script will come that only the history has.
    Guarded(Guarded),
    /// That script has come: no role that runs scripts is a superuser any more.
    Disarmed(Guarded),
}

impl Server {
    fn admin(&self) -> &Client {
        match self {
            Server::Open(admin) => admin,
            Server::Guarded(guarded) | Server::Disarmed(guarded) => &guarded.admin,
        }
    }

    /// The password of every role that logs in.
    fn password(&self) -> Option<&str> {
        match self {
            Server::Open(_) => None,
            Server::Guarded(guarded) | Server::Disarmed(guarded) => Some(&guarded.password),
        }
    }
}

impl Repeat {
    /// Makes the roles of the live server.
    pub(crate) async fn new(
        scratch: &ThrowawayServer,
        live: roles::Live,
        history: &[(&RecordedMigration, Script)],
    ) -> Result<Repeat, Error> {
        let fallback = live.session;
        let mut appliers: Vec<String> = Vec::new();
        let recorded = history.iter().filter_map(|(entry, _)| entry.role.as_ref());
        for role in recorded.chain([&fallback]) {
            if !appliers.contains(role) {
                appliers.push(role.clone());
            }
        }
        let (log, limit) = (Log::new(scratch.log.clone()), scratch.time_limit);
        let mut scratch = scratch.settings.clone();
        let mut entries = history.iter();
        let server = match entries.find(|(_, script)| script.origin == Origin::History) {
            None => Server::Open(connect(scratch.clone()).await.map_err(Error::Connect)?),
            Some((entry, _)) => {
                // Boxed: it is rare, and would be part of every future that repeats.
                let guarded = Box::pin(Guarded::new(&scratch, &entry.id.to_string())).await?;
                scratch = scratch.with_password(&guarded.password);
                Server::Guarded(guarded)
            }
        };
        let names = appliers.iter().cloned().collect();
        let roles = Roles::make(server.admin(), live.names, names, server.password()).await?;
        Ok(Repeat {
            scratch,
            server,
            fallback,
            roles,
            appliers,
            sessions: BTreeMap::new(),
            options: Options::default(),
            log,
            limit,
            caught: Vec::new(),
        })
    }

    /// A superuser's session, which runs no script.
    pub(crate) fn admin(&self) -> &Client {
        self.server.admin()
    }

    /// The session in which texts may be parsed: what they name may run. Where a script came that
    /// only the history has, it is that of the last role that applied a script, no superuser.
    pub(crate) fn parser(&self) -> Option<&Client> {
        match &self.server {
            Server::Open(admin) => Some(admin),
            Server::Guarded(_) | Server::Disarmed(_) => {
                let appliers = self.appliers.iter().rev();
                let mut sessions = appliers.filter_map(|role| self.sessions.get(role));
                sessions.next()
            }
        }
    }

    /// Repeats an entry.
    pub(crate) async fn apply(
        mut self,
        entry: &RecordedMigration,
        script: &Script,
    ) -> Result<Repeat, Error> {
        if script.origin == Origin::History {
            self = Box::pin(self.disarm()).await?;
        }
        let role = entry.role.as_ref().unwrap_or(&self.fallback).clone();
        if !self.sessions.contains_key(&role) {
            let settings = self.scratch.clone().with_user(&role);
            let session = connect(settings).await.map_err(Error::Connect)?;
            self.sessions.insert(role.clone(), session);
        }
        let Some(session) = self.sessions.get(&role) else {
            return Ok(self);
        };
        if let Server::Disarmed(guarded) = &self.server {
            let confine = |error: std::io::Error| {
                guarded.confine(format!("the server's log cannot be read: {error}"))
            };
            self.log.skip().map_err(confine)?;
            let run = run_within(script, session, &self.options, self.limit);
            match Box::pin(run).await {
                Ok(()) => {}
                Err(Failed::Fault(fault)) => return Err(guarded.failed(fault)),
                Err(Failed::OutOfTime(limit)) => return Err(out_of_time(entry, limit)),
            }
            match self.log.read().map_err(confine)? {
                Watched::Clean => {}
                Watched::Caught => self.caught.push(entry.id.to_string()),
                Watched::Nothing => {
                    return Err(guarded.confine("the server logs no transactions".to_owned()));
                }
            }
            return Ok(self);
        }
        let mut dropped = Vec::new();
        while let Err(fault) = Box::pin(script.trial.run(session, &self.options)).await {
            // It may be the script that makes a role which was made for it already.
            let is_there = fault.sqlstate.as_deref() == Some(SqlState::DUPLICATE_OBJECT.code());
            if !is_there || !script.trial.has_left_nothing(&fault) {
                return Err(Error::Repeat(fault));
            }
            let admin = self.server.admin();
            match self.roles.make_way(admin, &fault.message).await {
                Some(role) => dropped.push(role),
                None => return Err(Error::Repeat(fault)),
            }
        }
        for role in dropped {
            let admin = self.server.admin();
            self.roles.made_by_a_script(admin, &role).await?;
        }
        Ok(self)
    }

    /// Ends the sessions of superusers and takes their rights away, once.
    async fn disarm(mut self) -> Result<Repeat, Error> {
        if let Server::Guarded(guarded) = self.server {
            for session in std::mem::take(&mut self.sessions).into_values() {
                session.close().await;
            }
            guarded.disarm(&self.appliers).await?;
            self.server = Server::Disarmed(guarded);
        }
        Ok(self)
    }

    /// The entries whose script caught an error while no role was a superuser.
    pub(crate) fn caught(&self) -> &[String] {
        &self.caught
    }

    /// Does what may call the functions of a script that only the history has, within the time
    /// that such a script has.
    pub(crate) async fn within_limit<T>(&self, work: impl Future<Output = T>) -> Result<T, Error> {
        match (&self.server, self.limit) {
            (Server::Disarmed(guarded), Some(limit)) => {
                let done = timeout(limit, work).await;
                done.map_err(|_| guarded.out_of_time(limit))
            }
            _ => Ok(work.await),
        }
    }

    /// Ends all sessions.
    pub(crate) async fn close(self) {
        for session in self.sessions.into_values() {
            session.close().await;
        }
        match self.server {
            Server::Open(admin) => admin.close().await,
            Server::Guarded(guarded) | Server::Disarmed(guarded) => guarded.admin.close().await,
        }
    }
}

/// Why a script did not come to its end.
enum Failed {
    Fault(Box<Fault>),
    OutOfTime(Duration),
}

/// Runs a script, and cancels it when its time is over: a script can change a timeout of the
/// server, and catch it.
async fn run_within(
    script: &Script,
    session: &Client,
    options: &Options,
    limit: Option<Duration>,
) -> Result<(), Failed> {
    let stop = Stop::new();
    let trial = script.trial.clone().stopped_by(&stop);
    let mut run = Box::pin(trial.run(session, options));
    let in_time = match limit {
        Some(limit) => timeout(limit, &mut run).await.map_err(|_| limit),
        None => Ok((&mut run).await),
    };
    match in_time {
        Ok(ended) => ended.map(drop).map_err(Failed::Fault),
        Err(limit) => {
            stop.stop();
            // It may have come to its end at this moment.
            let ended = run.await;
            ended.map(drop).map_err(|_| Failed::OutOfTime(limit))
        }
    }
}

fn out_of_time(entry: &RecordedMigration, limit: Duration) -> Error {
    Error::OutOfTime {
        step: entry.id.to_string(),
        limit,
    }
}
