//! `up --create-database`.

use std::process::Stdio;

use migrator_localpg::{Programs, Throwaway};
use tempfile::tempdir;

use super::{document, missing};
use crate::support::{database, execute, migrator, on, output, query};

const UP: [&str; 4] = ["up", "--service=core", "--create-database", "--jobs=1"];

/// Whether a database exists on the shared server.
fn exists(name: &str) -> bool {
    let sql = format!("SELECT datname::text FROM pg_database WHERE datname = '{name}'");
    !query(&database(), &sql).is_empty()
}

#[test]
fn up_creates_a_missing_database_and_says_so_once() {
    let (url, folder) = (missing("made \"by\" up"), tempdir().expect("a folder"));
    let url = url.replace("made \"by\" up", "made%20%22by%22%20up");
    let refused = output(&mut on(&url, folder.path(), &["up", "--service=core"]));
    assert!(refused.starts_with("exit: 5\n"), "{refused}");
    let plan = output(&mut on(
        &url,
        folder.path(),
        &["up", "--service=core", "--create-database", "--dry-run"],
    ));
    let first = "exit: 0\n----- stdout -----\nwould be created database postgresql://";
    assert!(plan.starts_with(first), "{plan}");
    assert!(plan.contains("9 migrations would be applied"), "{plan}");
    assert!(!exists("made \"by\" up"));
    let up = output(&mut on(&url, folder.path(), &UP));
    let first = "exit: 0\n----- stdout -----\ncreated database postgresql://";
    assert!(up.starts_with(first), "{up}");
    assert!(up.contains("9 migrations of 1 service applied"), "{up}");
    let again = output(&mut on(&url, folder.path(), &UP));
    assert!(
        again.starts_with("exit: 0\n----- stdout -----\nnothing is pending"),
        "{again}"
    );
}

#[test]
fn the_document_says_whether_the_database_was_created() {
    let (url, folder) = (missing("of_the_document"), tempdir().expect("a folder"));
    let json = [&UP[..], &["--output=json"]].concat();
    let dry = [&json[..], &["--dry-run"]].concat();
    let plan = document(&mut on(&url, folder.path(), &dry));
    assert_eq!(plan["creates_database"], true, "{plan}");
    assert_eq!(plan["plan"].as_array().expect("a list").len(), 9);
    let created = document(&mut on(&url, folder.path(), &json));
    assert_eq!(created["created_database"], true, "{created}");
    assert_eq!(created["done"].as_array().expect("a list").len(), 9);
    let again = document(&mut on(&url, folder.path(), &json));
    assert!(again.get("created_database").is_none(), "{again}");
}

#[test]
fn machines_that_create_the_same_database_at_once_create_it_once() {
    let programs = Programs::find(None).expect("programs");
    let server = Throwaway::start_with(programs).expect("a server");
    for without_postgres in [false, true] {
        if without_postgres {
            // Then all sessions meet in the database that the server copies.
            execute(&server.url("template1"), "DROP DATABASE postgres");
        }
        let name = format!("shared_{without_postgres}");
        let folder = tempdir().expect("a folder is made");
        let machines: Vec<_> = (0..6)
            .map(|_| {
                let mut up = on(&server.url(&name), folder.path(), &UP);
                up.stdout(Stdio::piped()).stderr(Stdio::piped());
                up.spawn().expect("the binary starts")
            })
            .collect();
        let outputs = machines.into_iter().map(|machine| {
            let output = machine.wait_with_output().expect("it ends");
            crate::support::text(&output)
        });
        let outputs: Vec<String> = outputs.collect();
        for output in &outputs {
            assert!(output.starts_with("exit: 0\n"), "{output}");
        }
        let created = outputs
            .iter()
            .filter(|text| text.contains("\ncreated database "));
        assert_eq!(created.count(), 1, "{outputs:#?}");
    }
}

#[test]
fn a_role_without_createdb_is_told_what_it_needs() {
    execute(&database(), "CREATE ROLE no_creator LOGIN");
    let url = missing("not_mine").replace("//postgres@", "//no_creator@");
    let folder = tempdir().expect("a folder is made");
    let refused = output(&mut on(&url, folder.path(), &UP));
    assert!(refused.starts_with("exit: 5\n"), "{refused}");
    for part in [
        "error[M0903]: ",
        "the server did not create the database `not_mine`",
        "cause: ERROR: permission denied to create database",
        "help: the role needs CREATEDB",
    ] {
        assert!(refused.contains(part), "{part}: {refused}");
    }
    assert!(!exists("not_mine"));
}

#[test]
fn a_list_of_databases_is_not_created() {
    let fleet = ["up", "--service=core", "--create-database", "--fleet=-"];
    let refused = output(&mut migrator(&fleet));
    assert!(refused.starts_with("exit: 2\n"), "{refused}");
}
