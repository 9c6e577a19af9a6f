//! `status`, and the JSON of several commands.

use super::{document, folder};
use crate::assert_output;
use crate::support::{database, execute, migrator, on, output};

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

#[test]
fn the_tree_is_listed_without_a_database() {
    let folder = folder();
    let list = |arguments: &[&str]| {
        let mut list = migrator(&[&["list"], arguments].concat());
        list.current_dir(folder.path());
        list
    };
    assert_output!(&mut list(&["--service=core,tenant,auth"]));
    let migrations = output(&mut list(&["--migrations", "--service=tenant"]));
    let first = "tenant/20240116100312_1b8c8931_create_tenant_schema\n";
    assert!(migrations.contains(first), "{migrations}");
    let services = document(&mut list(&["--output=json"]))["services"].clone();
    assert_eq!(services[1]["service"], "tenant");
    assert_eq!(services[1]["depends_on"][0], "core");
    assert_eq!(services[1]["migrations"][0]["version"], "20240116100312");
    let unknown = output(&mut list(&["--service=cora"]));
    assert!(unknown.starts_with("exit: 2\n"), "{unknown}");
}

#[test]
fn a_role_that_cannot_read_the_event_log_sees_the_status() {
    let (url, folder) = (database(), folder());
    output(&mut on(&url, folder.path(), &["up", "--service=core"]));
    let status = |arguments: &[&str]| {
        let arguments = [&["status", "--service=core", "--output=json"], arguments].concat();
        document(&mut on(&url, folder.path(), &arguments))["services"][0].clone()
    };
    let applied = status(&[]);
    let role = &applied["migrations"][0]["applied_by"];
    assert!(
        role.as_str().is_some_and(|role| !role.is_empty()),
        "{applied}"
    );
    let reader = format!("reader_{}", std::process::id());
    execute(
        &url,
        &format!(
            "CREATE ROLE {reader} LOGIN; GRANT USAGE ON SCHEMA migrator TO {reader}; \
             GRANT SELECT ON migrator.format, migrator.history TO {reader}"
        ),
    );
    let mut as_reader = on(&url, folder.path(), &["status", "--service=core"]);
    as_reader.env("PGOPTIONS", format!("-c role={reader}"));
    let shown = output(&mut as_reader);
    execute(&url, &format!("DROP OWNED BY {reader}; DROP ROLE {reader}"));
    assert!(
        shown.starts_with("exit: 0\n") && shown.contains("  current  "),
        "{shown}"
    );
}
