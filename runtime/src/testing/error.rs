//! Why there is no database for a test.

use std::error::Error as _;
use std::fmt;

use migrator_connect::ConnectError;
use tokio_postgres::error::SqlState;

/// There is no database for a test.
#[derive(Debug)]
#[non_exhaustive]
pub enum Error {
    /// Without `DATABASE_URL` a temporary server is used, and there is none.
    Local(migrator_localpg::Error),
    /// The server cannot be connected to.
    Connect(ConnectError),
    /// The template cannot be migrated.
    Migrate(crate::error::Error),
    /// The server refused.
    Server {
        /// What was being done.
        doing: String,
        /// What it said.
        source: tokio_postgres::Error,
    },
    /// An environment variable has no meaning.
    Variable {
        /// Which.
        name: &'static str,
        /// What is wrong with it.
        reason: String,
        /// What to do.
        help: &'static str,
    },
    /// The thread that keeps this process's sessions is gone.
    Keeper,
}

impl Error {
    /// What to do about it, for a line that begins with `help:`.
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

    /// Whether the server refused for this reason.
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

    /// All there is to say, on several lines: the error, its place, its causes, the help.
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

/// What to do when the server refused with this SQLSTATE, or said nothing any more.
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
            Self::Keeper => f.write_str("the thread that keeps the sessions is gone"),
        }
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Local(error) => error.source(),
            Self::Connect(error) => error.source(),
            Self::Migrate(error) => error.source(),
            // What tokio-postgres says itself of the server's words is `db error`.
            Self::Server { source, .. } => Some(match source.as_db_error() {
                Some(said) => said,
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
