//! `--log-format` and `--metrics`.

use std::fs;
use std::os::unix::fs::symlink;
use std::process::Command;

use serde_json::Value;

use super::{folder, write};
use crate::support::{database, execute, migrator, on, output};

/// The objects on standard error. Any other line fails the test.
fn log(command: &mut Command) -> (Option<i32>, String, Vec<Value>) {
    let output = command.output().expect("the binary runs");
    let stderr = String::from_utf8(output.stderr).expect("it is text");
    let lines = stderr
        .lines()
        .map(|line| serde_json::from_str(line).expect(line));
    let stdout = String::from_utf8(output.stdout).expect("it is text");
    (output.status.code(), stdout, lines.collect())
}

fn with_message<'l>(log: &'l [Value], message: &str) -> &'l Value {
    let found = log.iter().find(|entry| entry["message"] == message);
    found.expect(message)
}

#[test]
fn a_log_of_json_has_an_object_for_each_event() {
    let (url, folder) = (database(), folder());
    let up = ["up", "--service=core", "--steps=1", "--log-format=json"];
    let (code, stdout, entries) = log(&mut on(&url, folder.path(), &up));
    assert_eq!(code, Some(0), "{entries:#?}");
    assert!(stdout.starts_with("applied core/"), "{stdout}");
    let applied = with_message(&entries, "applied");
    assert_eq!(applied["level"], "info");
    assert_eq!(applied["operation"], "up");
    assert_eq!(applied["service"], "core");
    assert_eq!(applied["leg"], 1);
    assert_eq!(applied["retries"], 0);
    assert!(applied["milliseconds"].is_number(), "{applied}");
    assert!(
        applied["version"]
            .as_str()
            .is_some_and(|version| version.len() == 14)
    );
    let time = applied["time"].as_str().unwrap_or_default();
    assert!(time.len() == 24 && time.ends_with('Z'), "{time}");
    assert_eq!(with_message(&entries, "run ended")["steps"], 1);
}

#[test]
fn messages_to_the_server_are_entries_too() {
    let (url, folder) = (database(), folder());
    let up = ["up", "--service=core", "--log-format=json", "--verbose"];
    let (code, _, entries) = log(&mut on(&url, folder.path(), &up));
    assert_eq!(code, Some(0), "{entries:#?}");
    let sent = with_message(&entries, "sent");
    assert_eq!(sent["level"], "debug");
    assert!(sent["sql"].is_string(), "{sent}");
}

#[test]
fn errors_are_lines_of_the_log_and_show_no_password() {
    let folder = folder();
    let url = "postgresql://app:s3cr3t@127.0.0.1:1/shop";
    let status = ["status", "--log-format=json"];
    let (code, _, entries) = log(&mut on(url, folder.path(), &status));
    assert_eq!(code, Some(5));
    let last = entries.last().expect("the command failed");
    assert_eq!(last["level"], "error");
    let text = format!("{entries:?}");
    assert!(text.contains("127.0.0.1"), "{text}");
    assert!(!text.contains("s3cr3t"), "{text}");
    let (code, _, entries) = log(&mut migrator(&["up", "--log-format=json"]));
    assert_eq!(
        (code, &entries[0]["level"]),
        (Some(2), &Value::from("error"))
    );
}

#[test]
fn a_failed_step_is_in_the_log_once() {
    let (url, folder) = (database(), folder());
    execute(&url, "CREATE SCHEMA core; CREATE TABLE core.audit_log ()");
    let up = ["up", "--service=core", "--log-format=json"];
    let (code, _, entries) = log(&mut on(&url, folder.path(), &up));
    assert_eq!(code, Some(1), "{entries:#?}");
    let failed = entries.iter().filter(|entry| entry["message"] == "failed");
    assert_eq!(failed.count(), 1, "{entries:#?}");
    let run = with_message(&entries, "run failed");
    assert!(
        run["code"]
            .as_str()
            .is_some_and(|code| code.starts_with('M')),
        "{run}"
    );
}

/// The samples of a file of metrics, without the database.
fn samples(path: &std::path::Path) -> Vec<String> {
    let text = fs::read_to_string(path).expect("it is written");
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    let without_database = |line: &str| {
        let (before, rest) = line.split_once("database=\"").expect("each has a database");
        let (_, after) = rest.split_once('"').expect("it ends");
        format!("{before}{after}")
    };
    lines.map(without_database).collect()
}

#[test]
fn metrics_add_up_over_the_runs_of_a_file() {
    let (url, folder) = (database(), folder());
    let path = folder.path().join("migrator.prom");
    let run = |arguments: &[&str]| {
        let mut command = on(&url, folder.path(), arguments);
        output(command.arg(format!("--metrics={}", path.display())))
    };
    run(&["up", "--service=core", "--steps=2"]);
    run(&["up", "--service=core", "--steps=1"]);
    let refused = run(&["up", "--service=core", "--to=20000101000000"]);
    assert!(!refused.starts_with("exit: 0\n"), "{refused}");
    run(&["status"]);
    run(&["up", "--service=core", "--dry-run"]);
    let samples = samples(&path);
    for expected in [
        "migrator_runs_total{command=\"up\",,result=\"success\"} 2",
        "migrator_runs_total{command=\"up\",,result=\"failure\"} 1",
        "migrator_runs_total{command=\"status\",,result=\"success\"} 1",
        "migrator_runs_total{command=\"plan\",,result=\"success\"} 1",
        "migrator_migrations_applied_total{command=\"up\",} 3",
        "migrator_last_run_failed{command=\"up\",} 1",
    ] {
        assert!(
            samples.iter().any(|sample| sample == expected),
            "{expected}\n{samples:#?}"
        );
    }
    let pending = samples
        .iter()
        .filter(|one| one.starts_with("migrator_migrations_pending{"));
    assert!(pending.count() > 1, "{samples:#?}");
    let names = fs::read_dir(folder.path()).expect("the folder is readable");
    assert_eq!(names.count(), 1, "no other file is left");
}

#[test]
fn metrics_name_a_database_that_cannot_be_reached() {
    let folder = folder();
    let url = "postgresql://app:s3cr3t@127.0.0.1:1/shop";
    let up = ["status", "--metrics=migrator.prom"];
    let printed = output(&mut on(url, folder.path(), &up));
    assert!(printed.starts_with("exit: 5\n"), "{printed}");
    let path = folder.path().join("migrator.prom");
    let text = fs::read_to_string(path).expect("it is written");
    let failed = "migrator_last_run_failed{command=\"status\",database=\"postgresql://app@127.0.0.1:1/shop\"} 1";
    assert!(text.contains(failed), "{text}");
    assert!(!text.contains("s3cr3t"), "{text}");
}

#[test]
fn a_file_of_another_program_is_left_alone() {
    let (url, folder) = (database(), folder());
    write(folder.path(), "node.prom", "node_load1 0.2\n");
    let status = ["status", "--metrics=node.prom"];
    let printed = output(&mut on(&url, folder.path(), &status));
    assert!(printed.starts_with("exit: 0\n"), "{printed}");
    assert!(
        printed.contains("warning: cannot write the metrics to `node.prom`"),
        "{printed}"
    );
    let text = fs::read_to_string(folder.path().join("node.prom")).expect("it is there");
    assert_eq!(text, "node_load1 0.2\n");
}

#[test]
fn only_a_regular_file_is_replaced() {
    let (url, folder) = (database(), folder());
    let path = |name| folder.path().join(name);
    let made = Command::new("mkfifo").arg(path("pipe.prom")).status();
    assert!(made.expect("mkfifo runs").success());
    let status = ["status", "--metrics=pipe.prom"];
    let printed = output(&mut on(&url, folder.path(), &status));
    assert!(printed.starts_with("exit: 0\n"), "{printed}");
    let why = "warning: cannot write the metrics to `pipe.prom`: it is not a regular file";
    assert!(printed.contains(why), "{printed}");
    let kind = fs::metadata(path("pipe.prom")).expect("it is there");
    assert!(!kind.is_file());

    write(folder.path(), "real.prom", "");
    symlink("real.prom", path("link.prom")).expect("a link is made");
    output(&mut on(
        &url,
        folder.path(),
        &["status", "--metrics=link.prom"],
    ));
    assert!(path("link.prom").is_symlink());
    let text = fs::read_to_string(path("real.prom")).expect("it is there");
    assert!(text.contains("migrator_runs_total{"), "{text}");
}
