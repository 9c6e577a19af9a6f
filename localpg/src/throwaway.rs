//! A temporary server for tests. It starts fast, does not protect its data, and ends with its process.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError};

use crate::account::Account;
use crate::cluster;
use crate::database;
use crate::error::{Error, cannot, tail};
use crate::kept::Kept;
use crate::launch;
use crate::postmaster::{Postmaster, Socket};
use crate::programs::Programs;
use crate::scratch;
use crate::template;
use crate::wait;

/// The data need not survive a crash of the machine: nothing waits for a disk, and nothing runs in
/// the background.
pub(crate) const SETTINGS: [(&str, &str); 15] = [
    ("fsync", "off"),
    ("synchronous_commit", "off"),
    ("full_page_writes", "off"),
    ("wal_level", "minimal"),
    ("max_wal_senders", "0"),
    ("wal_init_zero", "off"),
    ("min_wal_size", "2MB"),
    ("max_wal_size", "256MB"),
    ("checkpoint_timeout", "1h"),
    ("autovacuum", "off"),
    ("bgwriter_lru_maxpages", "0"),
    ("jit", "off"),
    ("shared_buffers", "64MB"),
    ("dynamic_shared_memory_type", "mmap"), // in the data folder, so that it is removed with it
    ("max_connections", "200"),
];

/// A server for tests. It ends when the value is dropped, or when the process is killed.
///
/// Its data are a copy of a template, which `initdb` created once. They are in memory if there is
/// enough. A supervisor, a shell, runs the server. Its standard input is a pipe from this process:
/// when the pipe closes, the supervisor stops the server and removes the folder. If the supervisor
/// is killed too, the next start removes the folder, because no process holds its lock.
#[derive(Debug)]
pub struct Throwaway {
    programs: Programs,
    folder: PathBuf,
    socket: Socket,
    databases: AtomicU32,
    supervisor: Mutex<Child>,
    _owner: File,
}

impl Throwaway {
    /// Starts a server with the programs that [`Programs::find`] finds, and waits until it
    /// accepts sessions.
    ///
    /// # Errors
    ///
    /// There are no programs, a folder cannot be created, or the server ends or is not ready within a
    /// minute.
    pub fn start() -> Result<Self, Error> {
        Self::start_with(Programs::find(None)?)
    }

    /// Starts a server with these programs.
    ///
    /// # Errors
    ///
    /// Those of [`Throwaway::start`].
    pub fn start_with(programs: Programs) -> Result<Self, Error> {
        Self::start_with_settings(programs, &[])
    }

    /// Starts a server with these programs and settings. The settings override our own.
    ///
    /// # Errors
    ///
    /// Those of [`Throwaway::start`]; a setting that Postgres does not know ends the server.
    pub fn start_with_settings(
        programs: Programs,
        settings: &[(&str, &str)],
    ) -> Result<Self, Error> {
        let account = Account::of_servers()?;
        let template = template::data_folder(&scratch::on_disk(account)?, &programs, account)?;
        Self::start_on(programs, &template, settings)
    }

    /// Starts a server on a copy of a data folder, which the server's user can read. The folder is
    /// that of a server that has ended, or a backup with the files of a standby.
    ///
    /// # Errors
    ///
    /// Those of [`Throwaway::start`], or the data are of another major version than the programs.
    pub fn start_on(
        programs: Programs,
        data: &Path,
        settings: &[(&str, &str)],
    ) -> Result<Self, Error> {
        let account = Account::of_servers()?;
        let (folder, owner) = scratch::new_folder(&scratch::quickest(account)?, account)?;
        let supervisor = supervise(&folder, data, &programs, account, settings)?;
        let server = Self {
            programs,
            socket: Socket {
                folder: folder.clone(),
                port: 5432,
            },
            folder,
            databases: AtomicU32::new(0),
            supervisor: Mutex::new(supervisor),
            _owner: owner,
        };
        server.wait_for(|_| true)?;
        Ok(server)
    }

    /// Starts a server with the databases and roles that [`Throwaway::keep`] kept under a key. `None`
    /// if nothing is kept under it.
    ///
    /// # Errors
    ///
    /// Those of [`Throwaway::start`].
    pub fn start_kept(programs: Programs, key: &str) -> Result<Option<Self>, Error> {
        let kept = Kept::of(&programs, key)?;
        let data = kept.data();
        data.map(|data| Self::start_on(programs, data, &[]))
            .transpose()
    }

    /// Stops the server, and keeps its databases and roles under a key, for later servers with the
    /// same programs. A key has only letters, digits and `-`. At most three are kept: those that were
    /// used last.
    ///
    /// # Errors
    ///
    /// The server does not end within a minute, or its files cannot be copied.
    pub fn keep(self, key: &str) -> Result<(), Error> {
        let account = Account::of_servers()?;
        let postmaster = Postmaster::read(&self.data());
        let is_asked = postmaster.is_some_and(|found| launch::shut_down(&found, account));
        let ended = self.folder.join("ended");
        let has_ended = is_asked && wait::until(|| ended.exists().then_some(())).is_some();
        if !has_ended {
            return Err(self.failed("does not end"));
        }
        Kept::of(&self.programs, key)?.copy(&self.data())
    }

    /// The shared server of this process. The first call starts it.
    ///
    /// # Errors
    ///
    /// Those of [`Throwaway::start`]. The next call tries again.
    pub fn shared() -> Result<&'static Self, Error> {
        static SERVER: OnceLock<Throwaway> = OnceLock::new();
        static TURN: Mutex<()> = Mutex::new(());
        let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(server) = SERVER.get() {
            return Ok(server);
        }
        let server = Self::start()?;
        Ok(SERVER.get_or_init(|| server))
    }

    /// The URL of a database, for libpq and tokio-postgres alike. `postgres` is always there.
    #[must_use]
    pub fn url(&self, database: &str) -> String {
        self.socket.url(database)
    }

    /// Creates an empty database with a unique name, and returns its URL. Any number of callers may
    /// do this at once.
    ///
    /// # Errors
    ///
    /// The server refuses.
    ///
    /// # Panics
    ///
    /// Outside a tokio runtime with I/O enabled, as tokio does.
    pub async fn create_database(&self) -> Result<String, Error> {
        let number = self.databases.fetch_add(1, Ordering::Relaxed);
        let name = format!("test_{}_{number}", std::process::id());
        database::create(&self.url("postgres"), &name, &self.programs).await?;
        Ok(self.url(&name))
    }

    /// The programs that the server runs.
    #[must_use]
    pub fn programs(&self) -> &Programs {
        &self.programs
    }

    /// The server's folder, with its `data` and its `log`.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The file that the server logs to.
    #[must_use]
    pub fn log(&self) -> PathBuf {
        self.folder.join("log")
    }

    /// A program to run as the server's user, such as a pooler, which refuses root too. It has a
    /// process group of its own, and gets little more than `PATH` from our environment.
    ///
    /// # Errors
    ///
    /// There is no such user.
    pub fn command(&self, program: impl AsRef<OsStr>) -> Result<Command, Error> {
        Ok(Account::of_servers()?.command(program))
    }

    /// Kills the server, and starts it again. There is no checkpoint, and the sessions get no message.
    /// Unwritten data are lost, as in a crash of the server (not of the machine).
    ///
    /// # Errors
    ///
    /// The server is not ready again within a minute.
    pub fn crash(&self) -> Result<(), Error> {
        let before = Postmaster::read(&self.data()).map(|postmaster| postmaster.pid);
        {
            let mut supervisor = self
                .supervisor
                .lock()
                .unwrap_or_else(PoisonError::into_inner);
            if let Some(pipe) = &mut supervisor.stdin {
                pipe.write_all(b"\n")
                    .map_err(cannot("crash the server in", &self.folder))?;
            }
        }
        self.wait_for(|postmaster| Some(postmaster.pid) != before)
    }

    fn data(&self) -> PathBuf {
        self.folder.join("data")
    }

    fn wait_for(&self, expected: impl Fn(&Postmaster) -> bool) -> Result<(), Error> {
        let outcome = wait::until(|| match Postmaster::ready(&self.data()) {
            Some(postmaster) => expected(&postmaster).then_some(Ok(())),
            None => self
                .folder
                .join("ended")
                .exists()
                .then_some(Err("ended while it started")),
        });
        let outcome = outcome.unwrap_or(Err("is not ready"));
        outcome.map_err(|what| self.failed(what))
    }

    /// An error with the end of the server's log.
    fn failed(&self, what: &'static str) -> Error {
        let log = fs::read(self.log()).unwrap_or_default();
        Error::Server {
            what,
            folder: self.folder.clone(),
            log: tail(&log),
        }
    }
}

impl Drop for Throwaway {
    fn drop(&mut self) {
        let supervisor = self
            .supervisor
            .get_mut()
            .unwrap_or_else(PoisonError::into_inner);
        // `wait` closes the pipe first. The next start removes what a failure leaves.
        let _ = supervisor.wait();
    }
}

fn supervise(
    folder: &Path,
    template: &Path,
    programs: &Programs,
    account: Account,
    settings: &[(&str, &str)],
) -> Result<Child, Error> {
    let log_path = folder.join("log");
    let log = File::create(&log_path).map_err(cannot("create", &log_path))?;
    let log_too = log.try_clone().map_err(cannot("create", &log_path))?;
    let shell = Path::new("sh");
    let mut command = account.command(shell);
    command.args(["-c", include_str!("supervisor.sh"), "supervisor.sh"]);
    command
        .arg(folder)
        .arg(template)
        .arg(programs.path("postgres"));
    let settings = [&SETTINGS[..], settings].concat();
    command.args(cluster::arguments(&folder.join("data"), folder, &settings));
    command
        .stdin(Stdio::piped())
        .stdout(log)
        .stderr(log_too)
        .spawn()
        .map_err(cannot("run", shell))
}
