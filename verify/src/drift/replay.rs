//! Replays a history on a separate server: a role with the same name runs each script.
//!
//! As long as the binary has the scripts, every role is a superuser, because its rights on the live
//! server are unknown. From the first script that only the history has, no role is a superuser.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use migrator_model::{Migration, MigrationId};
use migrator_runtime::history::RecordedMigration;
use migrator_runtime::{Client, Options, Settings, connect};
use tokio_postgres::error::SqlState;

use super::confine::Guarded;
use super::confined::Confined;
use super::recorded::{Origin, Script};
use super::server::ThrowawayServer;
use crate::error::Error;
use crate::roles::{self, Roles};

/// The server on which a history is replayed, and its sessions.
pub(crate) struct Replay {
    scratch: Settings,
    server: Server,
    /// The role of the entries that record no role.
    fallback: String,
    roles: Roles,
    /// The roles that apply scripts, in the order of their first script.
    appliers: Vec<String>,
    sessions: BTreeMap<String, Client>,
    options: Options,
    /// The file that the server logs to.
    log: PathBuf,
    /// The time limit of a script without superuser rights.
    time_limit: Option<Duration>,
}

/// How far the server is secured against the scripts.
enum Server {
    /// Not at all: all scripts are those of the binary.
    Open(Client),
    /// Logins need a password, because only the history has a later script.
    Guarded(Guarded),
    /// That script was reached: no role that runs scripts is a superuser.
    Confined(Box<Confined>),
}

impl Server {
    fn admin(&self) -> &Client {
        match self {
            Server::Open(admin) => admin,
            Server::Guarded(guarded) => &guarded.admin,
            Server::Confined(confined) => &confined.guarded.admin,
        }
    }

    /// The password of every role that logs in.
    fn password(&self) -> Option<&str> {
        match self {
            Server::Open(_) => None,
            Server::Guarded(guarded) => Some(&guarded.password),
            Server::Confined(confined) => Some(&confined.guarded.password),
        }
    }
}

impl Replay {
    /// Creates the roles of the live server.
    pub(crate) async fn new(
        scratch: &ThrowawayServer,
        live: roles::Live,
        history: &[(&RecordedMigration, Script)],
    ) -> Result<Replay, Error> {
        let fallback = live.session;
        let mut appliers: Vec<String> = Vec::new();
        let recorded = history.iter().filter_map(|(entry, _)| entry.role.as_ref());
        for role in recorded.chain([&fallback]) {
            if !appliers.contains(role) {
                appliers.push(role.clone());
            }
        }
        let (log, time_limit) = (scratch.log.clone(), scratch.time_limit);
        let mut scratch = scratch.settings.clone();
        let mut entries = history.iter();
        let server = match entries.find(|(_, script)| script.origin == Origin::History) {
            None => Server::Open(connect(scratch.clone()).await.map_err(Error::Connect)?),
            Some((entry, _)) => {
                // Boxed: this is rare, and would enlarge the future of every replay.
                let guarded = Box::pin(Guarded::new(&scratch, &entry.id)).await?;
                scratch = scratch.with_password(&guarded.password);
                Server::Guarded(guarded)
            }
        };
        let names = appliers.iter().cloned().collect();
        let roles = Roles::make(server.admin(), live.names, names, server.password()).await?;
        Ok(Replay {
            scratch,
            server,
            fallback,
            roles,
            appliers,
            sessions: BTreeMap::new(),
            options: Options::default(),
            log,
            time_limit,
        })
    }

    /// A superuser's session, which runs no script.
    pub(crate) fn admin(&self) -> &Client {
        self.server.admin()
    }

    /// The session in which definitions are parsed, which may run functions. After a script that
    /// only the history has, this is the session of the last role that applied a script.
    pub(crate) fn parser(&self) -> Option<&Client> {
        match &self.server {
            Server::Open(admin) => Some(admin),
            Server::Guarded(_) | Server::Confined(_) => {
                let appliers = self.appliers.iter().rev();
                let mut sessions = appliers.filter_map(|role| self.sessions.get(role));
                sessions.next()
            }
        }
    }

    /// Replays an entry.
    pub(crate) async fn apply(
        mut self,
        entry: &RecordedMigration,
        script: &Script,
    ) -> Result<Replay, Error> {
        if script.origin == Origin::History {
            self = Box::pin(self.disarm()).await?;
        }
        let role = entry.role.as_ref().unwrap_or(&self.fallback).clone();
        self.run(&entry.id, role, script).await?;
        Ok(self)
    }

    /// Applies a migration that the history does not have, as the role of the live session. After a
    /// script that fails, the replay can continue.
    pub(crate) async fn apply_pending(&mut self, migration: Migration<'_>) -> Result<(), Error> {
        let role = self.fallback.clone();
        self.run(&migration.id(), role, &Script::of(migration))
            .await
    }

    async fn run(&mut self, id: &MigrationId, role: String, script: &Script) -> Result<(), Error> {
        if !self.sessions.contains_key(&role) {
            let settings = self.scratch.clone().with_user(&role);
            let session = connect(settings).await.map_err(Error::Connect)?;
            self.sessions.insert(role.clone(), session);
        }
        let Some(session) = self.sessions.get(&role) else {
            return Ok(());
        };
        if let Server::Confined(confined) = &mut self.server {
            return Box::pin(confined.run(id, script, session)).await;
        }
        let mut dropped = Vec::new();
        while let Err(fault) = Box::pin(script.trial.apply(session, &self.options)).await {
            // The script may create a role that the replay has created before.
            let is_there = fault.sqlstate.as_deref() == Some(SqlState::DUPLICATE_OBJECT.code());
            if !is_there || !script.trial.has_left_nothing(&fault) {
                return Err(Error::Replay(fault));
            }
            let admin = self.server.admin();
            match self.roles.make_way(admin, &fault.message).await {
                Some(role) => dropped.push(role),
                None => return Err(Error::Replay(fault)),
            }
        }
        for role in dropped {
            let admin = self.server.admin();
            self.roles.made_by_a_script(admin, &role).await?;
        }
        Ok(())
    }

    /// Ends the sessions of the superusers, and revokes their rights.
    async fn disarm(mut self) -> Result<Replay, Error> {
        if let Server::Guarded(guarded) = self.server {
            for session in std::mem::take(&mut self.sessions).into_values() {
                session.close().await;
            }
            guarded.disarm(&self.appliers).await?;
            let confined = Confined::new(guarded, self.log.clone(), self.time_limit);
            self.server = Server::Confined(Box::new(confined));
        }
        Ok(self)
    }

    /// The entries whose script may have caught a refusal of the server.
    pub(crate) fn caught(&self) -> &[MigrationId] {
        match &self.server {
            Server::Open(_) | Server::Guarded(_) => &[],
            Server::Confined(confined) => confined.caught(),
        }
    }

    /// Does work that may call the functions of a script that only the history has, within the
    /// time limit of such a script.
    pub(crate) async fn within_limit<T>(&self, work: impl Future<Output = T>) -> Result<T, Error> {
        match &self.server {
            Server::Open(_) | Server::Guarded(_) => Ok(work.await),
            Server::Confined(confined) => confined.within_limit(work).await,
        }
    }

    /// Ends all sessions.
    pub(crate) async fn close(self) {
        for session in self.sessions.into_values() {
            session.close().await;
        }
        match self.server {
            Server::Open(admin) => admin.close().await,
            Server::Guarded(guarded) => guarded.admin.close().await,
            Server::Confined(confined) => confined.guarded.admin.close().await,
        }
    }
}
