//! What keeps a proof or a comparison from being made.

use std::time::Duration;

use migrator_model::Code;
use migrator_runtime::{Fault, connect::ConnectError};

use crate::empty::EmptyError;

/// Nothing can be said of the migrations or the schema: something else failed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The database that was lent is in use.
    #[error("the database is not empty: it has {}", list(.found))]
    NotEmpty {
        /// What is in it.
        found: Vec<String>,
    },
    /// The catalog could not be read.
    #[error("the catalog could not be read")]
    Catalog(#[source] tokio_postgres::Error),
    /// The database could not be made as it was.
    #[error("the database could not be emptied")]
    Empty(#[source] EmptyError),
    /// No connection to the database on which scripts are tried.
    #[error("no connection to the database on which the scripts run")]
    Connect(#[source] ConnectError),
    /// An entry broke half-way, so that nobody knows what it implies.
    #[error("`{0}` is dirty: what it left nobody has recorded")]
    Dirty(String),
    /// The history was another each time that it was read.
    #[error("migrations are being applied or reverted at this moment")]
    Moving,
    /// There is no up script to an entry.
    #[error("nothing says how `{0}` was applied")]
    NoScript(String),
    /// A script that the live database has run fails when it is replayed.
    #[error("what the history lists cannot be replayed")]
    Repeat(#[source] Box<Fault>),
    /// A script ran for longer than the limit.
    #[error("the script of `{step}` was cancelled: it ran for longer than {}", shown(*.limit))]
    OutOfTime {
        /// The entry.
        step: String,
        /// The limit.
        limit: Duration,
    },
    /// A recorded script is not the one that its checksum was computed from.
    #[error("the recorded script of `{0}` does not match its checksum")]
    Altered(String),
    /// A script failed for lack of rights, as nothing is replayed as a superuser once
    /// a script came that only the history has.
    #[error("cannot replay the history without superuser rights")]
    Unprivileged {
        /// The first entry whose script only the history has.
        foreign: String,
        /// The failure.
        #[source]
        fault: Box<Fault>,
    },
    /// The temporary server could not be kept from running programs.
    #[error("cannot confine the temporary server to replay `{foreign}`: {why}")]
    Confine {
        /// The first entry whose script only the history has.
        foreign: String,
        /// What went wrong.
        why: String,
    },
    /// A role of the live database could not be made.
    #[error("the role `{role}` could not be made")]
    Role {
        /// Its name.
        role: String,
        /// What the server said.
        source: tokio_postgres::Error,
    },
    /// The history could not be read.
    #[error(transparent)]
    History(#[from] migrator_runtime::Error),
}

impl Error {
    /// The code it is filed under.
    #[must_use]
    pub fn code(&self) -> Code {
        match self {
            Error::NotEmpty { .. } => Code::M0512,
            Error::Empty(_) => Code::M0513,
            Error::Catalog(_) => Code::M0605,
            Error::Connect(error) => Code::find(error.code()).unwrap_or(Code::M0902),
            Error::Dirty(_) => Code::M0404,
            Error::Moving
            | Error::NoScript(_)
            | Error::Repeat(_)
            | Error::OutOfTime { .. }
            | Error::Role { .. } => Code::M0604,
            Error::Altered(_) => Code::M0527,
            Error::Unprivileged { .. } | Error::Confine { .. } => Code::M0910,
            Error::History(error) => error.code(),
        }
    }

    /// The script's fault behind it, if there is one.
    #[must_use]
    pub fn fault(&self) -> Option<&Fault> {
        match self {
            Error::Repeat(fault) | Error::Unprivileged { fault, .. } => Some(fault),
            Error::NotEmpty { .. }
            | Error::Catalog(_)
            | Error::Empty(_)
            | Error::Connect(_)
            | Error::Dirty(_)
            | Error::Moving
            | Error::NoScript(_)
            | Error::OutOfTime { .. }
            | Error::Altered(_)
            | Error::Confine { .. }
            | Error::Role { .. }
            | Error::History(_) => None,
        }
    }

    /// What to do about it.
    #[must_use]
    pub fn help(&self) -> String {
        match self {
            Error::NotEmpty { .. } => {
                "name a database with nothing in it, or none: then a temporary server is used"
                    .to_owned()
            }
            Error::Catalog(_) => {
                "a lock on a table that somebody keeps for long, or a lost connection, is the \
                 common cause: try again"
                    .to_owned()
            }
            Error::Empty(_) => "drop the database and make it again".to_owned(),
            Error::Connect(error) => error.help().to_owned(),
            Error::Dirty(_) => {
                "say what became of it with `migrator repair`, then compare again".to_owned()
            }
            Error::Moving => "compare again when that run is over".to_owned(),
            Error::NoScript(_) => {
                "compare with a binary that has this migration: it is neither in the history nor \
                 in this one"
                    .to_owned()
            }
            Error::Repeat(_) => {
                "a script that depends on data, on a server's version or on an extension which \
                 is not installed here cannot be replayed; see `migrator explain M0604`"
                    .to_owned()
            }
            Error::OutOfTime { step, .. } => format!(
                "read the script of `{step}` in the history; if it needs more time, raise \
                 `--script-timeout`"
            ),
            Error::Altered(_) => {
                "find out who changed the entry; restore it from a backup, or record the script \
                 of this binary with `migrator repair --accept-change`"
                    .to_owned()
            }
            Error::Unprivileged { foreign, .. } => format!(
                "compare with a binary that has `{foreign}`: its script is in the history alone, \
                 so it and what follows are replayed without superuser rights"
            ),
            Error::Confine { .. } => {
                "compare with a binary that has all scripts of the history".to_owned()
            }
            Error::Role { .. } => "see what the server says".to_owned(),
            Error::History(error) => error.help(),
        }
    }
}

/// `60s`, or `1500ms` of what is no whole number of seconds.
fn shown(limit: Duration) -> String {
    match limit.subsec_millis() {
        0 => format!("{}s", limit.as_secs()),
        _ => format!("{}ms", limit.as_millis()),
    }
}

/// The first few of many.
fn list(found: &[String]) -> String {
    const SHOWN: usize = 3;
    let shown: Vec<String> = found
        .iter()
        .take(SHOWN)
        .map(|name| format!("`{name}`"))
        .collect();
    match found.len().saturating_sub(SHOWN) {
        0 => shown.join(", "),
        more => format!("{} and {more} more", shown.join(", ")),
    }
}
