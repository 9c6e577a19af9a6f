//! A temporary server that processes share. The first process starts it, the next ones find it, and
//! it ends after the last one. Its data and settings are those of [`Throwaway`](crate::Throwaway).

use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Child;
use std::time::Duration;

use crate::account::Account;
use crate::cluster;
use crate::error::{Error, cannot, tail};
use crate::folder;
use crate::postmaster::{Postmaster, Socket};
use crate::programs::Programs;
use crate::scratch;
use crate::template;
use crate::throwaway::SETTINGS;
use crate::wait;

/// Enough for hundreds of tests at once, with some sessions each.
const MORE_SETTINGS: [(&str, &str); 1] = [("max_connections", "1000")];

/// This process's part in a temporary server that several processes share.
///
/// There is one server for each user and set of programs. The server runs until the last process
/// has left it, and a grace time longer, so that consecutive test processes share it. This also
/// works if processes are killed: each process holds a FIFO open, the kernel closes it for a dead
/// process, and a supervisor, a shell, reads from it.
#[derive(Debug)]
pub struct Joined {
    socket: Socket,
    _door: File,
}

impl Joined {
    /// Joins the server or starts it. If many processes call this at once, one starts the server, and
    /// the others wait.
    ///
    /// `grace` is the time for which the server remains after the last process, in whole seconds. The
    /// value of the process that starts the server counts.
    ///
    /// # Errors
    ///
    /// There are no programs, a folder cannot be created, or the server ends or is not ready within a
    /// minute.
    pub fn join(grace: Duration) -> Result<Self, Error> {
        let account = Account::of_servers()?;
        let name = name();
        let existing = scratch::existing(account);
        if let Some(joined) = existing.and_then(|scratch| enter(&scratch.join(&name))) {
            return Ok(joined);
        }
        let scratch = scratch::on_disk(account)?;
        let pointer = scratch.join(&name);
        let _turn = folder::lock(&pointer.with_extension("lock"), account)?;
        match settled(&pointer) {
            Some(joined) => Ok(joined),
            None => start(&scratch, &pointer, account, grace),
        }
    }

    /// The URL of a database, for libpq and tokio-postgres alike. `postgres` is always there.
    #[must_use]
    pub fn url(&self, database: &str) -> String {
        self.socket.url(database)
    }

    /// The server's folder, with its `data` and its `log`.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.socket.folder
    }
}

/// The link to the server's folder. Its name comes from the places in which the programs are
/// searched: running the programs for their version would take longer than everything else.
fn name() -> String {
    let settings = SETTINGS.iter().chain(&MORE_SETTINGS);
    let settings: Vec<String> = settings
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    let key = format!("{}\n{}", Programs::places_searched(), settings.join("\n"));
    format!("joined-{}", folder::short_name(Path::new(&key)))
}

/// Joins the server of a link, if there is one and it continues.
fn enter(pointer: &Path) -> Option<Joined> {
    let folder = fs::read_link(pointer).ok()?;
    Some(Joined {
        _door: open_door(&folder)?,
        socket: Socket { folder, port: 5432 },
    })
}

/// Opens the FIFO for reading too: otherwise this would wait for a supervisor that may be dead.
/// Once we have written a line, the supervisor does not end before we close the FIFO.
fn open_door(folder: &Path) -> Option<File> {
    let options = OpenOptions::new()
        .read(true)
        .write(true)
        .open(folder.join("door"));
    let mut door = options.ok()?;
    let lives = folder::is_locked(&folder.join("owner.lock"));
    (lives && door.write_all(b"\n").is_ok()).then_some(door)
}

/// The server, if its supervisor decides to continue.
fn settled(pointer: &Path) -> Option<Joined> {
    let undecided = || {
        let shut = pointer.join("shut").exists();
        shut && folder::is_locked(&pointer.join("owner.lock"))
    };
    wait::until(|| match enter(pointer) {
        None if undecided() => None,
        settled => Some(settled),
    })
    .flatten()
}

fn start(
    scratch: &Path,
    pointer: &Path,
    account: Account,
    grace: Duration,
) -> Result<Joined, Error> {
    let programs = Programs::find(None)?;
    let template = template::data_folder(scratch, &programs, account)?;
    let (folder, owner) = scratch::new_folder(&scratch::quickest(account)?, account)?;
    let mut supervisor = supervise(&folder, owner, &template, &programs, account, grace)?;
    let door = ready(&folder, &mut supervisor)?;
    point(pointer, &folder)?;
    Ok(Joined {
        socket: Socket { folder, port: 5432 },
        _door: door,
    })
}

/// Waits until the server accepts sessions. The FIFO is open before, so that the server remains.
fn ready(folder: &Path, supervisor: &mut Child) -> Result<File, Error> {
    let mut door = None;
    let outcome = wait::until(|| {
        door = door.take().or_else(|| open_door(folder));
        if door.is_some() && Postmaster::ready(&folder.join("data")).is_some() {
            return Some(Ok(()));
        }
        let ended = folder.join("ended").exists() || matches!(supervisor.try_wait(), Ok(Some(_)));
        ended.then_some(Err("ended while it started"))
    });
    match (outcome.unwrap_or(Err("is not ready")), door) {
        (Ok(()), Some(door)) => Ok(door),
        (outcome, _) => Err(Error::Server {
            what: outcome.err().unwrap_or("is not ready"),
            folder: folder.to_owned(),
            log: tail(&fs::read(folder.join("log")).unwrap_or_default()),
        }),
    }
}

/// Replaces the link atomically.
fn point(pointer: &Path, folder: &Path) -> Result<(), Error> {
    let new = pointer.with_extension("new");
    // A process was killed here and left the file. We hold the lock, so no other process is here.
    let _ = fs::remove_file(&new);
    symlink(folder, &new)
        .and_then(|()| fs::rename(&new, pointer))
        .map_err(cannot("create", pointer))
}

fn supervise(
    folder: &Path,
    owner: File,
    template: &Path,
    programs: &Programs,
    account: Account,
    grace: Duration,
) -> Result<Child, Error> {
    let log_path: PathBuf = folder.join("log");
    let log = File::create(&log_path).map_err(cannot("create", &log_path))?;
    let log_too = log.try_clone().map_err(cannot("create", &log_path))?;
    let shell = Path::new("sh");
    let mut command = account.command(shell);
    command.args(["-c", include_str!("joined.sh"), "joined.sh"]);
    command
        .arg(folder)
        .arg(template)
        .arg(grace.as_secs().to_string());
    command.arg(programs.path("postgres"));
    let settings = [&SETTINGS[..], &MORE_SETTINGS].concat();
    command.args(cluster::arguments(&folder.join("data"), folder, &settings));
    command
        .stdin(owner)
        .stdout(log)
        .stderr(log_too)
        .spawn()
        .map_err(cannot("run", shell))
}
