//! The errors when a test gets no database.

use std::error::Error as _;
use std::fmt;

use migrator_connect::ConnectError;
use tokio_postgres::error::SqlState;

/// The error when a test gets no database.
#[derive(Debug)]
#[non_exhaustive]
pub enum Error {
    /// `DATABASE_URL` is not set, and the temporary server cannot start.
    Local(migrator_localpg::Error),
    /// The connection to the server failed.
    Connect(ConnectError),
    /// A migration of the template failed.
    Migrate(crate::error::Error),
    /// The server refused a statement.
    Server {
        /// What the statement was for.
        doing: String,
        /// The server's error.
        source: tokio_postgres::Error,
    },
    /// The value of an environment variable is not valid.
    Variable {
        /// The variable.
        name: &'static str,
        /// What is wrong with the value.
        reason: String,
        /// What to do about it.
        help: &'static str,
    },
    /// The thread that keeps this process's sessions has ended.
    Keeper,
}

impl Error {
    /// What to do about the error, as text for a line that begins with `help:`.
    #[must_use]
    pub fn help(&self) -> String {
        match self {
            Self::Local(error) => format!(
                "{}; or set `DATABASE_URL` to a server on which the role may create databases",
                error.help()
            ),
            Self::Connect(error) => error.help().to_owned(),
            Self::Migrate(error) => error.help(),
            Self::Server { source, .. } => server_help(source.code()).to_owned(),
            Self::Variable { help, .. } => (*help).to_owned(),
            Self::Keeper => "run the test again".to_owned(),
        }
    }

    /// Whether the server refused with this SQLSTATE.
    pub(super) fn is(&self, state: &SqlState) -> bool {
        match self {
            Self::Server { source, .. } => source.code() == Some(state),
            Self::Local(_)
            | Self::Connect(_)
            | Self::Migrate(_)
            | Self::Variable { .. }
            | Self::Keeper => false,
        }
    }

    /// The whole error on several lines: message, position, causes, help.
    #[must_use]
    pub fn full(&self) -> String {
        let mut lines = vec![format!("no database for this test: {self}")];
        if let Self::Migrate(error) = self {
            lines.extend(error.kind.details());
        }
        let mut cause = self.source();
        while let Some(error) = cause {
            lines.push(format!("cause: {error}"));
            cause = error.source();
        }
        lines.push(format!("help: {}", self.help()));
        lines.join("\n")
    }
}

/// The help for a SQLSTATE of the server, or for a server that no longer answers.
fn server_help(state: Option<&SqlState>) -> &'static str {
    match state {
        Some(state) if *state == SqlState::INSUFFICIENT_PRIVILEGE => {
            "the role of `DATABASE_URL` needs CREATEDB: `ALTER ROLE … CREATEDB`"
        }
        Some(state) if *state == SqlState::DISK_FULL => "make room on the server's disk",
        Some(_) => "the cause is above; the server's log says more",
        None => {
            "the server's log says why the session ended; `DATABASE_URL` must lead to the server \
             directly, not through a pooler in transaction mode"
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Local(error) => error.fmt(f),
            Self::Connect(error) => error.fmt(f),
            Self::Migrate(error) => error.fmt(f),
            Self::Server { doing, .. } => write!(f, "{doing} failed"),
            Self::Variable { name, reason, .. } => write!(f, "cannot use `{name}`: {reason}"),
            Self::Keeper => f.write_str("the thread that keeps the sessions has ended"),
        }
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Local(error) => error.source(),
            Self::Connect(error) => error.source(),
            Self::Migrate(error) => error.source(),
            // tokio-postgres shows the server's error as `db error` only.
            Self::Server { source, .. } => Some(match source.as_db_error() {
                Some(db_error) => db_error,
                None => source,
            }),
            Self::Variable { .. } | Self::Keeper => None,
        }
    }
}

impl From<ConnectError> for Error {
    fn from(error: ConnectError) -> Self {
        Self::Connect(error)
    }
}

impl From<migrator_localpg::Error> for Error {
    fn from(error: migrator_localpg::Error) -> Self {
        Self::Local(error)
    }
}

impl From<crate::error::Error> for Error {
    fn from(error: crate::error::Error) -> Self {
        Self::Migrate(error)
    }
}
