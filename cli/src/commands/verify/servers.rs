//! The temporary servers of a proof.

use std::cell::{Cell, OnceCell};

use migrator_runtime::{Registry, Settings, Stopped, connect};
use migrator_verify::{Place, Subject};

use super::prepared::{self, Prepared};
use crate::commands::context::Context;
use crate::database::scratch::Scratch;
use crate::failure::Failure;
use crate::settings::application;

/// Starts a server for each part of a proof.
pub(super) struct Servers<'c> {
    context: &'c Context,
    /// The first server, which `--since` has started already.
    first: Cell<Option<Prepared>>,
    /// The key of the data that `--since` has kept.
    key: Option<String>,
    /// The version of the servers.
    version: OnceCell<String>,
}

impl<'c> Servers<'c> {
    pub(super) async fn of(
        context: &'c Context,
        registry: &Registry,
        subject: &Subject,
    ) -> Result<Servers<'c>, Failure> {
        let first = prepared::server(context, registry, subject).await?;
        Ok(Servers {
            context,
            key: first.as_ref().map(|first| first.key.clone()),
            first: Cell::new(first),
            version: OnceCell::new(),
        })
    }

    /// Starts a server, and connects to its database.
    pub(super) async fn open(&self) -> Result<Place<Scratch>, Failure> {
        let prepared = match (self.first.take(), &self.key) {
            (Some(first), _) => Some(first),
            (None, Some(key)) => Prepared::another(key.clone()).await?,
            (None, None) => None,
        };
        let (server, empty) = match prepared {
            Some(prepared) => (prepared.scratch, Some(prepared.empty)),
            None => (Scratch::new(None).await?, None),
        };
        self.tell_version(&server.version);
        let mut settings: Settings = server.settings.clone();
        settings.application_name(&application());
        let stop = &self.context.stop;
        let client = stop.unless_stopped(Box::pin(connect(settings))).await;
        Ok(Place {
            client: client.ok_or_else(Stopped::default)??,
            empty,
            server,
        })
    }

    /// Prints the version once.
    fn tell_version(&self, version: &str) {
        self.version.get_or_init(|| {
            let note = format!("verifying on a temporary server: PostgreSQL {version}");
            self.context.console.note(&note);
            version.to_owned()
        });
    }
}
