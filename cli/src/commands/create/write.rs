//! Writes the files of a new migration.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use migrator_model::Code;
use migrator_model::file_name::FileName;

use crate::exit::Exit;
use crate::failure::Failure;

/// Writes all files or none.
pub(crate) fn write_all(
    folder: &Path,
    shown: &Path,
    files: &[(FileName, String)],
) -> Result<(), Failure> {
    let mut written: Vec<PathBuf> = Vec::new();
    let outcome = fs::create_dir_all(folder).and_then(|()| {
        files.iter().try_for_each(|(file, text)| {
            let path = folder.join(file.to_string());
            let mut file = OpenOptions::new()
                .write(true)
                .create_new(true)
                .open(&path)?;
            written.push(path);
            file.write_all(text.as_bytes())
        })
    });
    outcome.map_err(|error: io::Error| {
        for path in &written {
            // If the file cannot be removed, `migrator check` reports it.
            let _ = fs::remove_file(path);
        }
        let message = format!("the files could not be written to `{}`", shown.display());
        let help = "see that this is a folder, and that you may write there";
        Failure::new(Code::M0116, Exit::Failed, message, help).because(error.to_string())
    })
}
