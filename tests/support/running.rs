//! The binary while it runs: sends signals, and reads what it says.

#![allow(dead_code, unreachable_pub, reason = "each test file uses its part")]

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, ChildStdout, Command, Output, Stdio};
use std::thread::{self, JoinHandle};

use tempfile::{TempDir, tempdir};

use crate::support::on;

/// The binary while it runs.
pub struct Running {
    pub child: Child,
    stdout: JoinHandle<Vec<u8>>,
    stderr: BufReader<std::process::ChildStderr>,
    output: Vec<u8>,
    _folder: TempDir,
}

/// Starts the binary in an empty folder, on a database.
pub fn start(url: &str, arguments: &[&str]) -> Running {
    let folder = tempdir().expect("a folder is made");
    let command = on(url, folder.path(), arguments);
    run(command, folder)
}

/// Starts a command whose folder exists until the process has ended.
pub fn run(mut command: Command, folder: TempDir) -> Running {
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
    /// Sends a signal.
    pub fn signal(&self, name: &str) {
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
    pub fn until_said(&mut self, what: &str) {
        let mut line = Vec::new();
        while !String::from_utf8_lossy(&line).contains(what) {
            line.clear();
            let read = self.stderr.read_until(b'\n', &mut line);
            self.output.extend(&line);
            let so_far = String::from_utf8_lossy(&self.output);
            assert!(read.expect("it is readable") > 0, "{what}: {so_far}");
        }
    }

    /// Waits until the process has ended.
    pub fn end(mut self) -> Output {
        let read = self.stderr.read_to_end(&mut self.output);
        read.expect("it is readable");
        Output {
            status: self.child.wait().expect("it ends"),
            stdout: self.stdout.join().expect("it is read"),
            stderr: self.output,
        }
    }
}
