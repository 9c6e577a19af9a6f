//! The errors of local servers, and what to do about them.

use std::io;
use std::path::{Path, PathBuf};

/// Why there is no local server.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// No searched place has Postgres.
    #[error("no folder with working `postgres` and `initdb` programs was found")]
    NoPrograms,
    /// `MIGRATOR_PG_BIN` names a folder without the programs.
    #[error("`MIGRATOR_PG_BIN` names `{}`, where `postgres` and `initdb` do not run", bin.display())]
    WrongVariable {
        /// The variable's value.
        bin: PathBuf,
    },
    /// The programs are of another major version than the data.
    #[error(
        "the data in `{}` are those of Postgres {data}, but the programs are Postgres {found}",
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
    /// There is no user as which root can run a server.
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
        /// The action, a verb.
        doing: &'static str,
        /// The file or program.
        path: PathBuf,
        /// The cause.
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
        /// What the server did: it ended, or was not ready.
        what: &'static str,
        /// The server's folder.
        folder: PathBuf,
        /// The end of its log.
        log: String,
    },
    /// A database could not be created.
    #[error("cannot create the database `{name}`")]
    CreateDatabase {
        /// The database's name.
        name: String,
        /// The error of the server.
        source: tokio_postgres::Error,
    },
}

impl Error {
    /// What to do about the error, for a line that begins with `help:`.
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
                "delete `{}` if it is a leftover; otherwise find out who owns it",
                folder.display()
            ),
            Self::Io { path, .. } => format!("check who owns `{}`, and its mode", path.display()),
            Self::Program { .. } => "the output of the program has the cause".to_owned(),
            Self::Server { folder, .. } if folder.join("log").exists() => {
                format!("the whole log is `{}`", folder.join("log").display())
            }
            Self::Server { .. } | Self::CreateDatabase { .. } => {
                "the message of the server has the cause".to_owned()
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

/// The last lines of a program's output, which should show the cause.
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
