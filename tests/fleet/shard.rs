//! Processes that divide a fleet between them.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::num::NonZeroU32;
use std::process::Stdio;

use migrator_runtime::Shard;
use serde_json::Value;

use super::{databases, fleet, folder, settings};
use crate::support::{
    self, THIRD, database, execute, hold, migrator, on, output, query, until_activity,
};

/// The shard that has a database.
fn shard(url: &str, count: u32) -> u32 {
    let count = NonZeroU32::new(count).expect("a number of shards");
    let mut shards = (0..count.get()).filter_map(|index| Shard::new(index, count));
    let shard = shards.find(|shard| shard.has(&settings(url)));
    shard.expect("a shard has it").index()
}

/// The databases of `--output=jsonl`, and the last line.
pub(super) fn lines(stdout: &[u8]) -> (Vec<Value>, Value) {
    let text = String::from_utf8_lossy(stdout);
    let lines = text
        .lines()
        .map(|line| serde_json::from_str(line).expect("JSON"));
    let mut lines: Vec<Value> = lines.collect();
    let last = lines.pop().expect("a last line");
    lines.retain(|line| line.get("event").is_none());
    (lines, last)
}

#[test]
fn killed_shards_run_again_and_each_database_is_migrated_once() {
    const SHARDS: u32 = 16;
    let folder = folder();
    let urls = databases(400);
    let of_shards: BTreeMap<u32, &String> =
        urls.iter().map(|url| (shard(url, SHARDS), url)).collect();
    let held: BTreeMap<u32, &String> = of_shards.into_iter().take(3).collect();
    for url in held.values() {
        hold(url, THIRD, "PERFORM pg_sleep(60);");
    }
    // The processes read the list at the same time, so it is written once.
    fs::write(folder.path().join("fleet.txt"), urls.join("\n")).expect("the list is written");
    let start = |index: u32| {
        let shard = format!("--shard={index}/{SHARDS}");
        let mut command = migrator(&[
            "up",
            "--service=core",
            "--to=20240109141033",
            "--fleet=fleet.txt",
        ]);
        command.args(["--jobs=2", "--output=jsonl", &shard]);
        command.current_dir(folder.path());
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        command.spawn().expect("the binary runs")
    };
    let (killed, others): (Vec<_>, Vec<_>) = (0..SHARDS)
        .map(|index| (index, start(index)))
        .partition(|(index, _)| held.contains_key(index));
    for (index, mut child) in killed {
        until_activity(held[&index], "wait_event = 'PgSleep'");
        child.kill().expect("it runs");
        child.wait().expect("it ends");
    }
    for (index, child) in others {
        let output = support::text(&child.wait_with_output().expect("it ends"));
        assert!(output.starts_with("exit: 0\n"), "{index}: {output}");
    }
    for url in held.values() {
        let_go(url);
    }
    let again: Vec<_> = (0..SHARDS).map(|index| (index, start(index))).collect();
    let mut visited = Vec::new();
    for (index, child) in again {
        let output = child.wait_with_output().expect("it ends");
        assert!(output.status.success(), "{}", support::text(&output));
        let (rows, last) = lines(&output.stdout);
        assert_eq!(last["shard"], format!("{index}/{SHARDS}"));
        assert_eq!(last["totals"]["failed"], 0);
        visited.extend(rows.into_iter().map(|row| row["database"].to_string()));
    }
    assert_eq!(visited.len(), urls.len());
    assert_eq!(visited.iter().collect::<BTreeSet<_>>().len(), urls.len());
    for url in &urls {
        each_migration_was_applied_once(url, 3);
    }
}

/// Removes the trigger of [`hold`], and ends the session that still sleeps in it.
pub(super) fn let_go(url: &str) {
    execute(url, "DROP EVENT TRIGGER hold");
    let end = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
               WHERE datname = current_database() AND wait_event = 'PgSleep'";
    execute(url, end);
}

fn each_migration_was_applied_once(url: &str, number: usize) {
    let applied = query(url, "SELECT name FROM migrator.event WHERE kind = 'apply'");
    let names: BTreeSet<&String> = applied.iter().collect();
    assert_eq!(
        (applied.len(), names.len()),
        (number, number),
        "{applied:?}"
    );
}

#[test]
fn each_database_is_a_line_of_json_as_it_ends() {
    let folder = folder();
    let urls = [database(), super::NOBODY.to_owned(), database()];
    let run = ["--service=core", "--steps=1", "--jobs=1", "--output=jsonl"];
    let mut filters = support::filters();
    filters[2] = (r#"postgresql://[^\s"`]+"#, "[database]");
    filters.push((r#""milliseconds":[0-9.]+"#, r#""milliseconds":[time]"#));
    insta::with_settings!({ filters => filters }, {
        insta::assert_snapshot!(output(&mut fleet(&folder, &urls, &run)));
    });
}

#[test]
fn an_indexed_job_names_the_shard() {
    let folder = folder();
    let urls = databases(4);
    let job = |arguments: &[&str], variables: &[(&str, &str)]| {
        let arguments = [&["--service=core", "--steps=1"], arguments].concat();
        let mut command = fleet(&folder, &urls, &arguments);
        command.envs(variables.iter().copied());
        output(&mut command)
    };
    for index in 0..2_u32 {
        let own = urls.iter().filter(|url| shard(url, 2) == index);
        let own: Vec<String> = own.map(|url| settings(url).display_target()).collect();
        let text = index.to_string();
        let by_option = job(&["--shards=2"], &[("JOB_COMPLETION_INDEX", &text)]);
        for url in &own {
            assert!(
                by_option.contains(&format!("applied {url} ")),
                "{by_option}"
            );
        }
        let variables = [("MIGRATOR_SHARDS", "2"), ("JOB_COMPLETION_INDEX", &text)];
        let by_variable = job(&[], &variables);
        let by_flag = job(&[&format!("--shard={index}/2")], &[]);
        for output in [by_option, by_variable, by_flag] {
            assert!(output.starts_with("exit: 0\n"), "{output}");
            assert_eq!(
                output.matches(" postgresql://").count(),
                own.len(),
                "{output}"
            );
            assert_eq!(
                output.contains(&format!(" of shard {text}/2 in ")),
                !own.is_empty(),
                "{output}"
            );
        }
    }
    let refused = [
        job(&["--shards=2"], &[]),
        job(&["--shards=2"], &[("JOB_COMPLETION_INDEX", "2")]),
        job(&["--shards=2"], &[("JOB_COMPLETION_INDEX", "-1")]),
        job(
            &[],
            &[("JOB_COMPLETION_INDEX", "0"), ("MIGRATOR_SHARDS", "0")],
        ),
    ];
    insta::assert_snapshot!(refused.join("\n"));
    let whole = job(&["-q"], &[("JOB_COMPLETION_INDEX", "0")]);
    assert!(whole.contains("\n4 databases in "), "{whole}");
    let noted = job(&[], &[("JOB_COMPLETION_INDEX", "0")]);
    assert!(
        noted.contains("note: this pod of an Indexed Job works on the whole list"),
        "{noted}"
    );
}

#[test]
fn the_first_shard_reports_malformed_lines() {
    let list = "mysql://app:s3cr3t@db/shop";
    let first = super::piped(list, &["--service=core", "--shard=0/2"]);
    assert!(
        first.contains("M0901") && first.contains("1 failed"),
        "{first}"
    );
    let second = super::piped(list, &["--service=core", "--shard=1/2"]);
    assert!(second.starts_with("exit: 0\n"), "{second}");
    assert!(
        second.contains("warning: no database is in shard 1/2: nothing was done"),
        "{second}"
    );
}

#[test]
fn the_job_for_kubernetes_runs() {
    let job = include_str!("../../deploy/fleet-job.yaml");
    let after = |key: &str| {
        let (_, rest) = job.split_once(key).expect(key);
        rest.lines()
            .next()
            .expect("a value")
            .trim()
            .trim_matches('"')
    };
    let shards = after("name: MIGRATOR_SHARDS\n              value:");
    assert_eq!(shards, after("\n  completions:"));
    let (_, arguments) = job.split_once("          args:\n").expect("arguments");
    let arguments = arguments
        .lines()
        .map_while(|line| line.strip_prefix("            - "));
    let arguments: Vec<&str> = arguments.collect();
    let (main, folder) = (database(), folder());
    execute(
        &main,
        "CREATE SCHEMA tenant; CREATE TABLE tenant.databases (url text)",
    );
    execute(
        &main,
        &format!("INSERT INTO tenant.databases VALUES ('{main}')"),
    );
    let index = shard(&main, shards.parse().expect("a number")).to_string();
    // The migrations of a service named `tenant` would need its schema.
    let arguments = arguments.iter().map(|argument| match *argument {
        "--service=all" => "--service=core",
        argument => argument,
    });
    let arguments: Vec<&str> = arguments.collect();
    let mut command = on(&main, folder.path(), &arguments);
    command
        .env("MIGRATOR_SHARDS", shards)
        .env("JOB_COMPLETION_INDEX", &index);
    let output = command.output().expect("the binary runs");
    assert!(output.status.success(), "{}", support::text(&output));
    let (rows, last) = lines(&output.stdout);
    assert_eq!(rows.len(), 1);
    assert_eq!(last["shard"], format!("{index}/{shards}"));
}
