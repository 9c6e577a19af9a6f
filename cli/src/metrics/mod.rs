//! The file of `--metrics`, in the text format of Prometheus: `node_exporter` reads it from its
//! folder for text files.
//!
//! `samples` reads and writes the format, and `collect` turns the document of a command into samples.

mod collect;
mod samples;

use std::io::{self, ErrorKind};
use std::path::Path;
use std::time::Duration;
use std::{fs, process};

use self::collect::collect;
use self::samples::Samples;
use crate::view::Document;

/// Adds a command that has ended to the file. The samples of other commands and databases remain.
///
/// # Errors
///
/// The file cannot be read or written, or it is not a file of metrics of this program. A link stays;
/// the file that it leads to is replaced.
pub(crate) fn write(
    path: &Path,
    command: &str,
    document: &Document,
    elapsed: Duration,
) -> io::Result<()> {
    let (path, mut samples) = match fs::canonicalize(path) {
        Ok(path) => {
            let samples = read(&path)?;
            (path, samples)
        }
        Err(error) if error.kind() == ErrorKind::NotFound => (path.into(), Samples::default()),
        Err(error) => return Err(error),
    };
    collect(&mut samples, command, document, elapsed);
    replace_at_once(&path, &samples.to_string())
}

/// Reads a file that exists. A device or a pipe could not be replaced by a file.
fn read(path: &Path) -> io::Result<Samples> {
    if !fs::metadata(path)?.is_file() {
        let why = "it is not a regular file";
        return Err(io::Error::new(ErrorKind::InvalidInput, why));
    }
    Samples::parse(&fs::read_to_string(path)?).ok_or_else(not_ours)
}

fn not_ours() -> io::Error {
    let why = "it has lines that this command did not write";
    io::Error::new(ErrorKind::InvalidData, why)
}

/// A reader sees the old file or the new one, never a part. `node_exporter` reads no hidden file.
fn replace_at_once(path: &Path, text: &str) -> io::Result<()> {
    let name = path.file_name().ok_or(ErrorKind::InvalidFilename)?;
    let name = name.to_string_lossy();
    let new = path.with_file_name(format!(".{name}.{}", process::id()));
    let replaced = fs::write(&new, text).and_then(|()| fs::rename(&new, path));
    if replaced.is_err() {
        // The error of the write says more than an error of the removal.
        let _ = fs::remove_file(&new);
    }
    replaced
}
