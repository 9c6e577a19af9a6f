//! A temporary server that processes share: started by the first, found by the next, gone with
//! the last. What it runs on, and its settings, are [`Throwaway`](crate::Throwaway)'s.

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

/// Hundreds of tests at once, with some sessions each.
const MORE_SETTINGS: [(&str, &str); 1] = [("max_connections", "1000")];

/// This process's part in a temporary server that several processes share.
///
/// There is one for each user and set of programs. It lives as long as a process that joined it,
/// and a grace time longer, so that tests that are processes one after the other all find it.
/// Killing any or all of them changes nothing of that: a supervisor, a shell, reads from a FIFO
/// that each of them holds open, and the kernel closes it for the dead.
#[derive(Debug)]
pub struct Joined {
    socket: Socket,
    _door: File,
}

impl Joined {
    /// Joins the server, or starts it: one of many processes does, all others wait for it.
    ///
    /// `grace` is how long the server outlives the last process, in whole seconds; that of the
    /// process that started it counts.
    ///
    /// # Errors
    ///
    /// When there are no programs, when the folders cannot be made, and when the server ends or
    /// is not ready within a minute.
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

/// What leads to the server. It is made of what decides which programs are run, as running them
/// to ask for their version would take longer than all the rest.
fn name() -> String {
    let settings = SETTINGS.iter().chain(&MORE_SETTINGS);
    let settings: Vec<String> = settings
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    let key = format!("{}\n{}", Programs::places_searched(), settings.join("\n"));
    format!("joined-{}", folder::short_name(Path::new(&key)))
}

/// Joins the server that a pointer leads to, if there is one that goes on.
fn enter(pointer: &Path) -> Option<Joined> {
    let folder = fs::read_link(pointer).ok()?;
    Some(Joined {
        _door: open_door(&folder)?,
        socket: Socket { folder, port: 5432 },
    })
}

/// Reading as well as writing, as otherwise opening would wait for a supervisor that is dead.
/// After the line the supervisor does not end without having seen that we are gone.
fn open_door(folder: &Path) -> Option<File> {
    let options = OpenOptions::new()
        .read(true)
        .write(true)
        .open(folder.join("door"));
    let mut door = options.ok()?;
    let lives = folder::is_locked(&folder.join("owner.lock"));
    (lives && door.write_all(b"\n").is_ok()).then_some(door)
}

/// The server, once its supervisor has made up its mind whether it goes on.
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

/// Waits until the server accepts sessions. From the first moment we keep the door open.
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

/// Makes the pointer lead to the folder; it never leads nowhere in between.
fn point(pointer: &Path, folder: &Path) -> Result<(), Error> {
    let new = pointer.with_extension("new");
    // Left from a process that was killed here; nobody else is here now.
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
