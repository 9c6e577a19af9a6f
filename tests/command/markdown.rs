//! `check --output=markdown`: a comment for a pull request.

use std::fs;

use super::base::{migration, repository};
use super::{checkout_with_a_warning, document, write};
use crate::assert_output;
use crate::support::{migrator, output};

const NOTES: &str = "20240104120000_2a1b2c3d_create_notes";
const CHANGE: &str = "20240105120000_3a1b2c3d_change_orders";

#[test]
fn a_pull_request_gets_a_comment_with_its_new_migrations() {
    let repository = repository();
    let at = repository.path();
    migration(
        at,
        NOTES,
        "CREATE TABLE notes (id bigint PRIMARY KEY, at timestamptz);\n",
        "DROP TABLE notes;\n",
    );
    let up = "ALTER TABLE orders ADD COLUMN id bigserial;\n\
              CREATE INDEX lines_idx ON lines ((1));\n\
              DO $$ BEGIN PERFORM 1; END $$;\n";
    let down = "DROP INDEX lines_idx;\nALTER TABLE orders DROP COLUMN id;\n";
    migration(at, CHANGE, up, down);
    let comment = ["check", "--base=main", "--output=markdown"];
    assert_output!(migrator(&comment).current_dir(at));
    let verified =
        output(migrator(&["verify", "--directory=database", "--output=json"]).current_dir(at));
    let start = verified.find('{').expect("a document");
    let end = verified.rfind('}').expect("its end");
    write(at, "verified.json", &verified[start..=end]);
    let with_file = [&comment[..], &["--verified=verified.json"]].concat();
    let text = output(migrator(&with_file).current_dir(at));
    assert_eq!(text.matches("| verified |").count(), 3, "{text}");
    // A verdict is of the scripts that were verified.
    let changed = "CREATE TABLE notes (id bigint);\n";
    migration(at, NOTES, changed, "DROP TABLE notes;\n");
    let text = output(migrator(&with_file).current_dir(at));
    let row = "| not verified: the scripts have changed |";
    assert_eq!(text.matches(row).count(), 1, "{text}");
    let json = [&with_file[..], &["--output=json"]].concat();
    let json: Vec<&str> = json
        .into_iter()
        .filter(|one| *one != "--output=markdown")
        .collect();
    let document = document(migrator(&json).current_dir(at));
    let new = &document["base"]["new"];
    assert_eq!(new[0]["verified"], "other scripts");
    assert_eq!(new[0]["tables"][0]["new"], true);
    assert_eq!(new[1]["verified"], "sound");
    assert_eq!(new[1]["tables"][1]["table"], "orders");
    assert_eq!(new[1]["tables"][1]["rows"], "rewrite");
    assert_eq!(new[1]["tables"][1]["blocks"], "reads and writes");
    assert_eq!(new[1]["unknown"][0]["line"], 3);
}

#[test]
fn without_a_base_the_comment_has_the_findings() {
    let checkout = checkout_with_a_warning("");
    let check = ["check", "--output=markdown"];
    assert_output!(migrator(&check).current_dir(checkout.path()));
}

#[test]
fn a_file_that_is_no_document_of_verify_is_refused() {
    let repository = repository();
    let at = repository.path();
    let check = ["check", "--base=main", "--verified=verified.json"];
    let missing = output(migrator(&check).current_dir(at));
    assert!(missing.starts_with("exit: 2\n"), "{missing}");
    assert!(missing.contains("`verified.json` is no document of `verify`"));
    fs::write(at.join("verified.json"), "{}").expect("it is written");
    let wrong = output(migrator(&check).current_dir(at));
    assert!(wrong.contains("missing field `migrations`"), "{wrong}");
    let alone = output(migrator(&["check", "--verified=x"]).current_dir(at));
    assert!(alone.starts_with("exit: 2\n"), "{alone}");
    assert!(alone.contains("--base <REF>"), "{alone}");
}
