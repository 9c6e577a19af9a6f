//! The development server: one for a checkout, shared by all processes, kept until it is stopped.

use std::fs::{self, File, OpenOptions};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::process::Child;

use crate::account::Account;
use crate::cluster;
use crate::error::{Error, cannot, tail};
use crate::folder;
use crate::home::Home;
use crate::postmaster::{Postmaster, Socket};
use crate::programs::Programs;
use crate::wait;

/// The running development server of a checkout.
///
/// Its data are durable and stay under `.migrator/dev` in the checkout. When it runs for root and
/// its own user cannot enter the checkout, they are in `/var/lib/migrator`, and `.migrator/dev` is
/// a link to them. Dropping the value does not stop the server.
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
    /// It was started by this call.
    Now,
    /// It ran already, or another process was just starting it.
    AlreadyRunning,
}

/// Whether [`DevServer::stop`] had to stop the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stopped {
    /// It was stopped by this call.
    Now,
    /// It did not run.
    WasNotRunning,
}

/// What a home's files and locks say about its server.
enum State {
    Ready(Socket),
    Changing,
    Stopped,
}

impl DevServer {
    /// Starts the checkout's server unless it runs, and waits until it accepts sessions.
    ///
    /// Any number of processes may do this at once: one starts the server, all get it. The server
    /// is detached, so that it outlives them. Existing data decide which major version is run.
    ///
    /// # Errors
    ///
    /// When there are no programs, or none of the major version that wrote the data; when the
    /// folders cannot be made; and when the server ends or is not ready within a minute.
    pub fn start(checkout: &Path) -> Result<Self, Error> {
        let checkout = &fs::canonicalize(checkout).map_err(cannot("find", checkout))?;
        if let Some(server) = Self::running(checkout) {
            return Ok(server);
        }
        let account = Account::of_servers()?;
        let home = Home::make(checkout, account)?;
        let _turn = folder::lock(&home.turn(), account)?;
        let settled = wait::until(|| match state(&home) {
            State::Changing => None,
            settled @ (State::Ready(_) | State::Stopped) => Some(settled),
        });
        match settled {
            Some(State::Ready(socket)) => Ok(Self::new(&home, socket, Started::AlreadyRunning)),
            Some(State::Stopped) => {
                let socket = launch(checkout, &home, account)?;
                Ok(Self::new(&home, socket, Started::Now))
            }
            Some(State::Changing) | None => Err(failed(&home, "runs but is not ready")),
        }
    }

    /// The checkout's server if it runs now.
    #[must_use]
    pub fn running(checkout: &Path) -> Option<Self> {
        let home = Home::of(checkout)?;
        let postmaster = Postmaster::ready(&home.data())?;
        Some(Self::new(&home, postmaster.socket, Started::AlreadyRunning))
    }

    /// Stops the checkout's server, and waits until it has ended. Its data stay; its sessions are
    /// ended.
    ///
    /// # Errors
    ///
    /// When the server cannot be told to stop, and when it has not ended within a minute.
    pub fn stop(checkout: &Path) -> Result<Stopped, Error> {
        let checkout = &fs::canonicalize(checkout).map_err(cannot("find", checkout))?;
        let Some(home) = Home::of(checkout) else {
            return Ok(Stopped::WasNotRunning);
        };
        let account = Account::of_servers()?;
        let _turn = folder::lock(&home.turn(), account)?;
        let stopped = match state(&home) {
            State::Stopped => Stopped::WasNotRunning,
            State::Ready(_) | State::Changing => end(&home, account)?,
        };
        // The next start makes it again, and a leftover does no harm.
        let _ = fs::remove_dir_all(sockets_of(checkout));
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

fn state(home: &Home) -> State {
    let data = home.data();
    if let Some(postmaster) = Postmaster::ready(&data) {
        return State::Ready(postmaster.socket);
    }
    // A server that somebody started by hand does not hold the lock; its socket tells.
    let listens = Postmaster::read(&data).is_some_and(|found| found.socket.accepts());
    if listens || folder::is_locked(&home.alive()) {
        State::Changing
    } else {
        State::Stopped
    }
}

/// Starts the server; nobody else does so now, and none runs.
fn launch(checkout: &Path, home: &Home, account: Account) -> Result<Socket, Error> {
    let data = home.data();
    let programs = match major_of(&data)? {
        Some(major) => programs_of(checkout, &data, major)?,
        None => {
            let programs = Programs::find(Some(checkout))?;
            cluster::initdb(&programs, account, &data, &[])?;
            programs
        }
    };
    let mut server = spawn(checkout, home, account, &programs)?;
    fs::write(home.version(), &programs.version).map_err(cannot("write", &home.version()))?;
    let outcome = wait::until(|| match Postmaster::ready(&data) {
        Some(postmaster) => Some(Ok(postmaster.socket)),
        None => matches!(server.try_wait(), Ok(Some(_))).then_some(Err("ended while it started")),
    });
    outcome
        .unwrap_or(Err("has not become ready yet"))
        .map_err(|what| failed(home, what))
}

fn spawn(
    checkout: &Path,
    home: &Home,
    account: Account,
    programs: &Programs,
) -> Result<Child, Error> {
    let sockets = sockets_of(checkout);
    folder::make_private(&sockets, account)?;
    let alive = folder::lock(&home.alive(), account)?;
    // Nobody held the lock, so that these are left from a crash. The process id in them may be
    // another program's by now, and Postgres would refuse to start.
    remove_stale(&home.data().join("postmaster.pid"))?;
    remove_stale(&sockets.join(".s.PGSQL.5432.lock"))?;
    let log = open_log(&home.log(), account)?;
    let log_too = log.try_clone().map_err(cannot("open", &home.log()))?;
    let program = programs.path("postgres");
    let mut command = account.command(&program);
    command.args(cluster::arguments(&home.data(), &sockets, &[]));
    command
        .stdin(alive)
        .stdout(log)
        .stderr(log_too)
        .spawn()
        .map_err(cannot("run", &program))
}

/// Tells a running server to shut down, and waits for its end.
fn end(home: &Home, account: Account) -> Result<Stopped, Error> {
    // A server that is just starting has not written the file yet.
    let postmaster = wait::until(|| Postmaster::read(&home.data()));
    let postmaster = postmaster.ok_or_else(|| failed(home, "does not tell its process id"))?;
    // SIGINT is Postgres's fast shutdown. Safe std sends no signals; every sh has a `kill`.
    let shell = Path::new("sh");
    let mut command = account.command(shell);
    command.args([
        "-c",
        r#"kill -s INT "$1""#,
        "sh",
        &postmaster.pid.to_string(),
    ]);
    let output = command.output().map_err(cannot("run", shell))?;
    if !output.status.success() {
        return Err(Error::Program {
            program: shell.into(),
            output: tail(&output.stderr),
        });
    }
    wait::until(|| matches!(state(home), State::Stopped).then_some(Stopped::Now))
        .ok_or_else(|| failed(home, "does not end"))
}

/// Always in /tmp: every process must come to the same folder, and the path of a socket has room
/// for some 100 bytes.
fn sockets_of(checkout: &Path) -> PathBuf {
    Path::new("/tmp").join(format!("migrator-{}", folder::short_name(checkout)))
}

fn open_log(path: &Path, account: Account) -> Result<File, Error> {
    let log = OpenOptions::new().append(true).create(true).open(path);
    let log = log.map_err(cannot("open", path))?;
    account.own(path)?;
    Ok(log)
}

fn remove_stale(file: &Path) -> Result<(), Error> {
    match fs::remove_file(file) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(cannot("delete", file)(error)),
        _ => Ok(()),
    }
}

/// The major version that wrote a data folder, if there is one.
fn major_of(data: &Path) -> Result<Option<String>, Error> {
    if !data.exists() {
        return Ok(None);
    }
    let file = data.join("PG_VERSION");
    let text = fs::read_to_string(&file).map_err(cannot("read", &file))?;
    Ok(Some(text.trim().to_owned()))
}

fn programs_of(checkout: &Path, data: &Path, major: String) -> Result<Programs, Error> {
    let same = match major.parse() {
        Ok(number) => Programs::find_major(Some(checkout), number)?,
        Err(_) => None, // before Postgres 10 there were major versions such as 9.6
    };
    match same {
        Some(programs) => Ok(programs),
        None => Err(Error::OtherMajor {
            folder: data.to_owned(),
            data: major,
            found: Programs::find(Some(checkout))?.major,
        }),
    }
}

fn failed(home: &Home, what: &'static str) -> Error {
    let log = fs::read(home.log()).unwrap_or_default();
    Error::Server {
        what,
        folder: home.folder().to_owned(),
        log: tail(&log),
    }
}
