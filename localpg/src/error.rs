//! What can go wrong, in sentences: what was being done, to what, and what to do about it.

use std::io;
use std::path::{Path, PathBuf};

/// Why a local server could not be had.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Postgres is not installed in any place that is searched.
    #[error("no folder with working `postgres` and `initdb` programs was found")]
    NoPrograms,
    /// `MIGRATOR_PG_BIN` names something else than such a folder.
    #[error("`MIGRATOR_PG_BIN` names `{}`, where `postgres` and `initdb` do not run", bin.display())]
    WrongVariable {
        /// The variable's value.
        bin: PathBuf,
    },
    /// Only programs of another major version were found than the data need.
    #[error(
        "the data in `{}` are Postgres {data}'s, and the programs found are Postgres {found}'s",
        folder.display()
    )]
    OtherMajor {
        /// The data folder.
        folder: PathBuf,
        /// The major version that wrote it.
        data: String,
        /// The major version of the programs.
        found: u32,
    },
    /// For root there is no other user to run a server as.
    #[error("cannot run Postgres as root, and `/etc/passwd` has neither `postgres` nor `nobody`")]
    NoAccount,
    /// A folder that must be private belongs to somebody else or is open to others.
    #[error("`{}` is not a folder that only the server's user may enter", folder.display())]
    NotPrivate {
        /// The folder.
        folder: PathBuf,
    },
    /// A file or a program could not be used.
    #[error("cannot {doing} `{}`", path.display())]
    Io {
        /// What was being done, a verb.
        doing: &'static str,
        /// To which file or program.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// A program ran and failed.
    #[error("`{}` failed{}", program.display(), after(output))]
    Program {
        /// The program.
        program: PathBuf,
        /// The end of what it printed.
        output: String,
    },
    /// A server ended, or was not ready in time.
    #[error("the server on `{}` {what}{}", folder.display(), after(log))]
    Server {
        /// What the server did instead of becoming ready.
        what: &'static str,
        /// The server's folder.
        folder: PathBuf,
        /// The end of its log.
        log: String,
    },
    /// A test's database could not be made.
    #[error("cannot create the database `{name}`")]
    CreateDatabase {
        /// The database's name.
        name: String,
        /// What the server said.
        source: tokio_postgres::Error,
    },
}

impl Error {
    /// What to do about it, for a line that begins with `help:`.
    #[must_use]
    pub fn help(&self) -> String {
        match self {
            Self::NoPrograms => {
                "install Postgres (Debian: `apt-get install postgresql`), or set MIGRATOR_PG_BIN to \
                 the folder of its programs"
                    .to_owned()
            }
            Self::WrongVariable { .. } => {
                "name the folder that has both programs, or unset the variable".to_owned()
            }
            Self::OtherMajor { folder, data, .. } => format!(
                "install Postgres {data}, or delete `{}` to begin with an empty server",
                folder.display()
            ),
            Self::NoAccount => "run as another user than root, or add a user `postgres`".to_owned(),
            Self::NotPrivate { folder } => format!(
                "delete `{}` if it is a leftover; otherwise find out whose it is",
                folder.display()
            ),
            Self::Io { path, .. } => format!("check who owns `{}`, and its mode", path.display()),
            Self::Program { .. } => "the program's own words say why".to_owned(),
            Self::Server { folder, .. } if folder.join("log").exists() => {
                format!("the whole log is `{}`", folder.join("log").display())
            }
            Self::Server { .. } | Self::CreateDatabase { .. } => {
                "the server's own words say why".to_owned()
            }
        }
    }
}

/// Turns an I/O error into ours: `.map_err(cannot("read", path))`.
pub(crate) fn cannot(doing: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Error {
    move |source| Error::Io {
        doing,
        path: path.to_owned(),
        source,
    }
}

/// The last lines of what a program printed, enough to see why it failed.
pub(crate) fn tail(output: &[u8]) -> String {
    const LINES: usize = 15;
    let text = String::from_utf8_lossy(output);
    let lines: Vec<&str> = text
        .lines()
        .filter(|line| !line.trim().is_empty())
        .collect();
    lines
        .get(lines.len().saturating_sub(LINES)..)
        .unwrap_or_default()
        .join("\n")
}

fn after(output: &str) -> String {
    if output.is_empty() {
        String::new()
    } else {
        format!(":\n{output}")
    }
}
