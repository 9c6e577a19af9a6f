//! Data folders of temporary servers that are kept, so that a later server starts with their
//! databases.
//!
//! They lie beside the template of temporary servers, in `migrator-<uid>` in the folder for temporary
//! files. Anybody may delete them while no server starts.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use crate::account::Account;
use crate::error::{Error, cannot, tail};
use crate::folder;
use crate::programs::Programs;
use crate::scratch;

/// How many data folders are kept: those that were used last.
const KEPT: usize = 3;

/// The beginning of the folders' names.
const PREFIX: &str = "kept-";

/// The place of the data with a key, and the lock that keeps it there.
pub(crate) struct Kept {
    account: Account,
    scratch: PathBuf,
    data: PathBuf,
    _turn: File,
}

impl Kept {
    /// The place of the data of these programs with a key, which is a part of a file's name. Waits for other processes that use such
    /// data.
    pub(crate) fn of(programs: &Programs, key: &str) -> Result<Kept, Error> {
        let account = Account::of_servers()?;
        let scratch = scratch::on_disk(account)?;
        let turn = folder::lock(&scratch.join("kept.lock"), account)?;
        let programs = folder::short_name(&programs.bin.join(&programs.version));
        let name = format!("{PREFIX}{programs}-{key}");
        Ok(Kept {
            account,
            data: scratch.join(name),
            scratch,
            _turn: turn,
        })
    }

    /// The data, if they are there. Notes that they are used.
    pub(crate) fn data(&self) -> Option<&Path> {
        let folder = File::open(&self.data).ok()?;
        // Without the time, the folder is only removed sooner.
        let _ = folder.set_modified(SystemTime::now());
        Some(&self.data)
    }

    /// Copies the data of a server that has ended, and removes the data that were not used for the
    /// longest time.
    pub(crate) fn copy(&self, data: &Path) -> Result<(), Error> {
        let unfinished = self.data.with_extension("new");
        let _ = fs::remove_dir_all(&unfinished);
        let program = Path::new("cp");
        let mut command = self.account.command(program);
        let output = command.arg("-R").arg(data).arg(&unfinished).output();
        let output = output.map_err(cannot("run", program))?;
        if !output.status.success() {
            let _ = fs::remove_dir_all(&unfinished);
            return Err(Error::Program {
                program: program.to_owned(),
                output: tail(&output.stderr),
            });
        }
        let _ = fs::remove_dir_all(&self.data);
        fs::rename(&unfinished, &self.data).map_err(cannot("create", &self.data))?;
        self.data();
        self.remove_old()
    }

    fn remove_old(&self) -> Result<(), Error> {
        let entries = fs::read_dir(&self.scratch).map_err(cannot("read", &self.scratch))?;
        let mut kept: Vec<(SystemTime, PathBuf)> = Vec::new();
        for entry in entries.flatten() {
            let is_kept = entry.file_name().to_string_lossy().starts_with(PREFIX);
            let used = entry.metadata().and_then(|metadata| metadata.modified());
            if let (true, Ok(used)) = (is_kept && entry.path().is_dir(), used) {
                kept.push((used, entry.path()));
            }
        }
        kept.sort();
        let old = kept.len().saturating_sub(KEPT);
        for (_, folder) in kept.into_iter().take(old) {
            fs::remove_dir_all(&folder).map_err(cannot("delete", &folder))?;
        }
        Ok(())
    }
}
