//! Options that limit which databases start, and when.

use super::run::{document, occupied};
use super::{fleet, folder};
use crate::assert_output;
use crate::support::{database, output};

#[test]
fn a_failed_canary_starts_no_other_database() {
    let folder = folder();
    let urls = [occupied(), database(), database()];
    let run = ["--service=core", "--canary=1", "--settle=1h"];
    assert_output!(&mut fleet(&folder, &urls, &run));
    let json = [&run[..], &["--output=json"]].concat();
    let json = document(&mut fleet(&folder, &urls, &json));
    assert_eq!(json["totals"]["skipped"], 2);
}

#[test]
fn after_the_canaries_all_other_databases_start() {
    let folder = folder();
    let urls = [database(), database(), occupied(), database()];
    let run = [
        "--service=core",
        "--steps=1",
        "--canary=2",
        "--settle=1ms",
        "--start-rate=1000/s",
    ];
    let json = [&run[..], &["--output=json"]].concat();
    let json = document(&mut fleet(&folder, &urls, &json));
    assert_eq!(json["totals"]["applied"], 3);
    assert_eq!(json["totals"]["failed"], 1);
    assert_eq!(json["totals"]["skipped"], 0);
}

#[test]
fn a_percentage_limits_the_failures() {
    let folder = folder();
    let urls = [occupied(), database(), occupied(), database()];
    let run = |percent: &str| {
        let limit = format!("--max-failures={percent}");
        let run = ["--service=core", "--jobs=1", "--output=json", &limit];
        document(&mut fleet(&folder, &urls, &run))
    };
    assert_eq!(run("1%")["totals"]["skipped"], 1);
    assert_eq!(run("70%")["totals"]["skipped"], 0);
}

#[test]
fn invalid_limits_are_usage_errors() {
    let folder = folder();
    let urls = [database()];
    let refused = [
        "--max-failures=0%",
        "--max-failures=101%",
        "--canary=0",
        "--settle=1s",
        "--start-rate=20",
        "--start-rate=0/s",
        "--start-rate=20/h",
    ];
    let refused = refused.map(|option| {
        let arguments = ["--service=core", option];
        output(&mut fleet(&folder, &urls, &arguments))
    });
    insta::assert_snapshot!(refused.join("\n"));
}
