//! Which server the tests use: found once in a process.

use std::env;
use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::Duration;

use migrator_localpg::Joined;

use super::error::Error;
use crate::connect::Settings;

/// The server that the tests use.
#[derive(Debug)]
pub(super) struct Server {
    pub(super) settings: Settings,
    pub(super) kind: Kind,
}

/// Whose server it is.
#[derive(Debug)]
pub(super) enum Kind {
    /// That of `DATABASE_URL`, which outlives the tests.
    Users,
    /// Ours, which ends with the tests. This value is our part in it.
    Throwaway { _joined: Joined },
}

/// The server. Starting it may block for a while.
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

/// How long what only speeds up further tests outlives the last one.
pub(super) fn grace() -> Duration {
    let seconds = variable("MIGRATOR_TEST_GRACE").and_then(|text| text.parse().ok());
    Duration::from_secs(seconds.unwrap_or(10))
}

fn find() -> Result<Server, Error> {
    if let Some(url) = variable("DATABASE_URL") {
        let settings = Settings::parse(&url)?.with_env(variable)?;
        return Ok(Server {
            settings,
            kind: Kind::Users,
        });
    }
    let joined = Joined::join(grace())?;
    Ok(Server {
        settings: Settings::parse(&joined.url("postgres"))?,
        kind: Kind::Throwaway { _joined: joined },
    })
}

fn variable(name: &str) -> Option<String> {
    env::var(name).ok().filter(|value| !value.is_empty())
}
