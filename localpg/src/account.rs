//! The user that servers run as: our own, or another user for root, because Postgres refuses root.
//!
//! std clears the supplementary groups of a child if it changes the uid. So such a server has only
//! the rights of its uid and gid.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::fs::{MetadataExt, chown};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::error::{Error, cannot, tail};

/// The users as which root runs servers: the first one that exists.
const SUBSTITUTES: [&str; 2] = ["postgres", "nobody"];

/// The variables that find programs and libraries.
const PASSED_ON: [&str; 3] = ["PATH", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH"];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Account {
    /// We are not root: the server runs as we do.
    Own { uid: u32 },
    /// We are root: the server runs as this user.
    Other { uid: u32, gid: u32 },
}

impl Account {
    /// The user that a server started by this process runs as.
    pub(crate) fn of_servers() -> Result<Self, Error> {
        match own_uid()? {
            0 => {
                let passwd = Path::new("/etc/passwd");
                let users = fs::read_to_string(passwd).map_err(cannot("read", passwd))?;
                substitute(&users).ok_or(Error::NoAccount)
            }
            uid => Ok(Self::Own { uid }),
        }
    }

    pub(crate) fn uid(self) -> u32 {
        match self {
            Self::Own { uid } | Self::Other { uid, .. } => uid,
        }
    }

    /// A program to run as this user, with messages in English, in a folder that everybody may read.
    /// Its process group is its own, so that Ctrl-C on the terminal does not reach the program.
    ///
    /// From our environment, the program gets only the paths of programs and libraries. A server reads
    /// some `PG…` variables, and its programs must not get our secrets.
    pub(crate) fn command(self, program: impl AsRef<OsStr>) -> Command {
        let mut command = Command::new(program);
        command
            .current_dir("/")
            .process_group(0)
            .stdin(Stdio::null())
            .env_clear()
            .env("LC_ALL", "C");
        for name in PASSED_ON {
            command.envs(std::env::var_os(name).map(|value| (name, value)));
        }
        if let Self::Other { uid, gid } = self {
            command.uid(uid).gid(gid);
        }
        command
    }

    /// Makes this user the owner of a file or folder of ours.
    pub(crate) fn own(self, path: &Path) -> Result<(), Error> {
        match self {
            Self::Own { .. } => Ok(()),
            Self::Other { uid, gid } => {
                chown(path, Some(uid), Some(gid)).map_err(cannot("change the owner of", path))
            }
        }
    }

    /// Whether this user may enter the folder, with all folders above it. A child process tries this,
    /// because the modes alone do not show it. If the child does not run, this is an error.
    pub(crate) fn may_enter(self, folder: &Path) -> Result<bool, Error> {
        match self {
            Self::Own { .. } => Ok(true),
            Self::Other { .. } => {
                let program = Path::new("test");
                let status = self.command(program).arg("-x").arg(folder).status();
                let status = status.map_err(cannot("run", program))?;
                Ok(status.success())
            }
        }
    }
}

/// Our uid, which std does not offer. On Linux `/proc/self` belongs to this uid (proc(5)). Elsewhere
/// `id` prints it, which POSIX requires.
fn own_uid() -> Result<u32, Error> {
    if let Ok(process) = fs::metadata("/proc/self") {
        return Ok(process.uid());
    }
    let program = Path::new("id");
    let output = Command::new(program)
        .arg("-u")
        .output()
        .map_err(cannot("run", program))?;
    let text = String::from_utf8_lossy(&output.stdout);
    text.trim().parse().map_err(|_| Error::Program {
        program: program.to_owned(),
        output: tail(&output.stderr),
    })
}

fn substitute(passwd: &str) -> Option<Account> {
    let find = |name: &&str| {
        passwd.lines().find_map(|line| {
            let mut fields = line.split(':');
            (fields.next()? == *name).then_some(())?;
            let (uid, gid) = (fields.nth(1)?.parse().ok()?, fields.next()?.parse().ok()?);
            (uid != 0).then_some(Account::Other { uid, gid })
        })
    };
    SUBSTITUTES.iter().find_map(find)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOBODY: &str = "nobody:x:65534:65533:nobody:/nonexistent:/usr/sbin/nologin\n";

    #[test]
    fn postgres_goes_before_nobody() {
        let users = format!("root:x:0:0::/root:/bin/sh\n{NOBODY}postgres:x:101:104:::\n");
        assert_eq!(
            substitute(&users),
            Some(Account::Other { uid: 101, gid: 104 })
        );
        assert_eq!(
            substitute(NOBODY),
            Some(Account::Other {
                uid: 65534,
                gid: 65533
            })
        );
    }

    #[test]
    fn without_a_usable_user_there_is_none() {
        assert_eq!(
            substitute("root:x:0:0::/root:/bin/sh\nnobody:*:-2:-2:::\n"),
            None
        );
        assert_eq!(substitute("postgres:x:0:0:::\n"), None);
    }
}
