//! Why a proof or a comparison has no result.

use std::time::Duration;

use migrator_model::{Code, MigrationId};
use migrator_runtime::connect::ConnectError;
use migrator_runtime::{Fault, connect_code};

use crate::empty::EmptyError;
use crate::remedy::Remedy;

/// Why a proof or a comparison has no result. The migrations and the schema may be right.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The database that was lent is in use.
    #[error("the database is not empty: it has {}", list(.found))]
    NotEmpty {
        /// What is in it.
        found: Vec<String>,
    },
    /// The catalog could not be read.
    #[error("cannot read the catalog")]
    Catalog(#[source] tokio_postgres::Error),
    /// The database could not be restored to its state before the proof.
    #[error("cannot empty the database")]
    Empty(#[source] EmptyError),
    /// There is no connection to the database on which the scripts run.
    #[error("cannot connect to the database on which the scripts run")]
    Connect(#[source] ConnectError),
    /// The script of an entry was interrupted, so its effect is unknown.
    #[error("`{0}` is dirty: its script was interrupted, and its effect is unknown")]
    Dirty(MigrationId),
    /// The history changed each time that it was read.
    #[error("another run is applying or reverting migrations")]
    Moving,
    /// Neither the history nor the registry has the up script of an entry.
    #[error("the up script of `{0}` is neither in the history nor in this binary")]
    NoScript(MigrationId),
    /// A script that succeeded on the live database fails in the replay.
    #[error("cannot replay the history")]
    Replay(#[source] Box<Fault>),
    /// A script ran for longer than the limit.
    #[error("the script of `{step}` was cancelled: it ran for longer than {}", shown(*.limit))]
    OutOfTime {
        /// The entry.
        step: MigrationId,
        /// The limit.
        limit: Duration,
    },
    /// A recorded script does not match the checksum of its entry.
    #[error("the recorded script of `{id}` does not match its checksum")]
    Altered {
        /// The entry.
        id: MigrationId,
        /// Whether the registry has the migration.
        is_in_registry: bool,
    },
    /// The server refused a script. After the first script that only the history has, no script
    /// runs as a superuser.
    #[error("cannot replay the history without superuser rights")]
    Unprivileged {
        /// The first entry whose script only the history has.
        foreign: MigrationId,
        /// The failure.
        #[source]
        fault: Box<Fault>,
    },
    /// The temporary server could not be secured against a script.
    #[error("cannot secure the temporary server against the script of `{foreign}`: {why}")]
    Confine {
        /// The first entry whose script only the history has.
        foreign: MigrationId,
        /// What went wrong.
        why: String,
    },
    /// A role of the live database could not be created on the temporary server.
    #[error("cannot create the role `{role}`")]
    Role {
        /// The role.
        role: String,
        /// The error of the server.
        source: tokio_postgres::Error,
    },
    /// The history could not be read.
    #[error(transparent)]
    History(#[from] migrator_runtime::Error),
}

impl Error {
    /// The code of the error.
    #[must_use]
    pub fn code(&self) -> Code {
        match self {
            Error::NotEmpty { .. } => Code::M0512,
            Error::Empty(_) => Code::M0513,
            Error::Catalog(_) => Code::M0605,
            Error::Connect(error) => connect_code(error),
            Error::Dirty(_) => Code::M0404,
            Error::Moving
            | Error::NoScript(_)
            | Error::Replay(_)
            | Error::OutOfTime { .. }
            | Error::Role { .. } => Code::M0604,
            Error::Altered { .. } => Code::M0527,
            Error::Unprivileged { .. } | Error::Confine { .. } => Code::M0910,
            Error::History(error) => error.code(),
        }
    }

    /// The fault of the script that failed, if a script failed.
    #[must_use]
    pub fn fault(&self) -> Option<&Fault> {
        match self {
            Error::Replay(fault) | Error::Unprivileged { fault, .. } => Some(fault),
            Error::NotEmpty { .. }
            | Error::Catalog(_)
            | Error::Empty(_)
            | Error::Connect(_)
            | Error::Dirty(_)
            | Error::Moving
            | Error::NoScript(_)
            | Error::OutOfTime { .. }
            | Error::Altered { .. }
            | Error::Confine { .. }
            | Error::Role { .. }
            | Error::History(_) => None,
        }
    }

    /// What to do about the error.
    #[must_use]
    pub fn remedy(&self) -> Remedy {
        match self {
            Error::NotEmpty { .. } => Remedy::UseEmptyDatabase,
            Error::Catalog(_) => Remedy::TryAgain,
            Error::Empty(_) => Remedy::RecreateDatabase,
            Error::Connect(error) => Remedy::Advice(error.help().to_owned()),
            Error::Dirty(_) => Remedy::RecordInterrupted,
            Error::Moving => Remedy::WaitForRun,
            Error::NoScript(step) => Remedy::UseRegistryWith { step: step.clone() },
            Error::Replay(_) => Remedy::MakeReplayable,
            Error::OutOfTime { step, .. } => Remedy::RaiseTimeLimit { step: step.clone() },
            Error::Altered { id, is_in_registry } => Remedy::RestoreEntry {
                registry_has: is_in_registry.then(|| id.clone()),
            },
            Error::Unprivileged { foreign, .. } => Remedy::UseRegistryWith {
                step: foreign.clone(),
            },
            Error::Confine { .. } => Remedy::UseCompleteRegistry,
            Error::Role { .. } => {
                Remedy::Advice("the cause is the server's own message".to_owned())
            }
            Error::History(error) => Remedy::Advice(error.help()),
        }
    }
}

/// `60s`, or `1500ms` if the limit is no whole number of seconds.
fn shown(limit: Duration) -> String {
    match limit.subsec_millis() {
        0 => format!("{}s", limit.as_secs()),
        _ => format!("{}ms", limit.as_millis()),
    }
}

/// The first names of a list, and the number of the others.
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
