//! Drops the databases of killed tests, and starts the process that does so on a user's server.
//!
//! The janitor is the same binary, run again: a test binary for one of its tests. An environment
//! variable makes the attribute's harness, or a [`Lender`](super::lend::Lender), call this module. The janitor has its own process
//! group and neither terminal nor pipe. So no process waits for it, and it outlives a kill of
//! the tests.

use std::env;
use std::ffi::OsStr;
use std::hash::{Hash, Hasher};
use std::os::unix::process::CommandExt;
use std::process;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use migrator_connect::Settings;
use siphasher::sip::SipHasher13;

use super::error::Error;
use super::name;
use super::server::grace;
use super::session::Session;
use super::template::drop_template;

/// The variable that makes a process the janitor.
const VARIABLE: &str = "MIGRATOR_TEST_JANITOR";

/// The pause between two checks. The janitor must poll, because no process notifies it.
const PAUSE: Duration = Duration::from_millis(500);

/// Whether this process is the janitor.
pub(super) fn is_this_process() -> bool {
    let value = env::var(VARIABLE).unwrap_or_default();
    let starter = value.split('-').next().and_then(|pid| pid.parse().ok());
    starter.is_some_and(|starter| appointment(starter).as_ref() == Some(&value))
}

/// The value of the variable for a janitor that process `starter` of this binary started. A
/// stale or wrong value must not turn a test into the janitor, because the test would pass
/// without having run.
fn appointment(starter: u32) -> Option<String> {
    let mut hasher = SipHasher13::new();
    let program = env::current_exe().ok()?;
    ("migrator-testing janitor", starter, program).hash(&mut hasher);
    Some(format!("{starter}-{:016x}", hasher.finish()))
}

/// Starts the janitor's process: this binary with these arguments. It is no error if the process
/// does not start: the next process sweeps as well.
pub(super) fn start(arguments: impl IntoIterator<Item = impl AsRef<OsStr>>) {
    let (Ok(program), Some(appointment)) = (env::current_exe(), appointment(process::id())) else {
        return;
    };
    let mut command = Command::new(program);
    command
        .args(arguments)
        .env(VARIABLE, appointment)
        .process_group(0)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    if let Ok(mut child) = command.spawn() {
        // A janitor that finds another one ends at once.
        thread::spawn(move || child.wait());
    }
}

/// Runs the janitor until no test has run for the grace time and nothing is left to drop. Ends
/// at once if the role has another janitor on this server.
pub(super) async fn attend(settings: &Settings) -> Result<(), Error> {
    let session = Session::open(settings).await?;
    let lock = name::janitor(settings.user());
    while session.try_lock(lock).await? {
        watch(&session, settings.user()).await?;
        for template in names(&session, &name::templates()).await? {
            // A new test may be copying the template; then the next janitor drops it.
            let _ = drop_template(&session, &template).await;
        }
        session.unlock(lock).await?;
        // A test that started before the unlock may rely on this janitor.
        if !somebody_is_there(&session).await? {
            break;
        }
    }
    Ok(())
}

/// Drops the databases that other processes left, unless another process is doing so.
pub(super) async fn sweep_once(settings: Settings) -> Result<(), Error> {
    let session = Session::open(&settings).await?;
    sweep(&session, settings.user()).await
}

async fn watch(session: &Session, role: &str) -> Result<(), Error> {
    let grace = grace()?;
    let mut since = Instant::now();
    while since.elapsed() < grace {
        sweep(session, role).await?;
        if somebody_is_there(session).await? {
            since = Instant::now();
        }
        tokio::time::sleep(PAUSE.min(grace)).await;
    }
    sweep(session, role).await
}

async fn sweep(session: &Session, role: &str) -> Result<(), Error> {
    let lock = name::sweep(role);
    if !session.try_lock(lock).await? {
        return Ok(());
    }
    for orphan in names(session, &name::orphans()).await? {
        // A database that cannot be dropped must not keep the others from being dropped.
        let _ = drop_template(session, &orphan).await;
    }
    session.unlock(lock).await
}

async fn somebody_is_there(session: &Session) -> Result<bool, Error> {
    let condition = name::is_held(name::PRESENT);
    session.holds("looking for tests", &condition).await
}

async fn names(session: &Session, sql: &str) -> Result<Vec<String>, Error> {
    let rows = session.ask("looking for old databases", sql).await?;
    Ok(rows.into_iter().flatten().collect())
}
