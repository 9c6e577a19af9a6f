//! The tree on disk, for the commands that read it.

use std::env;
use std::path::PathBuf;

use migrator_model::{Code, Tree, disk};

use crate::exit::Exit;
use crate::failure::Failure;

/// A tree's folder.
#[derive(Clone, Debug)]
pub(crate) struct Folder {
    /// Where it is.
    pub(crate) path: PathBuf,
    /// How findings name it: relative to the current folder, where that is shorter.
    pub(crate) shown: String,
}

impl Folder {
    /// The folder that was named, or else `database` here or in a folder above.
    pub(crate) fn find(named: Option<PathBuf>) -> Option<Folder> {
        let here = env::current_dir().ok()?;
        let path = match named {
            Some(named) => named,
            None => disk::find(&here)?,
        };
        let shown = path.strip_prefix(&here).unwrap_or(&path);
        let shown = shown.to_string_lossy().replace('\\', "/");
        Some(Folder { path, shown })
    }

    /// As [`Folder::find`], for a command that needs one.
    pub(crate) fn require(named: Option<PathBuf>) -> Result<Folder, Failure> {
        Folder::find(named).ok_or_else(|| {
            Failure::new(
                Code::M0907,
                Exit::Usage,
                "there is no tree here",
                "run it in a checkout, where `database/services.toml` is in this folder or in \
                 one above, or name the tree's folder with `--directory`",
            )
        })
    }

    /// Reads what lies in it.
    pub(crate) fn read(&self) -> Tree {
        disk::read(&self.path, &self.shown)
    }

    /// The folder that the tree is in: the checkout.
    #[cfg(feature = "local-server")]
    pub(crate) fn checkout(&self) -> &std::path::Path {
        self.path.parent().unwrap_or(std::path::Path::new("."))
    }
}
