//! The binary and real signals: its output, its exit code, and what remains on the server.
//!
//! An event trigger holds a script in the middle.

#![cfg(unix)]
#![expect(clippy::expect_used, reason = "a test stops at what it cannot set up")]

macro_rules! assert_ended {
    ($running:expr) => {
        insta::with_settings!({ filters => $crate::support::filters() }, {
            insta::assert_snapshot!($crate::support::text(&$running.end()));
        })
    };
}

mod network;
mod run;
mod streams;
#[path = "../support/mod.rs"]
mod support;
mod wait;

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, ChildStdout, Command, Output, Stdio};
use std::thread::{self, JoinHandle};

use tempfile::{TempDir, tempdir};
use tokio::runtime::Runtime;
use tokio_postgres::Client;

use crate::support::{THIRD, connect, hold, on, query, until, until_activity};

/// Checks that no session is active and that no run holds a lock.
fn nothing_goes_on(url: &str) {
    until(
        url,
        "SELECT 1 WHERE NOT EXISTS (SELECT FROM pg_stat_activity \
           WHERE datname = current_database() AND pid <> pg_backend_pid() \
             AND backend_type = 'client backend' AND state <> 'idle') \
         AND NOT EXISTS (SELECT FROM pg_locks l JOIN pg_database d ON d.oid = l.database \
           WHERE l.locktype = 'advisory' AND d.datname = current_database())",
    );
}

fn recorded(url: &str) -> Vec<String> {
    query(
        url,
        "SELECT name || coalesce(' dirty ' || dirty, '') FROM migrator.core_history ORDER BY version",
    )
}

/// A session that holds its locks until it is dropped.
fn session(url: &str, lock: &str) -> (Runtime, Client) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime starts");
    let client = runtime.block_on(connect(url));
    let locked = runtime.block_on(client.batch_execute(&format!("BEGIN; {lock}")));
    locked.expect("it is free");
    (runtime, client)
}

/// The binary while it runs.
struct Running {
    child: Child,
    stdout: JoinHandle<Vec<u8>>,
    stderr: BufReader<std::process::ChildStderr>,
    output: Vec<u8>,
    _folder: TempDir,
}

fn start(url: &str, arguments: &[&str]) -> Running {
    let folder = tempdir().expect("a folder is made");
    let mut command = on(url, folder.path(), arguments);
    let mut child = command
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the binary starts");
    let stdout = child.stdout.take().expect("it is piped");
    let stderr = BufReader::new(child.stderr.take().expect("it is piped"));
    Running {
        child,
        stdout: thread::spawn(move || all(stdout)),
        stderr,
        output: Vec::new(),
        _folder: folder,
    }
}

fn all(mut stdout: ChildStdout) -> Vec<u8> {
    let mut bytes = Vec::new();
    stdout.read_to_end(&mut bytes).expect("it is readable");
    bytes
}

impl Running {
    fn signal(&self, name: &str) {
        let kill = [
            "-c",
            r#"kill -s "$0" "$1""#,
            name,
            &self.child.id().to_string(),
        ];
        let status = Command::new("sh").args(kill).status().expect("sh runs");
        assert!(status.success());
    }

    /// Waits until a line of standard error says this.
    fn until_said(&mut self, what: &str) {
        let mut line = Vec::new();
        while !String::from_utf8_lossy(&line).contains(what) {
            line.clear();
            let read = self.stderr.read_until(b'\n', &mut line);
            self.output.extend(&line);
            let so_far = String::from_utf8_lossy(&self.output);
            assert!(read.expect("it is readable") > 0, "{what}: {so_far}");
        }
    }

    fn end(mut self) -> Output {
        let read = self.stderr.read_to_end(&mut self.output);
        read.expect("it is readable");
        Output {
            status: self.child.wait().expect("it ends"),
            stdout: self.stdout.join().expect("it is read"),
            stderr: self.output,
        }
    }
}
