//! What every command is given, and what it returns.

use std::cell::OnceCell;

use migrator_runtime::{
    Client, Error, ErrorKind, Migrator, Options, Registry, Selection, Settings, Stop,
};

use crate::arguments::Global;
use crate::console::Console;
use crate::database::connection;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::program::{Migrations, Program};
use crate::progress::Progress;
use crate::settings::Environment;
use crate::tree::Folder;
use crate::view::{Pending, Status, View};

/// What a command found or did, or why it failed.
pub(crate) type Outcome = Result<Answer, Failure>;

/// What a command found or did.
pub(crate) struct Answer {
    pub(crate) view: View,
    pub(crate) exit: Exit,
}

impl Answer {
    /// The command did what the user asked for.
    pub(crate) fn done(view: View) -> Answer {
        Answer {
            view,
            exit: Exit::Done,
        }
    }
}

/// What every command is given.
pub(crate) struct Context {
    pub(crate) program: Program,
    /// The migrations of the program. Empty if they are in a folder and the command needs none.
    pub(crate) registry: &'static Registry,
    pub(crate) global: Global,
    pub(crate) environment: Environment,
    /// Stops the command after a signal.
    pub(crate) stop: Stop,
    pub(crate) console: Console,
    /// The display of the steps that run.
    pub(crate) progress: Progress,
    /// The database that the command is connected to.
    pub(crate) database: OnceCell<String>,
    /// The database that the command tries to reach.
    pub(crate) target: OnceCell<String>,
    /// The migrations that are pending after the command, if `--metrics` asks for them.
    pub(crate) pending: OnceCell<Vec<Pending>>,
}

impl Context {
    /// Connects to the database that the arguments and the environment name.
    pub(crate) async fn connect(
        &self,
        registry: &Registry,
        options: &Options,
    ) -> Result<Client, Failure> {
        let settings = self.settings(registry)?;
        let _connecting = self.progress.activity(&connecting_to(&settings));
        let client = connection::open(settings, &options.application).await?;
        // A command connects once.
        let _ = self.database.set(client.target());
        Ok(client)
    }

    /// The settings of the database that the arguments and the environment name.
    pub(crate) fn settings(&self, registry: &Registry) -> Result<Settings, Failure> {
        // A program without migrations of its own has no other tree.
        let own = match self.program.migrations {
            Migrations::CompiledIn(_) => Some(registry),
            Migrations::InFolder => None,
        };
        let settings = connection::settings(own, &self.global, &self.environment, &self.console)?;
        // The first is that of the command itself.
        let _ = self.target.set(settings.display_target());
        Ok(settings)
    }

    /// Whether the arguments or the environment name a database.
    pub(crate) fn names_database(&self) -> bool {
        connection::is_named(&self.global, &self.environment)
    }

    /// Fails if no database is named. The local development server does not count.
    pub(crate) fn require_database(&self) -> Result<(), Failure> {
        match self.names_database() {
            true => Ok(()),
            false => Err(connection::no_database()),
        }
    }

    /// The tree's folder, which the command needs.
    pub(crate) fn folder(&self) -> Result<Folder, Failure> {
        Folder::require(self.environment.directory(&self.global))
    }

    /// The registry of the tree that the user names, or else the program's. In the folder of
    /// another tree, the command refuses to work on the compiled-in one.
    pub(crate) fn chosen_registry(&self) -> Result<&'static Registry, Failure> {
        if let Migrations::InFolder = self.program.migrations {
            return Ok(self.registry);
        }
        let Some(directory) = self.environment.directory(&self.global) else {
            if let Some(folder) = Folder::find(None) {
                let help = format!(
                    "`--directory={}` uses the tree in this folder; run this binary in another \
                     folder to use the tree that is compiled in",
                    folder.shown
                );
                folder.is_of(self.registry, &help)?;
            }
            return Ok(self.registry);
        };
        let folder = Folder::require(Some(directory))?;
        let note = format!("the tree is that in `{}`", folder.shown);
        self.console.note(&note);
        folder.registry()
    }

    /// Refuses an unknown service if no database is named. A history may have services that the
    /// registry does not have, but a misspelt name needs no local server.
    pub(crate) fn check_names_without_database(&self, services: &Selection) -> Result<(), Failure> {
        match self.names_database() {
            true => Ok(()),
            false => check_names(self.registry, services),
        }
    }
}

impl Context {
    /// Counts the pending migrations for `--metrics`. If they cannot be read, the metrics are
    /// without them.
    pub(crate) async fn count_pending(&self, migrator: &Migrator, client: &Client) {
        if self.global.metrics.is_none() {
            return;
        }
        let reading = Box::pin(migrator.observe(client, &Selection::All));
        if let Some(Ok(found)) = self.stop.unless_stopped(reading).await {
            // A command counts once.
            let _ = self.pending.set(Status::new(found, false).pending());
        }
    }
}

/// The work that the display names while a command connects.
pub(crate) fn connecting_to(settings: &Settings) -> String {
    format!("connecting to {}", settings.display_target())
}

/// Refuses a service that the registry does not have.
pub(crate) fn check_names(registry: &Registry, services: &Selection) -> Result<(), Failure> {
    let Selection::Named(names) = services else {
        return Ok(());
    };
    let checked = names
        .iter()
        .try_for_each(|name| registry.service(name).map(drop));
    Ok(checked.map_err(|unknown| Error::from(ErrorKind::from(unknown)))?)
}
