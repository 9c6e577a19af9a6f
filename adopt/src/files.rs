//! The files of another tool's folder.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;
use std::path::Path;

use migrator_model::{Code, Place, Problem, sql};

/// The files in a folder and in the folders below it, by path relative to the folder, with `/`.
///
/// If the user named a file, it is the only one.
#[derive(Clone, Debug, Default)]
pub struct Files {
    root: String,
    files: BTreeMap<String, Vec<u8>>,
}

/// How deep below the folder a tool keeps files.
const DEPTH: usize = 4;

impl Files {
    /// Reads the files in `path`. In problems, their paths start with `shown`.
    ///
    /// Hidden files, `node_modules` and `target` are not read. Links are followed.
    ///
    /// # Errors
    ///
    /// The folder, or a file in it, cannot be read.
    pub fn read(path: &Path, shown: &str) -> Result<Files, Box<Problem>> {
        let mut files = Files {
            root: shown.to_owned(),
            files: BTreeMap::new(),
        };
        let outcome = match path.is_file() {
            true => fs::read(path).map(|bytes| {
                let name = path.file_name().unwrap_or_default().to_string_lossy();
                let above = path.with_file_name("");
                files.root = shown.strip_suffix(&*name).map_or_else(
                    || above.display().to_string(),
                    |root| root.trim_end_matches('/').to_owned(),
                );
                files.files.insert(name.into_owned(), bytes);
            }),
            false => read_folder(path, "", DEPTH, &mut files.files),
        };
        outcome.map(|()| files).map_err(|error| {
            let message = format!("`{shown}` cannot be read: {error}");
            let help = "name the folder with the migrations of the other tool";
            Problem::at(Code::M1001, Place::file(shown), message, help).into()
        })
    }

    /// A folder in memory, for tests.
    #[must_use]
    pub fn of(root: &str, files: &[(&str, &str)]) -> Files {
        let files = files.iter();
        let files = files.map(|(path, text)| ((*path).to_owned(), text.as_bytes().to_vec()));
        Files {
            root: root.to_owned(),
            files: files.collect(),
        }
    }

    /// The paths of all files, sorted by their bytes.
    pub fn paths(&self) -> impl Iterator<Item = &str> {
        self.files.keys().map(String::as_str)
    }

    /// The names of the files directly in the folder, sorted by their bytes.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.paths().filter(|path| !path.contains('/'))
    }

    /// The names of the folders directly in the folder, sorted by their bytes.
    #[must_use]
    pub fn folders(&self) -> BTreeSet<&str> {
        let folder = |path: &'_ str| path.find('/');
        let folders = self.files.keys();
        folders
            .filter_map(|path| folder(path).map(|end| &path[..end]))
            .collect()
    }

    /// Whether there is a file with this path.
    #[must_use]
    pub fn has(&self, path: &str) -> bool {
        self.files.contains_key(path)
    }

    /// The path of a file as in problems.
    #[must_use]
    pub fn shown(&self, path: &str) -> String {
        match self.root.as_str() {
            "" | "." => path.to_owned(),
            root => format!("{root}/{path}"),
        }
    }

    /// The text of a file, without a byte-order mark and with `\n` at the end of each line.
    ///
    /// # Errors
    ///
    /// There is no such file, or it is not UTF-8.
    pub fn text(&self, path: &str) -> Result<String, Box<Problem>> {
        let at = || Place::file(self.shown(path));
        let Some(bytes) = self.files.get(path) else {
            let message = "this file does not exist";
            let help = "name the folder with the migrations of the other tool";
            return Err(Problem::at(Code::M1001, at(), message, help).into());
        };
        match std::str::from_utf8(bytes) {
            Ok(text) => Ok(sql::normalise(text).into_owned()),
            Err(error) => {
                let message = format!("byte {} of this file is not UTF-8", error.valid_up_to());
                let help = "save the file as UTF-8";
                Err(Problem::at(Code::M0201, at(), message, help).into())
            }
        }
    }
}

fn read_folder(
    folder: &Path,
    prefix: &str,
    depth: usize,
    files: &mut BTreeMap<String, Vec<u8>>,
) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if name.starts_with('.') || ["node_modules", "target"].contains(&name.as_str()) {
            continue;
        }
        let (path, key) = (entry.path(), format!("{prefix}{name}"));
        if path.is_dir() {
            if depth > 0 {
                read_folder(&path, &format!("{key}/"), depth - 1, files)?;
            }
        } else if path.is_file() {
            files.insert(key, fs::read(&path)?);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::Files;

    #[test]
    fn hidden_files_are_not_read() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir_all(folder.path().join("a/b")).unwrap();
        for name in ["1.sql", ".hidden", "a/2.sql", "a/b/3.sql"] {
            fs::write(folder.path().join(name), "\u{feff}SELECT 1;\r\n").unwrap();
        }
        let files = Files::read(folder.path(), "old").unwrap();
        assert_eq!(
            files.paths().collect::<Vec<_>>(),
            ["1.sql", "a/2.sql", "a/b/3.sql"]
        );
        assert_eq!(files.names().collect::<Vec<_>>(), ["1.sql"]);
        assert_eq!(files.folders().into_iter().collect::<Vec<_>>(), ["a"]);
        assert_eq!(files.text("1.sql").unwrap(), "SELECT 1;\n");
        assert_eq!(files.shown("a/2.sql"), "old/a/2.sql");
    }

    #[test]
    fn a_single_file_is_a_folder_with_one_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("all.sql");
        fs::write(&path, "SELECT 1;").unwrap();
        let files = Files::read(&path, "old/all.sql").unwrap();
        assert_eq!(files.paths().collect::<Vec<_>>(), ["all.sql"]);
        assert_eq!(files.shown("all.sql"), "old/all.sql");
    }

    #[test]
    fn a_missing_folder_is_a_problem() {
        let problem = Files::read("/nowhere/at/all".as_ref(), "nowhere").unwrap_err();
        assert!(
            problem.message.starts_with("`nowhere` cannot be read"),
            "{}",
            problem.message
        );
    }
}
