//! What `adopt` finds in the database of the migrations that another tool's history has.

use super::refusals::{assert_refused, assert_unrecorded};
use super::support::{execute, on, output, query};
use super::{Checkout, assert_done, fixtures};
use crate::assert_output;

/// Three migrations of golang-migrate, of which the history has two.
fn checkout() -> Checkout {
    fixtures::golang_migrate().applied(&fixtures::golang_migrate_history(2, false))
}

/// The version of the second migration in the tree.
const AUTHOR: &str = "20000101000002";

#[test]
fn each_migration_is_checked_and_nothing_changes() {
    let checkout = checkout();
    let arguments = [
        "adopt",
        "--from=golang-migrate",
        "db",
        "--service=notes",
        "--check",
    ];
    assert_output!(&mut on(&checkout.url, checkout.path(), &arguments));
    assert_eq!(checkout.files(), Vec::<String>::new());
    assert_unrecorded(&checkout);
}

#[test]
fn a_check_names_a_database() {
    let refused = fixtures::golang_migrate().adopt(&["--check"]);
    assert!(refused.starts_with("exit: 2\n"), "{refused}");
    assert!(refused.contains("--database-url"), "{refused}");
}

#[test]
fn a_missing_column_contradicts_the_old_history() {
    let checkout = checkout();
    execute(&checkout.url, "ALTER TABLE note DROP COLUMN author");
    for more in [&["--check"][..], &["--dry-run"], &[]] {
        let refused = checkout.adopt(more);
        assert!(refused.starts_with("exit: 3\n"), "{refused}");
        assert!(refused.contains("error[M1006]"), "{refused}");
        let help = format!("`--accept={AUTHOR}` records it anyway");
        assert!(refused.contains(&help), "{refused}");
    }
    assert_eq!(checkout.files(), Vec::<String>::new());
    assert_unrecorded(&checkout);

    let accepted = checkout.adopt(&[&format!("--accept={AUTHOR}")]);
    assert_done(&accepted);
    assert!(
        accepted.contains("recorded anyway: it is accepted"),
        "{accepted}"
    );
    let drift = checkout.run(&["drift", "--directory=database"]);
    assert!(drift.starts_with("exit: 6\n"), "{drift}");
    assert!(drift.contains("public.note.author"), "{drift}");
}

#[test]
fn a_history_copied_to_an_empty_database_is_refused() {
    let checkout = checkout();
    execute(&checkout.url, "DROP TABLE note");
    assert_refused(&checkout, "M1006", "the database has 0 of ");
    let all = format!("`--accept=20000101000001,{AUTHOR}` records all of these migrations");
    assert_refused(&checkout, "M1006", &all);
    assert_eq!(checkout.files(), Vec::<String>::new());
}

#[test]
fn an_accepted_version_must_exist() {
    let refused = checkout().adopt(&["--accept=20000101000009"]);
    assert!(refused.starts_with("exit: 2\n"), "{refused}");
    assert!(refused.contains("no migration of the version"), "{refused}");
}

#[test]
fn a_pending_migration_that_is_in_the_database_is_named() {
    let checkout = checkout();
    execute(&checkout.url, "CREATE INDEX note_author ON note (author)");
    let adopted = checkout.adopt(&[]);
    assert_done(&adopted);
    assert!(
        adopted.contains("_index is pending, but the database has 1 of 1 effect"),
        "{adopted}"
    );
}

#[test]
fn a_migration_of_rows_is_recorded_without_a_sign() {
    let checkout = checkout();
    execute(&checkout.url, "ALTER TABLE note DROP COLUMN author");
    for (path, text) in [
        (
            "000002_author.up.sql",
            "INSERT INTO note VALUES (1, 'x');\n",
        ),
        (
            "000003_index.up.sql",
            "CREATE INDEX note_author ON note (body);\n",
        ),
    ] {
        super::write(checkout.path(), &format!("db/{path}"), text);
    }
    let adopted = checkout.adopt(&[]);
    assert_done(&adopted);
    assert!(
        adopted.contains("finds 1 of 2 migrations in the database; 1 unknown"),
        "{adopted}"
    );
    checkout.assert_no_drift();
}

#[test]
fn a_machine_without_postgres_records_only_without_proof() {
    let checkout = checkout();
    let run = |more: &[&str]| {
        let mut arguments = vec!["adopt", "--from=golang-migrate", "db", "--service=notes"];
        arguments.extend(more);
        let mut command = on(&checkout.url, checkout.path(), &arguments);
        output(command.env("MIGRATOR_PG_BIN", checkout.path()))
    };
    for more in [&[][..], &["--check"], &["--dry-run"]] {
        let refused = run(more);
        assert!(refused.starts_with("exit: 5\n"), "{refused}");
        assert!(refused.contains("error[M0906]"), "{refused}");
        assert!(refused.contains("`--without-proof` records"), "{refused}");
    }
    assert_unrecorded(&checkout);
    let adopted = run(&["--without-proof"]);
    assert_done(&adopted);
    assert!(
        adopted.contains("warning: the migrations are recorded without a comparison"),
        "{adopted}"
    );
    assert_eq!(
        query(&checkout.url, "SELECT count(*)::text FROM migrator.history"),
        ["2"]
    );
    let unclear = run(&["--without-proof", "--check"]);
    assert!(unclear.starts_with("exit: 2\n"), "{unclear}");
}

#[test]
fn the_document_has_the_results() {
    let checkout = checkout();
    let found = checkout.adopt(&["--check", "--output=json"]);
    assert_done(&found);
    let (_, document) = found.split_once("stdout:\n").unwrap_or(("", &found));
    let start = document.find('{').expect("a document");
    let end = document.rfind('}').expect("a document");
    let document: serde_json::Value =
        serde_json::from_str(&document[start..=end]).expect("it is JSON");
    let history = &document["history"];
    assert_eq!(history["migrations"][1]["version"], AUTHOR);
    assert_eq!(history["migrations"][1]["presence"], "all");
    assert_eq!(history["migrations"][1]["accepted"], false);
    assert_eq!(history["detected"][0]["presence"], "none");
    assert_eq!(history["recorded"], false);
}
