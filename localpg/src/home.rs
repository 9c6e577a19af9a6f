//! The folders of a checkout's development server.

use std::fs;
use std::io::ErrorKind;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use crate::account::Account;
use crate::error::{Error, cannot};
use crate::folder;

/// The folder for data of checkouts that the server's user cannot enter, such as in root's home.
const SHARED: &str = "/var/lib/migrator";

/// `.migrator/dev` in the checkout, or the folder that it links to.
#[derive(Debug)]
pub(crate) struct Home {
    folder: PathBuf,
    sockets: PathBuf,
}

impl Home {
    /// The existing home of a checkout, which is an absolute path.
    pub(crate) fn of(checkout: &Path) -> Option<Self> {
        let folder = fs::canonicalize(checkout.join(".migrator/dev")).ok()?;
        Some(Self::at(folder, checkout))
    }

    /// The checkout's home, which is created if it is missing. Several processes may do this at once.
    pub(crate) fn make(checkout: &Path, account: Account) -> Result<Self, Error> {
        let parent = checkout.join(".migrator");
        if !parent.is_dir() {
            fs::create_dir_all(&parent).map_err(cannot("create", &parent))?;
            let ignore = parent.join(".gitignore");
            fs::write(&ignore, "*\n").map_err(cannot("write", &ignore))?;
        }
        let place = parent.join("dev");
        if place.symlink_metadata().is_err() && !account.may_enter(&parent)? {
            let target = Path::new(SHARED).join(folder::short_name(checkout));
            match symlink(target, &place) {
                Err(error) if error.kind() != ErrorKind::AlreadyExists => {
                    return Err(cannot("create", &place)(error));
                }
                _ => {}
            }
        }
        let folder = fs::read_link(&place).map_or(place, |target| parent.join(target));
        if folder.starts_with(SHARED) {
            folder::make_open(SHARED.as_ref())?;
        }
        folder::make_private(&folder, account)?;
        Ok(Self::at(folder, checkout))
    }

    fn at(folder: PathBuf, checkout: &Path) -> Self {
        let name = format!("migrator-{}", folder::short_name(checkout));
        Self {
            folder,
            sockets: Path::new("/tmp").join(name),
        }
    }

    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// The folder of the server's socket. It is in `/tmp`, because every process must find the same
    /// folder, and the path of a socket has at most about 100 bytes.
    pub(crate) fn sockets(&self) -> &Path {
        &self.sockets
    }

    pub(crate) fn data(&self) -> PathBuf {
        self.folder.join("data")
    }

    pub(crate) fn log(&self) -> PathBuf {
        self.folder.join("log")
    }

    /// The lock of a process that starts or stops the server.
    pub(crate) fn turn(&self) -> PathBuf {
        self.folder.join("turn.lock")
    }

    /// The lock of the server itself, which inherits it as its standard input. It is held exactly as
    /// long as a process of the server lives; `postmaster.pid` may be wrong about this.
    pub(crate) fn alive(&self) -> PathBuf {
        self.folder.join("alive.lock")
    }

    /// The version of the programs of the last start.
    pub(crate) fn version(&self) -> PathBuf {
        self.folder.join("version")
    }
}
