//! `status`, and the JSON of several commands.

use super::{document, folder};
use crate::assert_output;
use crate::support::{database, execute, on, output};

#[test]
fn pending_migrations_fail_a_check() {
    let (url, folder) = (database(), folder());
    assert_output!(&mut on(
        &url,
        folder.path(),
        &["status", "--service=core,tenant", "--check"]
    ));
    output(&mut on(
        &url,
        folder.path(),
        &["up", "--service=core", "--steps=8"],
    ));
    assert_output!(&mut on(
        &url,
        folder.path(),
        &["status", "--service=core", "--migrations"]
    ));
}

#[test]
fn json_says_what_the_text_says() {
    let (url, folder) = (database(), folder());
    let up = document(&mut on(
        &url,
        folder.path(),
        &["up", "--service=core", "--output=json"],
    ));
    assert_eq!(up["exit"], 0);
    assert_eq!(up["done"].as_array().expect("a list").len(), 9);
    assert_eq!(up["done"][0]["service"], "core");
    assert_eq!(up["done"][0]["direction"], "up");
    let status = document(&mut on(&url, folder.path(), &["status", "--output=json"]));
    assert_eq!(status["services"][0]["state"], "current");
    let refused = document(&mut on(
        &url,
        folder.path(),
        &["up", "--service=nobody", "--output=json"],
    ));
    assert_eq!(refused["exit"], 2);
    assert_eq!(refused["errors"][0]["code"], "M0406");
    let plan = [
        "down",
        "--service=core",
        "--all",
        "--dry-run",
        "--output=json",
    ];
    let plan = document(&mut on(&url, folder.path(), &plan));
    assert_eq!(plan["plan"].as_array().expect("a list").len(), 9);
}

#[test]
fn a_changed_migration_is_named_by_a_status_check() {
    let (url, folder) = (database(), folder());
    output(&mut on(&url, folder.path(), &["up", "--service=core"]));
    execute(
        &url,
        "UPDATE migrator.core_history SET checksum = '1', fingerprint = '0' \
         WHERE version = 20240108091207",
    );
    let status = ["status", "--service=core", "--check"];
    assert_output!(&mut on(&url, folder.path(), &status));
}
