//! Dropping what killed tests left, and the process that sees to it on a server of the user's.
//!
//! The janitor is the test binary itself, run again for one of its tests with a variable that
//! makes the attribute's helper come here. It has no terminal, no pipe and a process group of
//! its own, so that it holds nobody up and outlives whoever kills the tests.

use std::env;
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
use super::server::{grace, server};
use super::session::Session;
use super::template::drop_template;

/// The variable that makes a test the janitor.
const VARIABLE: &str = "MIGRATOR_TEST_JANITOR";

/// Between two looks. The janitor is the one process here that has nobody to tell it.
const PAUSE: Duration = Duration::from_millis(500);

/// Whether this process is the janitor.
pub(super) fn is_this_process() -> bool {
    let value = env::var(VARIABLE).unwrap_or_default();
    let starter = value.split('-').next().and_then(|pid| pid.parse().ok());
    starter.is_some_and(|starter| appointment(starter).as_ref() == Some(&value))
}

/// What the variable says to a janitor that this process of this binary started. Nobody else
/// says it, as a test that is taken for the janitor would pass without having run.
fn appointment(starter: u32) -> Option<String> {
    let mut hasher = SipHasher13::new();
    let program = env::current_exe().ok()?;
    ("migrator-testing janitor", starter, program).hash(&mut hasher);
    Some(format!("{starter}-{:016x}", hasher.finish()))
}

/// Starts the janitor's process, by the name of a test of this binary. That it does not start
/// is no reason to fail a test: the next process sweeps too.
pub(super) fn start(test: &str) {
    let (Ok(program), Some(appointment)) = (env::current_exe(), appointment(process::id())) else {
        return;
    };
    let mut command = Command::new(program);
    command
        .args([test, "--exact", "--include-ignored", "--nocapture"])
        .env(VARIABLE, appointment)
        .process_group(0)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    if let Ok(mut child) = command.spawn() {
        // One that finds another janitor ends at once.
        thread::spawn(move || child.wait());
    }
}

/// The janitor's work: until no test has run for the grace time, and nothing is left. Ends at
/// once if the role has another on this server.
pub(super) async fn attend() -> Result<(), Error> {
    let settings = &server()?.settings;
    let session = Session::open(settings).await?;
    let lock = name::janitor(settings.user());
    while session.try_lock(lock).await? {
        watch(&session, settings.user()).await?;
        for template in names(&session, &name::templates()).await? {
            // Somebody may have come and be copying it; the next janitor finds it.
            let _ = drop_template(&session, &template).await;
        }
        session.unlock(lock).await?;
        // Who came before the lock was let go may have relied on us.
        if !somebody_is_there(&session).await? {
            break;
        }
    }
    Ok(())
}

/// Drops what is left by others, unless somebody else does just now.
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
        // One that cannot be dropped must not keep the others.
        let _ = drop_template(session, &orphan).await;
    }
    session.unlock(lock).await
}

async fn somebody_is_there(session: &Session) -> Result<bool, Error> {
    let condition = name::is_held(name::PRESENT);
    session.holds("looking for tests", &condition).await
}

async fn names(session: &Session, sql: &str) -> Result<Vec<String>, Error> {
    let rows = session.ask("looking for what is left", sql).await?;
    Ok(rows.into_iter().flatten().collect())
}
