//! What `adopt` writes to the tree.

use std::fs;

use super::{Checkout, MANIFEST, assert_done, fixtures, write};
use crate::assert_output;
use crate::support::migrator;

fn manifest(checkout: &Checkout) -> String {
    let path = checkout.path().join("database/services.toml");
    fs::read_to_string(path).expect("it is there")
}

#[test]
fn a_dry_run_writes_nothing() {
    let checkout = fixtures::golang_migrate();
    let arguments = [
        "adopt",
        "--from=golang-migrate",
        "db/",
        "--service=notes",
        "--dry-run",
    ];
    assert_output!(migrator(&arguments).current_dir(checkout.path()));
    assert_eq!(checkout.files(), Vec::<String>::new());
    assert_eq!(manifest(&checkout), MANIFEST);
}

#[test]
fn the_files_and_the_service_are_new() {
    let checkout = fixtures::golang_migrate();
    assert_done(&checkout.adopt(&["--tier=Apps"]));
    assert_eq!(
        manifest(&checkout),
        format!(
            "{MANIFEST}\n[services.notes]\ntier = \"Apps\"\ndirectory = \"notes\"\n\n\
             [drift]\nleave_out = [\"*.schema_migrations*\"]\n"
        )
    );
    assert_eq!(
        checkout.text("_notes.up.sql"),
        "-- Adopted from golang-migrate: 000001_notes.up.sql\n\n\
         CREATE TABLE note (id bigint PRIMARY KEY, body text NOT NULL);\n"
    );
    assert!(
        checkout
            .text("_author.down.sql")
            .ends_with("ALTER TABLE note DROP COLUMN author;\n")
    );
    assert_eq!(checkout.files().len(), 6);
    let check = checkout.run(&["check"]);
    assert_done(&check);
    let (files, old) = (checkout.files(), manifest(&checkout));
    let again = checkout.adopt(&[]);
    assert!(again.contains("nothing to do"), "{again}");
    assert_eq!((checkout.files(), manifest(&checkout)), (files, old));
}

#[test]
fn a_later_run_converts_only_what_is_new() {
    let checkout = fixtures::golang_migrate();
    assert_done(&checkout.adopt(&[]));
    write(
        checkout.path(),
        "db/000004_more.up.sql",
        "INSERT INTO note VALUES (1, 'x');\n",
    );
    let again = checkout.adopt(&[]);
    assert_done(&again);
    assert!(again.contains("3 were converted earlier"), "{again}");
    assert!(again.contains("1 irreversible"), "{again}");
    assert_eq!(checkout.files().len(), 8);
}

#[test]
fn a_lint_becomes_a_warning_for_adopted_scripts_alone() {
    let checkout = fixtures::golang_migrate();
    write(checkout.path(), "db/000002_author.down.sql", "SELECT 1;\n");
    let adopted = checkout.adopt(&[]);
    assert_done(&adopted);
    let line = "adds M0229 as warnings to `[services.notes.lints.before]`";
    assert!(adopted.contains(line), "{adopted}");
    let levels = "[services.notes.lints.before]\nversion = \"20000101000004\"\nM0229 = \"warn\"\n";
    assert!(
        manifest(&checkout).ends_with(levels),
        "{}",
        manifest(&checkout)
    );
    let check = checkout.run(&["check"]);
    assert_done(&check);
    assert!(check.contains("warning[M0229]"), "{check}");

    write(
        checkout.path(),
        "db/000004_again.up.sql",
        "DROP INDEX note_author;\nALTER TABLE note ADD COLUMN again text;\n",
    );
    write(checkout.path(), "db/000004_again.down.sql", "SELECT 1;\n");
    assert_done(&checkout.adopt(&[]));
    let levels = "version = \"20000101000005\"\nM0228 = \"warn\"\nM0229 = \"warn\"\n";
    assert!(
        manifest(&checkout).ends_with(levels),
        "{}",
        manifest(&checkout)
    );

    let own = "database/migrations/notes/20260101000000_1a2b3c4d_own";
    let up = "ALTER TABLE note ADD COLUMN own text;\n";
    for (ending, text) in [("up", up), ("down", "SELECT 1;\n")] {
        write(checkout.path(), &format!("{own}.{ending}.sql"), text);
    }
    let check = checkout.run(&["check"]);
    assert!(check.starts_with("exit: 3\n"), "{check}");
    assert!(check.contains("error[M0229]"), "{check}");
}

#[test]
fn an_unknown_tier_is_refused() {
    let checkout = fixtures::golang_migrate();
    let refused = checkout.adopt(&["--tier=App"]);
    assert!(refused.starts_with("exit: 2\n"), "{refused}");
    assert!(refused.contains("did you mean `Apps`?"), "{refused}");
    assert_eq!(manifest(&checkout), MANIFEST);
}

#[test]
fn a_file_that_cannot_be_converted_stops_all() {
    let checkout = fixtures::golang_migrate();
    let text = "BEGIN;\nSELECT 1;\nCOMMIT;\nBEGIN;\nSELECT 2;\nCOMMIT;\n";
    write(checkout.path(), "db/000004_two.up.sql", text);
    write(
        checkout.path(),
        "db/000005_bad.up.sql",
        "CREATE TABEL x ();\n",
    );
    let refused = checkout.adopt(&[]);
    assert!(refused.starts_with("exit: 3\n"), "{refused}");
    assert!(refused.contains("db/000004_two.up.sql:3:1"), "{refused}");
    assert_eq!(checkout.files(), Vec::<String>::new());
    fs::remove_file(checkout.path().join("db/000004_two.up.sql")).expect("it is there");
    let refused = checkout.adopt(&[]);
    assert!(refused.starts_with("exit: 3\n"), "{refused}");
    assert!(refused.contains("error[M0208]"), "{refused}");
    assert!(
        refused.contains("this script is converted from `db/000005_bad.up.sql`"),
        "{refused}"
    );
    assert_eq!(checkout.files(), Vec::<String>::new());
    assert_eq!(manifest(&checkout), MANIFEST);
}

#[test]
fn a_folder_of_another_tool_is_refused() {
    let checkout = fixtures::goose();
    for (from, path, message) in [
        ("dbmate", "nowhere", "`nowhere` cannot be read"),
        (
            "golang-migrate",
            "db",
            "`db` has no migrations of golang-migrate",
        ),
    ] {
        let from = format!("--from={from}");
        let refused = checkout.run(&["adopt", &from, path, "--service=notes"]);
        assert!(refused.starts_with("exit: 3\n"), "{refused}");
        assert!(refused.contains("error[M1001]"), "{refused}");
        assert!(refused.contains(message), "{refused}");
    }
    let why = checkout.run(&["adopt", "--from=golang-migrate", "db", "--service=notes"]);
    assert!(why.contains(".sql` is left out: its name is not "), "{why}");
    let unknown = checkout.run(&["adopt", "--from=gose", "db", "--service=notes"]);
    assert!(unknown.starts_with("exit: 2\n"), "{unknown}");
    assert!(unknown.contains("goose"), "{unknown}");
}
