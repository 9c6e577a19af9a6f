//! The development server of a checkout: all processes share it, and it runs until it is stopped.

use std::fs;
use std::path::{Path, PathBuf};

use crate::account::Account;
use crate::error::{Error, cannot};
use crate::folder;
use crate::home::Home;
use crate::launch::{self, State};
use crate::postmaster::{Postmaster, Socket};
use crate::wait;

/// The running development server of a checkout.
///
/// Its data are durable, in `.migrator/dev` of the checkout. If root starts the server, and the
/// server's user cannot enter the checkout, the data are in `/var/lib/migrator`, and `.migrator/dev`
/// is a link to them. Dropping the value does not stop the server.
#[derive(Debug)]
pub struct DevServer {
    folder: PathBuf,
    socket: Socket,
    version: String,
    started: Started,
}

/// Whether [`DevServer::start`] had to start the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Started {
    /// This call started the server.
    Now,
    /// The server was running, or another process was starting it.
    AlreadyRunning,
}

/// Whether [`DevServer::stop`] had to stop the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stopped {
    /// This call stopped the server.
    Now,
    /// The server was not running.
    WasNotRunning,
}

impl DevServer {
    /// Starts the checkout's server if it does not run, and waits until it accepts sessions.
    ///
    /// Any number of processes may call this at once: one of them starts the server, and all get it.
    /// The server is detached from them, and continues to run. Existing data need programs of their
    /// major version.
    ///
    /// # Errors
    ///
    /// There are no programs of the major version that wrote the data, a folder cannot be created,
    /// or the server ends or is not ready within a minute.
    pub fn start(checkout: &Path) -> Result<Self, Error> {
        let checkout = &fs::canonicalize(checkout).map_err(cannot("find", checkout))?;
        if let Some(server) = Self::running(checkout) {
            return Ok(server);
        }
        let account = Account::of_servers()?;
        let home = Home::make(checkout, account)?;
        let _turn = folder::lock(&home.turn(), account)?;
        let settled = wait::until(|| match launch::state(&home) {
            State::Changing => None,
            settled @ (State::Ready(_) | State::Stopped) => Some(settled),
        });
        match settled {
            Some(State::Ready(socket)) => Ok(Self::new(&home, socket, Started::AlreadyRunning)),
            Some(State::Stopped) => {
                let socket = launch::start(checkout, &home, account)?;
                Ok(Self::new(&home, socket, Started::Now))
            }
            Some(State::Changing) | None => Err(launch::failed(&home, "runs but is not ready")),
        }
    }

    /// The checkout's server, if it is running.
    #[must_use]
    pub fn running(checkout: &Path) -> Option<Self> {
        let home = Home::of(checkout)?;
        let postmaster = Postmaster::ready(&home.data())?;
        Some(Self::new(&home, postmaster.socket, Started::AlreadyRunning))
    }

    /// Stops the checkout's server, ends its sessions, and waits until it has ended. The data remain.
    ///
    /// # Errors
    ///
    /// The server cannot be stopped, or does not end within a minute.
    pub fn stop(checkout: &Path) -> Result<Stopped, Error> {
        let checkout = &fs::canonicalize(checkout).map_err(cannot("find", checkout))?;
        let Some(home) = Home::of(checkout) else {
            return Ok(Stopped::WasNotRunning);
        };
        let account = Account::of_servers()?;
        let _turn = folder::lock(&home.turn(), account)?;
        let stopped = match launch::state(&home) {
            State::Stopped => Stopped::WasNotRunning,
            State::Ready(_) | State::Changing => {
                launch::end(&home, account)?;
                Stopped::Now
            }
        };
        // The next start creates the folder again. If it remains, it is harmless.
        let _ = fs::remove_dir_all(home.sockets());
        Ok(stopped)
    }

    /// The URL of the database `postgres`, for libpq and tokio-postgres alike.
    #[must_use]
    pub fn url(&self) -> String {
        self.socket.url("postgres")
    }

    /// The folder with the server's `data` and its `log`.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The server's version, such as `15.14`.
    #[must_use]
    pub fn version(&self) -> &str {
        &self.version
    }

    /// Whether the call that returned this value started the server.
    #[must_use]
    pub fn started(&self) -> Started {
        self.started
    }

    fn new(home: &Home, socket: Socket, started: Started) -> Self {
        let version = fs::read_to_string(home.version())
            .or_else(|_| fs::read_to_string(home.data().join("PG_VERSION")))
            .unwrap_or_default();
        let version = version.trim().to_owned();
        Self {
            folder: home.folder().to_owned(),
            socket,
            version,
            started,
        }
    }
}
