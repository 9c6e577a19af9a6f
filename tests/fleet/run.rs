//! A fleet's databases: failures, limits, and memory.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::process::{Command, Stdio};

use serde_json::Value;

use super::shard::let_go;
use super::{NOBODY, applied, databases, fleet, folder, piped, settings};
use crate::support::{THIRD, database, execute, hold, migrator, on, output, query, until_activity};
use crate::{assert_output, support};

pub(super) fn document(command: &mut Command) -> Value {
    let output = command.output().expect("the binary runs");
    serde_json::from_slice(&output.stdout).expect("standard output is one JSON document")
}

/// A database in which the first script of `core` fails.
pub(super) fn occupied() -> String {
    let url = database();
    execute(&url, "CREATE SCHEMA core");
    url
}

/// A database whose history says that a script was changed.
pub(super) fn changed() -> String {
    let (url, folder) = (database(), folder());
    let up = ["up", "--service=core", "--steps=1"];
    output(&mut on(&url, folder.path(), &up));
    let change = "UPDATE migrator.core_history SET checksum = '1', fingerprint = '0'";
    execute(&url, change);
    url
}

#[test]
fn a_failure_in_one_database_stops_no_other_and_a_second_run_finishes() {
    let folder = folder();
    let good = databases(27);
    let (occupied, changed) = (occupied(), changed());
    let mut urls = good.clone();
    urls.insert(3, NOBODY.to_owned());
    urls.insert(9, changed.clone());
    urls.insert(20, occupied.clone());
    let first = document(&mut fleet(
        &folder,
        &urls,
        &["--service=core", "--output=json"],
    ));
    assert_eq!(first["exit"], 1);
    assert_eq!(first["totals"]["applied"], 27);
    assert_eq!(first["totals"]["failed"], 3);
    assert_eq!(first["totals"]["migrations"], 27 * 9);
    let rows = first["databases"].as_array().expect("a list");
    assert_eq!(rows.len(), 30);
    for (row, url) in rows.iter().zip(&urls) {
        // The document keeps the order of the list.
        assert_eq!(row["database"], settings(url).display_target());
    }
    let failed = |index: usize| (&rows[index]["state"], &rows[index]["errors"][0]["code"]);
    for (index, code) in [(3, "M0902"), (9, "M0401"), (20, "M0501")] {
        assert_eq!(failed(index), (&"failed".into(), &code.into()));
    }
    for url in &good {
        assert_eq!(applied(url), "9");
    }
    execute(&occupied, "DROP SCHEMA core");
    execute(&changed, "DROP SCHEMA core, migrator CASCADE");
    urls.remove(3);
    let second = output(&mut fleet(&folder, &urls, &["--service=core", "-q"]));
    assert!(second.starts_with("exit: 0\n"), "{second}");
    assert!(
        second.contains(": 2 applied (18 migrations), 27 current\n"),
        "{second}"
    );
    assert_eq!(
        (applied(&occupied), applied(&changed)),
        ("9".into(), "9".into())
    );
}

#[test]
fn each_database_has_a_line_and_the_failures_come_at_the_end() {
    let folder = folder();
    let urls = [
        database(),
        occupied(),
        NOBODY.to_owned(),
        database(),
        changed(),
        occupied(),
    ];
    let run = ["--service=core", "--steps=2", "--jobs=1"];
    assert_output!(&mut fleet(&folder, &urls, &run));
    let quiet = [&run[..], &["--quiet"]].concat();
    assert_output!(&mut fleet(&folder, &urls[..4], &quiet));
    let json = [&run[..], &["--output=json"]].concat();
    let mut filters = support::filters();
    filters[2] = (r#"postgresql://[^\s"`]+"#, "[database]");
    filters.push((
        r#""milliseconds": ?(null|[0-9.]+)"#,
        r#""milliseconds": [time]"#,
    ));
    insta::with_settings!({ filters => filters }, {
        insta::assert_snapshot!(output(&mut fleet(&folder, &urls[..3], &json)));
    });
}

#[test]
fn max_failures_starts_no_further_database() {
    let folder = folder();
    let last = database();
    let urls = [occupied(), database(), occupied(), last.clone(), database()];
    let run = ["--service=core", "--jobs=1", "--max-failures=2"];
    assert_output!(&mut fleet(&folder, &urls, &run));
    let schemas = "SELECT nspname::text FROM pg_namespace WHERE nspname = 'migrator'";
    assert!(query(&last, schemas).is_empty());
    let json = [&run[..], &["--output=json"]].concat();
    let json = document(&mut fleet(&folder, &urls, &json));
    assert_eq!(json["totals"]["skipped"], 2);
    assert_eq!(json["databases"][4]["state"], "skipped");
}

#[test]
fn equal_failures_decide_the_exit_code() {
    let folder = folder();
    let run = ["--service=core"];
    let unreached = output(&mut fleet(&folder, &[NOBODY.into(), NOBODY.into()], &run));
    assert!(unreached.starts_with("exit: 5\n"), "{unreached}");
    let refused = output(&mut fleet(&folder, &[changed(), database()], &run));
    assert!(refused.starts_with("exit: 3\n"), "{refused}");
    let both = output(&mut fleet(&folder, &[changed(), NOBODY.into()], &run));
    assert!(both.starts_with("exit: 1\n"), "{both}");
}

#[test]
fn a_dry_run_shows_what_each_database_lacks_and_writes_nothing() {
    let folder = folder();
    let urls = databases(2);
    output(&mut on(
        &urls[0],
        folder.path(),
        &["up", "--service=core", "--steps=8"],
    ));
    let run = ["--service=core", "--jobs=1", "--dry-run"];
    assert_output!(&mut fleet(&folder, &urls, &run));
    let json = [&run[..], &["--output=json"]].concat();
    let json = document(&mut fleet(&folder, &urls, &json));
    assert_eq!(json["totals"]["pending"], 2);
    assert_eq!(json["databases"][0]["state"], "pending");
    let plan = &json["databases"][0]["plan"];
    assert_eq!(plan.as_array().expect("a list").len(), 1);
    let schemas = "SELECT nspname::text FROM pg_namespace WHERE nspname IN ('core', 'migrator')";
    assert!(query(&urls[1], schemas).is_empty());
}

#[test]
fn no_password_of_a_fleet_is_ever_shown() {
    let main = database();
    let secret = |url: &str| url.replace("//postgres@", "//postgres:s3cr3t@");
    let lines = [
        secret(&database()),
        secret(&occupied()),
        secret(&changed()),
        NOBODY.to_owned(),
        "postgresql://app:s3cr3t@nowhere.invalid/shop?password=s3cr3t".to_owned(),
        "postgresql://app@db/shop?pasword=s3cr3t".to_owned(),
        "host=127.0.0.1 port=1 password=s3cr3t s3cr3t".to_owned(),
        "postgresql://app:s3cr3t@db:s3cr3t/shop".to_owned(),
    ];
    assert!(lines[0].contains("s3cr3t"), "{}", lines[0]);
    let list = lines.join("\n");
    let folder = folder();
    let values = lines.map(|line| format!("('{line}')")).join(", ");
    let rows = format!("--fleet-query=VALUES {values}");
    for arguments in [
        &["--service=core"][..],
        &["--service=core", "--output=json"],
        &["--service=core", "--dry-run"],
        &["--service=core", "--quiet", "--jobs=1"],
    ] {
        let from_input = piped(&list, arguments);
        let arguments = [&["up"], arguments, &[rows.as_str()]].concat();
        let mut command = on(&main, folder.path(), &arguments);
        let from_query = output(command.env("PGPASSWORD", "s3cr3t"));
        for output in [from_input, from_query] {
            assert!(output.contains("M0401"), "{output}");
            assert!(!output.contains("s3cr3t"), "{output}");
        }
    }
}

#[test]
fn many_databases_take_no_more_memory_than_few() {
    let url = database();
    let few = peak(&url, 20);
    let many = peak(&url, 1_000);
    assert!(many < few + 1_024, "{few} kB for 20, {many} kB for 1,000");
}

/// The peak memory of the binary for this number of databases, in kB.
fn peak(url: &str, number: usize) -> u64 {
    let folder = folder();
    output(&mut on(url, folder.path(), &["up", "--service=core"]));
    let mut child = migrator(&["up", "--service=core", "--fleet=-"])
        .current_dir(folder.path())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("the binary runs");
    let mut stdin = child.stdin.take().expect("it is piped");
    let stdout = BufReader::new(child.stdout.take().expect("it is piped"));
    let mut lines = stdout.lines();
    for chunk in vec![url; number].chunks(10) {
        stdin
            .write_all((chunk.join("\n") + "\n").as_bytes())
            .expect("the binary reads");
        let answers = lines.by_ref().take(chunk.len()).map_while(Result::ok);
        assert_eq!(answers.count(), chunk.len());
    }
    // All databases are done, and the binary waits for more lines.
    let status = fs::read_to_string(format!("/proc/{}/status", child.id())).expect("it runs");
    drop(stdin);
    assert!(child.wait().expect("it ends").success());
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let peak = peak.and_then(|peak| peak.split_whitespace().next());
    peak.and_then(|peak| peak.parse().ok()).expect("a number")
}

#[test]
fn a_database_in_progress_has_two_connections_and_the_query_one() {
    let (main, folder) = (database(), folder());
    let urls = databases(5);
    for url in &urls {
        hold(url, THIRD, "PERFORM pg_sleep(60);");
    }
    let list: Vec<String> = urls.iter().map(|url| format!("('{url}')")).collect();
    let values = format!("--fleet-query=VALUES {}", list.join(", "));
    let up = ["up", "--service=core", "--jobs=3", &values];
    let mut child = on(&main, folder.path(), &up)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("the binary runs");
    for url in &urls[..3] {
        until_activity(url, "wait_event = 'PgSleep'");
    }
    let own = format!("application_name = 'migrator (process {})'", child.id());
    let sessions = format!("SELECT count(*)::text FROM pg_stat_activity WHERE {own}");
    assert_eq!(query(&main, &sessions), ["7"]);
    child.kill().expect("it runs");
    child.wait().expect("it ends");
    for url in &urls[..3] {
        let_go(url);
    }
}
