//! Creates folders that only the server's user may enter, and locks files between processes.

use std::fs::{self, DirBuilder, File, OpenOptions, Permissions};
use std::io::ErrorKind;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::Path;

use crate::account::Account;
use crate::error::{Error, cannot};

/// Creates a folder of mode 0700 for the server's user. An existing folder must have the same mode
/// and owner, because in `/tmp` anybody can create it.
pub(crate) fn make_private(folder: &Path, account: Account) -> Result<(), Error> {
    match DirBuilder::new().mode(0o700).create(folder) {
        Ok(()) => account.own(folder),
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {
            let found = fs::symlink_metadata(folder).map_err(cannot("look at", folder))?;
            // Another process of root may have created the folder, but not yet changed its owner.
            let owned = found.uid() == account.uid() || found.uid() == 0;
            if found.is_dir() && owned && found.mode() & 0o777 == 0o700 {
                account.own(folder)
            } else {
                Err(Error::NotPrivate {
                    folder: folder.to_owned(),
                })
            }
        }
        Err(error) => Err(cannot("create", folder)(error)),
    }
}

/// Whether the folder exists, has mode 0700, and belongs to the server's user.
pub(crate) fn is_private(folder: &Path, account: Account) -> bool {
    fs::symlink_metadata(folder).is_ok_and(|found| {
        found.is_dir() && found.uid() == account.uid() && found.mode() & 0o777 == 0o700
    })
}

/// Creates a folder that everybody may enter, with any umask.
pub(crate) fn make_open(folder: &Path) -> Result<(), Error> {
    fs::create_dir_all(folder)
        .and_then(|()| fs::set_permissions(folder, Permissions::from_mode(0o755)))
        .map_err(cannot("create", folder))
}

/// Creates a missing file, and waits for the lock of the file. The lock belongs to the open file:
/// processes that inherit it share the lock, and the kernel releases it when the last one ends.
pub(crate) fn lock(path: &Path, account: Account) -> Result<File, Error> {
    let file = OpenOptions::new()
        .read(true)
        .append(true)
        .create(true)
        .mode(0o600)
        .open(path);
    let file = file.map_err(cannot("open", path))?;
    account.own(path)?;
    file.lock().map_err(cannot("lock", path))?;
    Ok(file)
}

/// Whether a process holds the lock of a file. The check itself holds a shared lock for a moment, so
/// several processes can check at once, and a process that wants the lock must wait.
pub(crate) fn is_locked(path: &Path) -> bool {
    File::open(path).is_ok_and(|file| file.try_lock_shared().is_err())
}

/// A short name for a path, the same in every build: its FNV-1a hash in hexadecimal digits.
pub(crate) fn short_name(path: &Path) -> String {
    let hash = path
        .as_os_str()
        .as_bytes()
        .iter()
        .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
            (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3)
        });
    format!("{hash:016x}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_that_others_may_enter_is_refused() {
        let parent = tempfile::tempdir().unwrap();
        let folder = parent.path().join("open");
        let account = Account::of_servers().unwrap();
        make_private(&folder, account).unwrap();
        make_private(&folder, account).unwrap();
        fs::set_permissions(&folder, Permissions::from_mode(0o711)).unwrap();
        assert!(matches!(
            make_private(&folder, account),
            Err(Error::NotPrivate { .. })
        ));
    }

    #[test]
    fn a_lock_is_seen_until_it_is_dropped() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lock");
        assert!(!is_locked(&path));
        let held = lock(&path, Account::of_servers().unwrap()).unwrap();
        assert!(is_locked(&path));
        drop(held);
        assert!(!is_locked(&path));
    }

    #[test]
    fn names_of_paths_never_change() {
        // A published test vector of FNV.
        assert_eq!(short_name(Path::new("a")), "af63dc4c8601ec8c");
    }
}
