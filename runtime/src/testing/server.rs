//! The server that the tests use. A process looks for it once.

use std::env::{self, VarError};
use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::Duration;

use migrator_connect::Settings;
use migrator_localpg::Joined;

use super::error::Error;

/// The server that the tests use.
#[derive(Debug)]
pub(super) struct Server {
    pub(super) settings: Settings,
    pub(super) kind: ServerKind,
}

/// Who started the server.
#[derive(Debug)]
pub(super) enum ServerKind {
    /// The server of `DATABASE_URL`, which outlives the tests.
    Users,
    /// A temporary server, which ends with the tests. The value is this process's share in it.
    Throwaway { _joined: Joined },
}

impl Server {
    /// A server that somebody else runs.
    pub(super) fn of_user(settings: Settings) -> Server {
        Server {
            settings,
            kind: ServerKind::Users,
        }
    }

    /// The temporary server that processes share. Blocks while it starts.
    pub(super) fn shared() -> Result<Server, Error> {
        let joined = Joined::join(grace()?)?;
        Ok(Server {
            settings: Settings::parse(&joined.url("postgres"))?,
            kind: ServerKind::Throwaway { _joined: joined },
        })
    }
}

/// Returns the server. Blocks while a temporary server starts.
pub(super) fn server() -> Result<&'static Server, Error> {
    static SERVER: OnceLock<Server> = OnceLock::new();
    static TURN: Mutex<()> = Mutex::new(());
    if let Some(server) = SERVER.get() {
        return Ok(server);
    }
    let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(server) = SERVER.get() {
        return Ok(server);
    }
    let server = find()?;
    Ok(SERVER.get_or_init(|| server))
}

/// How long the templates and the temporary server outlive the last test.
pub(super) fn grace() -> Result<Duration, Error> {
    let Some(text) = own_variable("MIGRATOR_TEST_GRACE")? else {
        return Ok(Duration::from_secs(10));
    };
    let seconds = text.parse().map_err(|_| Error::Variable {
        name: "MIGRATOR_TEST_GRACE",
        reason: format!("`{text}` is not a number of seconds"),
        help: "give whole seconds, such as 10, or leave the variable out",
    })?;
    Ok(Duration::from_secs(seconds))
}

fn find() -> Result<Server, Error> {
    match own_variable("DATABASE_URL")? {
        Some(url) => {
            // The janitor needs a valid value.
            grace()?;
            let settings = Settings::parse(&url)?.with_env(variable)?;
            Ok(Server::of_user(settings))
        }
        None => Server::shared(),
    }
}

/// A variable of migrator's own; a value that is not UTF-8 is an error.
fn own_variable(name: &'static str) -> Result<Option<String>, Error> {
    match env::var(name) {
        Ok(value) => Ok(Some(value).filter(|value| !value.is_empty())),
        Err(VarError::NotPresent) => Ok(None),
        Err(VarError::NotUnicode(_)) => Err(Error::Variable {
            name,
            reason: "it is not UTF-8".to_owned(),
            help: "encode characters outside ASCII in a URL as %XX, byte by byte",
        }),
    }
}

fn variable(name: &str) -> Option<String> {
    env::var(name).ok().filter(|value| !value.is_empty())
}
