//! Where a checkout's development server lives.

use std::fs;
use std::io::ErrorKind;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use crate::account::Account;
use crate::error::{Error, cannot};
use crate::folder;

/// For the data of checkouts that the server's user cannot enter, such as those in root's home.
const SHARED: &str = "/var/lib/migrator";

/// `.migrator/dev` in the checkout, or the folder that it links to.
#[derive(Debug)]
pub(crate) struct Home {
    folder: PathBuf,
    sockets: PathBuf,
}

impl Home {
    /// The home that a checkout, an absolute path, has already.
    pub(crate) fn of(checkout: &Path) -> Option<Self> {
        let folder = fs::canonicalize(checkout.join(".migrator/dev")).ok()?;
        Some(Self::at(folder, checkout))
    }

    /// The checkout's home, made if it is missing. Several processes may do this at once.
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

    /// Where the server listens: always in `/tmp`, as every process must come to the same folder,
    /// and the path of a socket has room for some 100 bytes.
    pub(crate) fn sockets(&self) -> &Path {
        &self.sockets
    }

    pub(crate) fn data(&self) -> PathBuf {
        self.folder.join("data")
    }

    pub(crate) fn log(&self) -> PathBuf {
        self.folder.join("log")
    }

    /// Locked by whoever starts or stops the server.
    pub(crate) fn turn(&self) -> PathBuf {
        self.folder.join("turn.lock")
    }

    /// Locked by the server itself, which inherits it as its standard input: as long as one of
    /// its processes lives, and no longer, whatever `postmaster.pid` says.
    pub(crate) fn alive(&self) -> PathBuf {
        self.folder.join("alive.lock")
    }

    /// The version of the programs that were started last.
    pub(crate) fn version(&self) -> PathBuf {
        self.folder.join("version")
    }
}
