//! `wait`: the wait of an init container.

use std::fs;
use std::os::unix::fs::symlink;

use migrator_localpg::Throwaway;
use serde_json::Value;
use tempfile::tempdir;

use super::{document, missing};
use crate::running::{run, start};
use crate::support::{database, execute, migrator, on, output, text};

#[test]
fn wait_ends_when_the_database_exists_and_its_migrations_are_applied() {
    let url = missing("wait_for_me");
    let mut wait = start(&url, &["wait", "--service=core"]);
    wait.until_said("there is no database `wait_for_me`");
    execute(&database(), "CREATE DATABASE wait_for_me");
    wait.until_said("note: waiting: 9 migrations are pending");
    let folder = tempdir().expect("a folder is made");
    output(&mut on(&url, folder.path(), &["up", "--service=core"]));
    let output = text(&wait.end());
    assert!(
        output.starts_with("exit: 0\n----- stdout -----\ncurrent postgresql://"),
        "{output}"
    );
}

#[test]
fn wait_continues_while_no_server_listens() {
    let server = Throwaway::shared().expect("a server starts");
    let url = database();
    let (_, name) = url.rsplit_once('/').expect("it names a database");
    let (sockets, folder) = (tempdir().expect("a folder"), tempdir().expect("a folder"));
    let at = sockets.path().display().to_string();
    let mut command = migrator(&["wait", "--service=core", "--output=json"]);
    command.env("PGHOST", &at).env("PGDATABASE", name);
    command.env("PGUSER", "postgres").current_dir(folder.path());
    let mut wait = run(command, folder);
    wait.until_said("there is no socket");
    let socket = ".s.PGSQL.5432";
    let linked = symlink(server.folder().join(socket), sockets.path().join(socket));
    linked.expect("it is made");
    wait.until_said("9 migrations are pending");
    let folder = tempdir().expect("a folder is made");
    output(&mut on(&url, folder.path(), &["up", "--service=core"]));
    let output = wait.end();
    let document: Value = serde_json::from_slice(&output.stdout).expect("it is JSON");
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(document["exit"], 0);
    assert_eq!(document["missing"], serde_json::json!([]));
    assert!(document["milliseconds"].is_number(), "{document}");
    fs::remove_file(sockets.path().join(socket)).expect("it is removed");
}

#[test]
fn a_wait_whose_time_is_over_says_what_is_missing() {
    let folder = tempdir().expect("a folder is made");
    let wait = ["wait", "--service=core", "--timeout=0s", "--output=json"];
    for (url, exit, code) in [
        (database(), 6, "M0506"),
        (missing("nobody_creates_me"), 5, "M0903"),
        ("postgresql://app@127.0.0.1:1/shop".to_owned(), 5, "M0902"),
        (
            "postgresql://app@nowhere.invalid/shop".to_owned(),
            5,
            "M0902",
        ),
    ] {
        let document = document(&mut on(&url, folder.path(), &wait));
        assert_eq!(document["exit"], exit, "{document}");
        assert_eq!(document["errors"][0]["code"], code, "{document}");
        assert!(document["database"].is_string(), "{document}");
    }
}

#[test]
fn a_wait_that_cannot_succeed_ends_at_once() {
    let (url, folder) = (database(), tempdir().expect("a folder is made"));
    output(&mut on(&url, folder.path(), &["up", "--service=core"]));
    execute(
        &url,
        "UPDATE migrator.core_history SET checksum = '1', fingerprint = '0' \
         WHERE version = 20240108091207",
    );
    let changed = output(&mut on(&url, folder.path(), &["wait", "--service=core"]));
    assert!(changed.starts_with("exit: 3\n"), "{changed}");
    assert!(changed.contains("error[M0401]"), "{changed}");
    let role = url.replace("//postgres@", "//nobody_at_all@");
    let refused = output(&mut on(&role, folder.path(), &["wait", "--service=core"]));
    assert!(refused.starts_with("exit: 5\n"), "{refused}");
    let unknown = output(&mut on(&url, folder.path(), &["wait", "--service=nobody"]));
    assert!(unknown.starts_with("exit: 2\n"), "{unknown}");
}

#[test]
fn a_signal_ends_a_wait() {
    let mut wait = start(&missing("never_created"), &["wait", "--service=all"]);
    wait.until_said("there is no database");
    wait.signal("TERM");
    let output = text(&wait.end());
    assert!(output.starts_with("exit: 143\n"), "{output}");
    assert!(output.contains("error[M0518]"), "{output}");
}
