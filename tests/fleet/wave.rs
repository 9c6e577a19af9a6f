//! The second column of a list: waves.

use std::fs;

use serde_json::Value;
use tempfile::TempDir;

use super::run::{document, occupied};
use super::{NOBODY, applied, databases, fleet, folder, of, piped, settings};
use crate::support::{database, execute, migrator, on, output};
use crate::{assert_output, support};

/// The waves of the databases of a document, in the order in which they started.
fn waves(document: &Value) -> Vec<(u64, String)> {
    let rows = document["databases"].as_array().expect("a list").iter();
    let waves = rows.map(|row| {
        let wave = row["wave"].as_u64().expect("a number");
        (wave, row["database"].as_str().expect("a URL").to_owned())
    });
    waves.collect()
}

#[test]
fn waves_start_in_the_order_of_their_numbers() {
    let (main, folder) = (database(), folder());
    let urls = databases(5);
    // The file and the query are not sorted. A tab and blanks separate the column.
    let of_lines = [10, 2, 0, 2, 10];
    let expected = [(0, 2), (2, 1), (2, 3), (10, 0), (10, 4)];
    let expected = expected.map(|(wave, index)| (wave, settings(&urls[index]).display_target()));
    let lines = urls.iter().zip(of_lines);
    let lines: Vec<String> = lines
        .map(|(url, wave)| format!("{url} \t {wave}"))
        .collect();
    let run = ["--service=core", "--output=json", "--steps=1"];
    let from_file = document(&mut fleet(&folder, &lines, &run));
    assert_eq!(from_file["totals"]["applied"], 5);
    assert_eq!(waves(&from_file), expected);
    execute(&main, "CREATE TABLE tenant (url text, wave int)");
    for (url, wave) in urls.iter().zip(of_lines) {
        execute(
            &main,
            &format!("INSERT INTO tenant VALUES ('{url}', {wave})"),
        );
    }
    let query = "--fleet-query=SELECT * FROM tenant";
    let arguments = [&["up", query], &run[..]].concat();
    let from_query = document(&mut on(&main, folder.path(), &arguments));
    assert_eq!(waves(&from_query), expected);
    let mut sorted = lines.clone();
    sorted.sort_by_key(|line| {
        line.rsplit(' ')
            .next()
            .and_then(|wave| wave.parse::<u32>().ok())
    });
    let from_input = piped(&sorted.join("\n"), &["--service=core", "--jobs=1"]);
    let mut rest = from_input.as_str();
    for (wave, url) in expected {
        let (_, after) = rest.split_once(&url).expect("the order of the waves");
        let (line, after) = after.split_once('\n').expect("a line");
        assert!(line.ends_with(&format!(", wave {wave})")), "{line}");
        rest = after;
    }
}

/// Standard output as a word for each line, without those about steps, and standard error.
fn lines(folder: &TempDir, list: &[String], options: &[&str]) -> (Vec<String>, String) {
    let run = ["--service=core", "--steps=1", "--output=jsonl", "--jobs=1"];
    let run = [&run[..], options].concat();
    let output = fleet(folder, list, &run).output().expect("the binary runs");
    let text = String::from_utf8(output.stdout).expect("a text");
    let lines = text.lines().filter_map(|line| {
        let line: Value = serde_json::from_str(line).expect("JSON");
        match (&line["event"], &line["database"]) {
            (Value::String(_), Value::String(_)) => None,
            (Value::String(_), _) => Some(line.to_string()),
            (_, Value::String(_)) => Some("a database".to_owned()),
            _ => Some("the totals".to_owned()),
        }
    });
    let notes = String::from_utf8(output.stderr).expect("a text");
    (lines.collect(), notes)
}

#[test]
fn the_start_of_a_wave_and_the_time_to_settle_are_reported() {
    let folder = folder();
    let urls = databases(3);
    let waves = urls.iter().zip([1, 2, 1]);
    let list: Vec<String> = waves.map(|(url, wave)| format!("{url} {wave}")).collect();
    let (lines_of_waves, notes) = lines(&folder, &list, &["--settle=2ms"]);
    assert_eq!(
        lines_of_waves,
        [
            r#"{"event":"wave","wave":1}"#,
            "a database",
            "a database",
            r#"{"event":"settle","milliseconds":2.0,"wave":2}"#,
            r#"{"event":"wave","wave":2}"#,
            "a database",
            "the totals",
        ]
    );
    assert_eq!(
        notes,
        "note: starting wave 1\n\
         note: waiting 2 ms before the next databases of wave 2 start\n\
         note: starting wave 2\n"
    );
    let (lines_of_canary, notes) = lines(&folder, &urls, &["--canary=1", "--settle=1ms"]);
    assert_eq!(
        lines_of_canary,
        [
            "a database",
            r#"{"event":"settle","milliseconds":1.0}"#,
            "a database",
            "a database",
            "the totals",
        ]
    );
    assert_eq!(
        notes,
        "note: waiting 1 ms before the next databases start\n"
    );
}

#[test]
fn too_many_failures_start_no_later_wave() {
    let folder = folder();
    let lines = [
        format!("{} 2", database()),
        format!("{} 1", occupied()),
        format!("{} 1", database()),
        format!("{} 3", database()),
    ];
    let run = ["--service=core", "--steps=1", "--output=json"];
    let limited = [&run[..], &["--max-failures=1", "--jobs=1"]].concat();
    let limited = document(&mut fleet(&folder, &lines, &limited));
    assert_eq!(limited["totals"]["failed"], 1);
    assert_eq!(limited["totals"]["skipped"], 3);
    let canary = [&run[..], &["--canary=2", "--settle=1h"]].concat();
    let canary = document(&mut fleet(&folder, &lines, &canary));
    assert_eq!(canary["totals"]["applied"], 1);
    assert_eq!(canary["totals"]["skipped"], 2);
    let unlimited = document(&mut fleet(&folder, &lines, &run));
    assert_eq!(unlimited["totals"]["applied"], 3);
    assert_eq!(unlimited["totals"]["skipped"], 0);
}

#[test]
fn a_wave_is_chosen_by_its_number() {
    let folder = folder();
    let urls = databases(3);
    let lines: Vec<String> = (0..)
        .zip(&urls)
        .map(|(wave, url)| format!("{url} {wave}"))
        .collect();
    let run = ["--service=core", "--steps=1", "--wave=1", "--settle=1ms"];
    assert_output!(&mut fleet(&folder, &lines, &run));
    let counts = urls.iter().map(|url| {
        let there = "SELECT count(*)::text FROM pg_namespace WHERE nspname = 'migrator'";
        support::query(url, there).concat()
    });
    assert_eq!(counts.collect::<Vec<_>>(), ["0", "1", "0"]);
    assert_eq!(applied(&urls[1]), "1");
    let nobody = ["--service=core", "--wave=7", "--shard=0/1"];
    assert_output!(&mut of("status", &folder, &lines, &nobody));
}

#[test]
fn a_malformed_wave_is_refused_before_any_database_is_migrated() {
    let (main, folder) = (database(), folder());
    let lines = [
        format!("{main} 1"),
        NOBODY.to_owned(),
        "postgresql://app:s3 cr3t@db/shop".to_owned(),
        "host=db dbname=shop\tfirst".to_owned(),
        "mysql://app@db/shop".to_owned(),
        "postgresql://app@db/shop -1".to_owned(),
    ];
    let refused = output(&mut fleet(&folder, &lines, &["--service=core"]));
    assert!(!refused.contains("cr3t"), "{refused}");
    insta::assert_snapshot!(refused);
    let query = format!("--fleet-query=VALUES ('{main}', '1'), ('{main}', NULL), ('{main}', 'x')");
    assert_output!(&mut on(
        &main,
        folder.path(),
        &["up", "--service=core", &query]
    ));
    let schemas = "SELECT nspname::text FROM pg_namespace WHERE nspname = 'migrator'";
    assert!(support::query(&main, schemas).is_empty());
}

#[test]
fn a_malformed_wave_of_standard_input_ends_the_list() {
    let url = database();
    let lists = [
        format!("{url} 2\n{url} 1\n{NOBODY} 3"),
        format!("{url} 2\n{url}"),
        format!("{url}\n{url} 2"),
        format!("{url} 2\n{url} two"),
    ];
    let outputs = lists.map(|list| piped(&list, &["--service=core", "-q"]));
    insta::with_settings!({ filters => support::filters() }, {
        insta::assert_snapshot!(outputs.join("\n"));
    });
}

#[test]
fn options_of_waves_need_a_list_with_waves() {
    let folder = folder();
    fs::write(folder.path().join("fleet.txt"), NOBODY).expect("the list is written");
    let calls = ["--wave=1", "--settle=1s", "--wave=first"].map(|option| {
        let call = ["up", "--service=core", "--fleet=fleet.txt", option];
        output(migrator(&call).current_dir(folder.path()))
    });
    insta::assert_snapshot!(calls.join("\n"));
}
