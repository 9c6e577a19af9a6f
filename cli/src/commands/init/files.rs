//! Writes the files of `init`. A file that exists stays as it is, or gets more lines.

use std::fs::{self, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::path::Path;

use migrator_model::Code;

use crate::exit::Exit;
use crate::failure::Failure;

/// Whether a file is read or executed.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Purpose {
    /// People and programs read it.
    Text,
    /// The system executes it.
    Program,
}

/// Writes a file with its folders. Returns whether the file is new: a file that exists, or anything
/// else in its place, stays as it is.
pub(super) fn create(path: &Path, text: &str, purpose: Purpose) -> Result<bool, Failure> {
    write_new(path, text, purpose).map_err(|error| unwritten(path, &error))
}

/// Replaces the bytes of a file at once, so that an interruption leaves the old bytes or the new.
pub(super) fn replace(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    replace_at_once(path, bytes).map_err(|error| unwritten(path, &error))
}

/// The failure to read a file.
pub(super) fn unread(path: &Path, error: &io::Error) -> Failure {
    failed(
        path,
        "read",
        "see that it is a text file, and that you may read it",
        error,
    )
}

fn unwritten(path: &Path, error: &io::Error) -> Failure {
    failed(
        path,
        "written",
        "see that you may write to its folder",
        error,
    )
}

fn failed(path: &Path, verb: &str, help: &str, error: &io::Error) -> Failure {
    let message = format!("`{}` cannot be {verb}", path.display());
    Failure::new(Code::M0116, Exit::Failed, message, help).because(error.to_string())
}

fn write_new(path: &Path, text: &str, purpose: Purpose) -> io::Result<bool> {
    if path.symlink_metadata().is_ok() {
        return Ok(false);
    }
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    if purpose == Purpose::Program {
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o755);
    }
    #[cfg(not(unix))]
    let _ = purpose;
    let mut file = match options.open(path) {
        Ok(file) => file,
        // Another process was faster.
        Err(error) if error.kind() == ErrorKind::AlreadyExists => return Ok(false),
        Err(error) => return Err(error),
    };
    let written = file.write_all(text.as_bytes());
    if written.is_err() {
        // The error of the write says more than an error of the removal.
        let _ = fs::remove_file(path);
    }
    written.map(|()| true)
}

fn replace_at_once(path: &Path, bytes: &[u8]) -> io::Result<()> {
    // A link stays a link.
    let target = path.canonicalize()?;
    let new = target.with_extension("migrator-init");
    let replaced = fs::write(&new, bytes)
        .and_then(|()| fs::set_permissions(&new, fs::metadata(&target)?.permissions()))
        .and_then(|()| fs::rename(&new, &target));
    if replaced.is_err() {
        // The error of the write says more than an error of the removal.
        let _ = fs::remove_file(&new);
    }
    replaced
}
