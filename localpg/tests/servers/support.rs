//! What the tests share: sessions, and this test binary run again to play a part in a process of
//! its own.

use std::env;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use tokio_postgres::{NoTls, SimpleQueryMessage};

/// The variable that tells a part where to work.
const STAGE: &str = "MIGRATOR_LOCALPG_TEST_STAGE";

/// The command that runs an ignored test of this binary, a part, in a folder.
pub(crate) fn part(name: &str, stage: &Path) -> Command {
    let mut command = Command::new(env::current_exe().unwrap());
    command
        .args(["--exact", name, "--ignored"])
        .env(STAGE, stage);
    command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    command
}

/// The folder of the part that is played, unless somebody ran all ignored tests.
pub(crate) fn stage() -> Option<PathBuf> {
    env::var_os(STAGE).map(PathBuf::from)
}

/// Waits for something to become true.
pub(crate) fn eventually(what: &str, mut holds: impl FnMut() -> bool) {
    let began = Instant::now();
    while !holds() {
        assert!(
            began.elapsed() < Duration::from_secs(60),
            "{what} within a minute"
        );
        thread::sleep(Duration::from_millis(5));
    }
}

/// Sends a signal to a process. `kill` is part of every shell, and no program of a minimal system.
pub(crate) fn send(signal: &str, pid: &str) {
    let kill = ["-c", r#"kill -s "$0" "$1""#, signal, pid];
    assert!(Command::new("sh").args(kill).status().unwrap().success());
}

/// The first column of a query's first row.
pub(crate) async fn ask(url: &str, sql: &str) -> Result<String, tokio_postgres::Error> {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await?;
    tokio::spawn(connection);
    let rows = client.simple_query(sql).await?;
    let row = rows.iter().find_map(|message| {
        if let SimpleQueryMessage::Row(row) = message {
            row.get(0)
        } else {
            None
        }
    });
    Ok(row.unwrap_or_default().to_owned())
}
