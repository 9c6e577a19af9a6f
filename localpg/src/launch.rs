//! Starts and stops the process of a development server, and finds out whether it runs.

use std::fs::{self, OpenOptions};
use std::io::ErrorKind;
use std::path::Path;
use std::process::{Child, Stdio};

use crate::account::Account;
use crate::cluster;
use crate::error::{Error, cannot, tail};
use crate::folder;
use crate::home::Home;
use crate::postmaster::{Postmaster, Socket};
use crate::programs::Programs;
use crate::wait;

/// The state of a server according to the files and locks of its home.
pub(crate) enum State {
    Ready(Socket),
    /// The server is starting or ending.
    Changing,
    Stopped,
}

pub(crate) fn state(home: &Home) -> State {
    if let Some(postmaster) = Postmaster::ready(&home.data()) {
        return State::Ready(postmaster.socket);
    }
    // A server that somebody started by hand does not hold the lock, but it has a socket.
    let listens = Postmaster::read(&home.data()).is_some_and(|found| found.socket.accepts());
    if listens || folder::is_locked(&home.alive()) {
        State::Changing
    } else {
        State::Stopped
    }
}

/// Starts the server and waits until it is ready. The server must be stopped, and we must hold the
/// lock of starts and stops.
pub(crate) fn start(checkout: &Path, home: &Home, account: Account) -> Result<Socket, Error> {
    let data = home.data();
    let programs = programs_for(checkout, &data)?;
    if !data.exists() {
        cluster::initdb(&programs, account, &data, &[])?;
    }
    fs::write(home.version(), &programs.version).map_err(cannot("write", &home.version()))?;
    let mut server = spawn(home, account, &programs)?;
    let outcome = wait::until(|| match Postmaster::ready(&data) {
        Some(postmaster) => Some(Ok(postmaster.socket)),
        None => matches!(server.try_wait(), Ok(Some(_))).then_some(Err("ended while it started")),
    });
    outcome
        .unwrap_or(Err("has not become ready yet"))
        .map_err(|what| failed(home, what))
}

/// Stops the server and waits until it has ended. We must hold the lock of starts and stops.
pub(crate) fn end(home: &Home, account: Account) -> Result<(), Error> {
    let mut signalled = false;
    let ended = wait::until(|| match state(home) {
        State::Stopped => Some(()),
        State::Ready(_) | State::Changing => {
            // A starting server may not have written the file yet.
            signalled = signalled
                || Postmaster::read(&home.data())
                    .is_some_and(|postmaster| shut_down(&postmaster, account));
            None
        }
    });
    ended.ok_or_else(|| failed(home, "does not end"))
}

/// An error with the end of the server's log.
pub(crate) fn failed(home: &Home, what: &'static str) -> Error {
    let log = fs::read(home.log()).unwrap_or_default();
    Error::Server {
        what,
        folder: home.folder().to_owned(),
        log: tail(&log),
    }
}

fn spawn(home: &Home, account: Account, programs: &Programs) -> Result<Child, Error> {
    folder::make_private(home.sockets(), account)?;
    let alive = folder::lock(&home.alive(), account)?;
    // No process held the lock, so these files are from a crash.
    disown(&home.data().join("postmaster.pid"))?;
    disown(&home.sockets().join(".s.PGSQL.5432.lock"))?;
    let log = OpenOptions::new()
        .append(true)
        .create(true)
        .open(home.log());
    let log = log.map_err(cannot("open", &home.log()))?;
    let log_too = log.try_clone().map_err(cannot("open", &home.log()))?;
    let program = programs.path("postgres");
    let mut command = account.command(&program);
    command.args(cluster::arguments(&home.data(), home.sockets(), &[]));
    command
        .stdin(alive)
        .stdout(log)
        .stderr(log_too)
        .spawn()
        .map_err(cannot("run", &program))
}

/// Sends SIGINT, Postgres's fast shutdown, through `sh`, because std sends no signals.
/// Asks a server to end its sessions and itself. Returns whether there is such a process.
pub(crate) fn shut_down(postmaster: &Postmaster, account: Account) -> bool {
    let pid = postmaster.pid.to_string();
    let mut command = account.command("sh");
    command
        .args(["-c", r#"kill -s INT "$0""#, &pid])
        .stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}

/// Removes the process id from a lock file of Postgres. Another program may have this id now, and
/// Postgres would then refuse to start. The other lines remain: with them Postgres finds the shared
/// memory that the crash left, and refuses to start if a process still uses this.
fn disown(file: &Path) -> Result<(), Error> {
    const NOBODY: i32 = i32::MAX; // no system gives its processes such ids
    let text = match fs::read_to_string(file) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        read => read.map_err(cannot("read", file))?,
    };
    match text.split_once('\n') {
        Some((_pid, rest)) => fs::write(file, format!("{NOBODY}\n{rest}")),
        None => fs::remove_file(file), // cut short by the crash
    }
    .map_err(cannot("write", file))
}

/// The programs of the major version that wrote the data, or any version if there are no data.
fn programs_for(checkout: &Path, data: &Path) -> Result<Programs, Error> {
    if !data.exists() {
        return Programs::find(Some(checkout));
    }
    let file = data.join("PG_VERSION");
    let text = fs::read_to_string(&file).map_err(cannot("read", &file))?;
    let major = text.trim();
    let same = match major.parse() {
        Ok(number) => Programs::find_major(Some(checkout), number)?,
        Err(_) => None, // before Postgres 10 there were major versions such as 9.6
    };
    match same {
        Some(programs) => Ok(programs),
        None => Err(Error::OtherMajor {
            folder: data.to_owned(),
            data: major.to_owned(),
            found: Programs::find(Some(checkout))?.major,
        }),
    }
}
