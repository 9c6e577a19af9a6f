//! `--fleet`: one command works on many databases.

#![expect(clippy::expect_used, reason = "a test stops at what it cannot set up")]

mod list;
mod pace;
mod run;
mod shard;
#[path = "../support/mod.rs"]
mod support;
mod wave;
mod work;

use std::fs;
use std::io::Write;
use std::process::{Command, Stdio};

use migrator_runtime::Settings;
use tempfile::{TempDir, tempdir};

use crate::support::{database, migrator, query};

const NOBODY: &str = "postgresql://app:s3cr3t@127.0.0.1:1/shop";

fn folder() -> TempDir {
    tempdir().expect("a folder is made")
}

fn settings(url: &str) -> Settings {
    Settings::parse(url).expect("a URL")
}

fn databases(number: usize) -> Vec<String> {
    (0..number).map(|_| database()).collect()
}

/// `up` with a list of databases in a file.
fn fleet(folder: &TempDir, urls: &[String], arguments: &[&str]) -> Command {
    of("up", folder, urls, arguments)
}

/// A command with a list of databases in a file.
fn of(command: &str, folder: &TempDir, urls: &[String], arguments: &[&str]) -> Command {
    let list = urls.join("\n");
    fs::write(folder.path().join("fleet.txt"), list).expect("the list is written");
    let arguments = [&[command, "--fleet=fleet.txt"], arguments].concat();
    let mut command = migrator(&arguments);
    command.current_dir(folder.path());
    command
}

/// The command with a list of databases on standard input.
fn piped(list: &str, arguments: &[&str]) -> String {
    let folder = folder();
    let arguments = [&["up", "--fleet=-"], arguments].concat();
    let mut child = migrator(&arguments)
        .current_dir(folder.path())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the binary runs");
    let mut stdin = child.stdin.take().expect("it is piped");
    stdin.write_all(list.as_bytes()).expect("the binary reads");
    drop(stdin);
    support::text(&child.wait_with_output().expect("it ends"))
}

/// How many migrations of `core` a database has.
fn applied(url: &str) -> String {
    let entries = "SELECT count(*)::text FROM migrator.core_history";
    query(url, entries).concat()
}
