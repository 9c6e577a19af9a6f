//! Folders for temporary data: `migrator-<uid>` in memory, or in the folder for temporary files.

use std::env;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process;
use std::sync::atomic::{AtomicU32, Ordering};

use crate::account::Account;
use crate::error::{Error, cannot};
use crate::folder;

/// Linux's file system in memory.
const MEMORY: &str = "/dev/shm";

/// The folder for temporary files if the server's user cannot enter `TMPDIR`, or its path is too
/// long.
const LAST_RESORT: &str = "/tmp";

/// Free memory below which [`MEMORY`] is not used, in KiB; Docker's default has 64 MiB. A test with 400
/// databases needs 3 GiB.
const ENOUGH: u64 = 4 * 1024 * 1024;

/// The maximum length of the path, so that the path of a socket in it has at most 104 bytes.
const LONGEST: usize = 60;

/// The folder for data that many processes use, on a disk.
pub(crate) fn on_disk(account: Account) -> Result<PathBuf, Error> {
    usable(&env::temp_dir(), account).or_else(|_| usable(LAST_RESORT.as_ref(), account))
}

/// The usual folder of [`on_disk`], if it exists. The process that created something in it has
/// checked that the server's user may enter it.
pub(crate) fn existing(account: Account) -> Option<PathBuf> {
    let folder = of_user(&env::temp_dir(), account);
    folder::is_private(&folder, account).then_some(folder)
}

/// The folder for temporary servers, in memory when there is plenty.
pub(crate) fn quickest(account: Account) -> Result<PathBuf, Error> {
    match memory_is_plenty().then(|| usable(MEMORY.as_ref(), account)) {
        Some(Ok(folder)) => Ok(folder),
        Some(Err(_)) | None => on_disk(account),
    }
}

/// Creates a folder for a server, and removes the folders of dead processes.
///
/// The process holds the lock of the returned file until it ends. The lock of `scratch` is held
/// meanwhile, so that no other process sees the folder before it is locked.
pub(crate) fn new_folder(scratch: &Path, account: Account) -> Result<(PathBuf, File), Error> {
    let _turn = folder::lock(&scratch.join("servers.lock"), account)?;
    sweep(scratch)?;
    let mut folder = numbered(scratch);
    while folder.exists() {
        // Containers that share the folder may have the same process ids.
        folder = numbered(scratch);
    }
    folder::make_private(&folder, account)?;
    let owner = folder::lock(&folder.join("owner.lock"), account)?;
    Ok((folder, owner))
}

fn numbered(scratch: &Path) -> PathBuf {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    scratch.join(format!("server-{}-{number}", process::id()))
}

/// If a server still runs in a removed folder, it notices this within a minute, and ends.
fn sweep(scratch: &Path) -> Result<(), Error> {
    let entries = fs::read_dir(scratch).map_err(cannot("read", scratch))?;
    for entry in entries.flatten() {
        let is_server = entry.file_name().to_string_lossy().starts_with("server-");
        if is_server && !folder::is_locked(&entry.path().join("owner.lock")) {
            // Its supervisor may remove the same files. The next sweep removes the rest.
            let _ = fs::remove_dir_all(entry.path());
        }
    }
    Ok(())
}

fn usable(place: &Path, account: Account) -> Result<PathBuf, Error> {
    let folder = of_user(place, account);
    if place.is_absolute() && place.as_os_str().len() <= LONGEST {
        folder::make_private(&folder, account)?;
        if account.may_enter(&folder)? {
            return Ok(folder);
        }
    }
    Err(Error::NotPrivate { folder })
}

fn of_user(place: &Path, account: Account) -> PathBuf {
    place.join(format!("migrator-{}", account.uid()))
}

fn memory_is_plenty() -> bool {
    let mounts = fs::read_to_string("/proc/mounts").unwrap_or_default();
    let is_memory = mounts.lines().any(|line| {
        let mut fields = line.split_whitespace().skip(1);
        fields.next() == Some(MEMORY) && fields.next() == Some("tmpfs")
    });
    is_memory && free_kib(MEMORY.as_ref()).is_some_and(|free| free >= ENOUGH)
}

/// The free space of the file system that has this folder, in KiB, if `df` reports it. The standard
/// library does not offer this. POSIX requires `df` and this format.
#[must_use]
pub fn free_kib(folder: &Path) -> Option<u64> {
    let output = process::Command::new("df")
        .arg("-Pk")
        .arg(folder)
        .output()
        .ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    text.lines().nth(1)?.split_whitespace().nth(3)?.parse().ok()
}
