//! Closed output, and a terminal that is lost.

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

use tempfile::tempdir;

use super::{THIRD, hold, nothing_goes_on, recorded, start, until_activity};
use crate::support;
use crate::support::{BINARY, database, on, text};

#[test]
fn a_closed_pipe_does_not_stop_a_run() {
    let url = database();
    let folder = tempdir().expect("a folder is made");
    let mut up = on(&url, folder.path(), &["up", "--service=core"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the binary starts");
    let mut first = String::new();
    let stdout = up.stdout.take().expect("it is piped");
    // As with `head -1`, the pipe is closed after the first line.
    BufReader::new(stdout)
        .read_line(&mut first)
        .expect("it is readable");
    let output = up.wait_with_output().expect("it ends");
    assert!(first.starts_with("applied core/"), "{first}");
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
    assert_eq!(recorded(&url).len(), 9);
}

#[test]
fn a_closed_standard_output_is_reported_by_the_exit_code() {
    let url = database();
    let folder = tempdir().expect("a folder is made");
    let closed = |arguments: &str| {
        let command = format!("\"$0\" {arguments} >&- 2>&-");
        let mut sh = Command::new("sh");
        support::clear(&mut sh);
        sh.args(["-c", &command, BINARY])
            .env("DATABASE_URL", &url)
            .current_dir(folder.path());
        sh.status().expect("sh runs").code()
    };
    assert_eq!(closed("up --service=core"), Some(0));
    assert_eq!(closed("up --service=nowhere"), Some(2));
    assert_eq!(recorded(&url).len(), 9);
}

#[test]
fn a_lost_terminal_stops_a_run_unless_it_runs_under_nohup() {
    let url = database();
    hold(&url, THIRD, "PERFORM pg_sleep(60);");
    let up = start(&url, &["up", "--service=core"]);
    until_activity(&url, "wait_event = 'PgSleep'");
    up.signal("HUP");
    let output = text(&up.end());
    assert!(output.starts_with("exit: 129\n"), "{output}");
    assert!(output.contains("SIGHUP: stopping"), "{output}");
    nothing_goes_on(&url);

    // As `nohup` does.
    let folder = tempdir().expect("a folder is made");
    let mut sh = Command::new("sh");
    support::clear(&mut sh);
    let ignoring = "trap '' HUP; exec \"$0\" up --service=core -q";
    let child = sh
        .args(["-c", ignoring, BINARY])
        .env("DATABASE_URL", &url)
        .current_dir(folder.path())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("sh runs");
    until_activity(&url, "wait_event = 'PgSleep'");
    let signal = |name: &str| {
        let kill = ["-c", r#"kill -s "$0" "$1""#, name, &child.id().to_string()];
        let status = Command::new("sh").args(kill).status().expect("sh runs");
        assert!(status.success());
    };
    signal("HUP");
    signal("TERM");
    let output = child.wait_with_output().expect("it ends");
    assert_eq!(output.status.code(), Some(143), "{}", text(&output));
    nothing_goes_on(&url);
}
