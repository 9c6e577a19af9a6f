//! A run on `PGlite`'s socket server, which has one session for all its connections.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::LazyLock;
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::Duration;

use tempfile::TempDir;
use tokio_postgres::{Error, NoTls};

use super::folder;
use crate::support::{block_on, on, output};

/// How long the server may take to start, and a command to end.
const PATIENCE: Duration = Duration::from_secs(180);

const ADVICE: &str = "if the database or its pooler has only one connection for this run, use \
                      `--single-connection`\n";

/// The server's script. `None` only if the variable says that it is not installed.
static SERVER: LazyLock<Option<String>> = LazyLock::new(|| {
    if std::env::var_os("MIGRATOR_WITHOUT_PGLITE").is_some() {
        return None;
    }
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("scripts/get-pglite.sh");
    let output = Command::new(script).output().expect("the script runs");
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{error}");
    let path = String::from_utf8(output.stdout).expect("a path");
    Some(path.trim_end().to_owned())
});

/// A server with an empty database. Dropping it stops the process.
struct Pglite {
    child: Child,
    folder: TempDir,
    lines: Receiver<String>,
}

impl Drop for Pglite {
    fn drop(&mut self) {
        // The process may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Pglite {
    /// Starts the server, and waits until it listens on a socket in a new folder.
    fn start(connections: &str) -> Option<Pglite> {
        let script = SERVER.as_ref()?;
        let folder = folder();
        let mut child = Command::new("node")
            .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/command/pglite.mjs"))
            .arg(script)
            .arg(folder.path().join(".s.PGSQL.5432"))
            .arg(connections)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .expect("node runs");
        let stdout = child.stdout.take().expect("it is piped");
        let (says, lines) = channel();
        // The thread reads until the server ends: the pipe stays open, and never fills.
        thread::spawn(move || {
            for line in BufReader::new(stdout).lines().map_while(Result::ok) {
                let _ = says.send(line);
            }
        });
        let pglite = Pglite {
            child,
            folder,
            lines,
        };
        assert_eq!(pglite.line(), "listening");
        Some(pglite)
    }

    /// The next line of the server.
    fn line(&self) -> String {
        self.lines
            .recv_timeout(PATIENCE)
            .expect("a line of the server")
    }

    /// Waits until the server has forgotten each session since the last wait, of which there is at
    /// least one.
    fn wait_until_idle(&self) {
        let mut open = 0_i32;
        loop {
            let line = self.line();
            open += if line == "accepted" { 1 } else { -1 };
            if open == 0 {
                return;
            }
        }
    }

    fn url(&self) -> String {
        let folder = self.folder.path().to_str().expect("UTF-8");
        format!(
            "postgresql://postgres@{}:5432/postgres",
            folder.replace('/', "%2F")
        )
    }

    fn run(&self, arguments: &'static [&'static str]) -> String {
        let (url, (ends, ended)) = (self.url(), channel());
        thread::spawn(move || {
            let folder = folder();
            let _ = ends.send(output(&mut on(&url, folder.path(), arguments)));
        });
        let text = ended.recv_timeout(PATIENCE);
        assert!(text.is_ok(), "{arguments:?} did not end");
        self.wait_until_idle();
        text.unwrap_or_default()
    }

    /// The schemas that the server does not have by itself, except that of the history: a run may
    /// create its tables before it has the locks.
    fn schemas(&self) -> Vec<String> {
        let url = self.url();
        let schemas = block_on(async { tokio::time::timeout(PATIENCE, schemas(&url)).await })
            .expect("the server answers in time")
            .expect("the server answers");
        self.wait_until_idle();
        schemas
    }
}

async fn schemas(url: &str) -> Result<Vec<String>, Error> {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await?;
    tokio::spawn(connection);
    let sql = "SELECT nspname::text FROM pg_catalog.pg_namespace \
               WHERE nspname !~ '^pg_|^(public|information_schema|migrator)$'";
    let rows = client.query(sql, &[]).await?;
    Ok(rows.iter().map(|row| row.get(0)).collect())
}

/// Asserts that runs with the option apply and revert the whole tree.
fn works_with_the_option(pglite: &Pglite) {
    let up = pglite.run(&["up", "--service=all", "--single-connection"]);
    assert!(up.starts_with("exit: 0\n"), "{up}");
    assert!(
        up.contains("\n77 migrations of 7 services applied in "),
        "{up}"
    );
    let status = pglite.run(&["status", "--service=all", "--check"]);
    assert!(status.starts_with("exit: 0\n"), "{status}");
    let down: &[&str] = &[
        "down",
        "--service=all",
        "--all",
        "--yes",
        "--single-connection",
    ];
    let down = pglite.run(down);
    assert!(down.starts_with("exit: 0\n"), "{down}");
    assert!(
        down.contains("\n77 migrations of 7 services reverted in "),
        "{down}"
    );
    assert_eq!(pglite.schemas(), Vec::<String>::new());
    let status = pglite.run(&["status", "--service=all", "--check"]);
    assert!(status.starts_with("exit: 6\n"), "{status}");
}

#[test]
fn a_server_with_one_connection_is_told_what_to_use_at_once() {
    let Some(pglite) = Pglite::start("1") else {
        return;
    };
    let refused = pglite.run(&["up", "--service=all"]);
    let start = "exit: 5\n----- stdout -----\n----- stderr -----\nerror[M0902]: the run cannot open \
                 a second connection, which holds its lock: ";
    assert!(refused.starts_with(start), "{refused}");
    assert!(refused.ends_with(ADVICE), "{refused}");
    assert_eq!(pglite.schemas(), Vec::<String>::new());
    works_with_the_option(&pglite);
}

#[test]
fn a_server_with_several_connections_is_told_what_to_use_after_10_s() {
    let Some(pglite) = Pglite::start("10") else {
        return;
    };
    let refused = pglite.run(&["up", "--service=all"]);
    assert!(refused.starts_with("exit: 5\n"), "{refused}");
    let why = "the server does not answer on the first connection of the run while the second one \
               holds its lock";
    assert!(
        refused.contains(&format!("warning: {why}; {ADVICE}")),
        "{refused}"
    );
    let message = format!("error[M0503]: {why}: no answer in 10 s\n");
    assert!(refused.contains(&message), "{refused}");
    assert!(refused.ends_with(ADVICE), "{refused}");
    assert_eq!(pglite.schemas(), Vec::<String>::new());
    works_with_the_option(&pglite);
}
