//! Migrations of the tree that are in a database already.

use tempfile::tempdir;

use super::support::{database, execute, on, output};
use super::{Checkout, assert_done, assert_has};

const TABLE: (&str, &str) = (
    "CREATE SCHEMA notes;\nCREATE TABLE notes.note (id bigint PRIMARY KEY, body text);",
    "DROP TABLE notes.note;\nDROP SCHEMA notes;",
);
const INDEX: (&str, &str) = (
    "CREATE INDEX note_body ON notes.note (body);",
    "DROP INDEX notes.note_body;",
);
const VIEW: (&str, &str) = (
    "CREATE VIEW notes.bodies AS SELECT body FROM notes.note;",
    "DROP VIEW notes.bodies;",
);

fn three() -> Checkout {
    Checkout::new(&[TABLE, INDEX, VIEW])
}

#[test]
fn migrations_up_to_a_version_are_recorded_after_a_proof() {
    let two = format!("{}{}", TABLE.0, INDEX.0);
    let checkout = three().with(&two);
    let to = "--to=20240101120002";
    let planned = checkout.baseline(&[to, "--dry-run"]);
    assert_done(&planned);
    assert_has(
        &planned,
        &["all ", "records 2 migrations of notes; 1 remains pending"],
    );
    assert!(checkout.recorded().is_empty());
    let recorded = checkout.baseline(&[to]);
    assert_done(&recorded);
    assert_has(&recorded, &["recorded 2 migrations of notes"]);
    let expected = ["20240101120001 baseline", "20240101120002 baseline"];
    assert_eq!(checkout.recorded(), expected);
    let again = checkout.baseline(&[to]);
    assert_done(&again);
    assert_has(&again, &["nothing to do"]);
    // The service's dependency is pending, and the third migration.
    assert_eq!(checkout.up(&checkout.url), 2);
    let drift = checkout.run(&["drift"]);
    assert_has(&drift, &["exit: 0\n", "no drift"]);
    assert_eq!(checkout.down(&checkout.url), 4);
}

#[test]
fn a_migration_that_the_database_contradicts_is_refused_unless_it_is_accepted() {
    let checkout = three().with(TABLE.0);
    let refused = checkout.baseline(&["--to=20240101120002"]);
    assert_has(
        &refused,
        &[
            "exit: 3\n",
            "M1006",
            "the database has 0 of 1 effect of `notes/20240101120002_0a1b2c52_m2`",
            "--accept=20240101120002",
        ],
    );
    assert!(checkout.recorded().is_empty());
    let accepted = checkout.baseline(&["--to=20240101120002", "--accept=20240101120002"]);
    assert_done(&accepted);
    assert_has(&accepted, &["recorded anyway"]);
    assert_eq!(checkout.recorded().len(), 2);
}

#[test]
fn an_object_that_was_dropped_by_hand_is_named() {
    let checkout = three().with(TABLE.0);
    execute(&checkout.url, "ALTER TABLE notes.note DROP COLUMN body");
    let refused = checkout.baseline(&["--to=20240101120001", "--output=json"]);
    assert_has(
        &refused,
        &[
            "exit: 3\n",
            "\"presence\": \"part\"",
            "notes.note.body",
            "M1006",
        ],
    );
}

#[test]
fn a_wrong_database_is_refused() {
    let refused = three().baseline(&[]);
    assert_has(&refused, &["exit: 3\n", "M1006", "none ", "0 of"]);
}

#[test]
fn a_version_that_the_service_does_not_have_is_refused() {
    let checkout = three();
    for option in ["--to=20250101120000", "--accept=20250101120000"] {
        let refused = checkout.baseline(&[option]);
        assert_has(&refused, &["exit: 2\n", "M0406", "20250101120000"]);
    }
    let refused = checkout.run(&["baseline", "--service=nobody"]);
    assert_has(&refused, &["exit: 2\n", "M0406"]);
}

/// The platform's own tree, without its history.
#[test]
fn status_detects_what_is_there() {
    let folder = tempdir().expect("a folder is made");
    let folder = folder.path();
    let url = database();
    let run = |arguments: &[&str]| output(&mut on(&url, folder, arguments));
    assert_done(&run(&["up", "--service=core"]));
    execute(&url, "DROP SCHEMA migrator CASCADE");
    let status = run(&["status", "--service=core", "--detect", "--check"]);
    assert_has(&status, &["exit: 6\n", "all ", "core/"]);
    assert!(!status.contains("part "), "{status}");
    let document = run(&["status", "--service=core", "--detect", "--output=json"]);
    assert_has(
        &document,
        &["exit: 0\n", "\"detected\": {", "\"presence\": \"all\""],
    );
    let none = output(&mut on(
        &database(),
        folder,
        &["status", "--service=core", "--detect"],
    ));
    assert_has(&none, &["exit: 0\n", "none "]);
}
