//! Converts, records, and moves one migration on and back, for each tool.

use super::support::{execute, query};
use super::{Checkout, assert_done, fixtures};

/// Adopts a checkout whose database has two of three migrations.
fn adopt_and_move(checkout: &Checkout) {
    let adopted = checkout.adopt(&[]);
    assert_done(&adopted);
    assert!(
        adopted.contains("recorded 2 migrations of notes as adopted"),
        "{adopted}"
    );
    assert_done(&checkout.run(&["check"]));
    let [applied, pending] = checkout.status();
    assert_eq!(applied, ["notes", "author"]);
    assert_eq!(pending, ["index"]);
    checkout.assert_no_drift();

    let files = checkout.files();
    let again = checkout.adopt(&[]);
    assert_done(&again);
    assert!(
        again.contains("nothing to do: everything is adopted"),
        "{again}"
    );
    assert_eq!(checkout.files(), files);

    assert_eq!(checkout.up(), ["index"]);
    checkout.assert_no_drift();
    assert_eq!(checkout.down(), "index");
    assert_eq!(checkout.down(), "author");
    checkout.assert_no_drift();
    assert_eq!(checkout.up(), ["author", "index"]);
    checkout.assert_no_drift();
}

fn origins(checkout: &Checkout) -> Vec<String> {
    let origins = "SELECT origin || ' ' || applied_on FROM migrator.history ORDER BY version";
    query(&checkout.url, origins)
}

#[test]
fn goose_is_adopted_with_its_times() {
    let checkout = fixtures::goose().applied(&fixtures::goose_history());
    execute(
        &checkout.url,
        "DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET timezone = %L', \
         current_database(), 'UTC'); END $$",
    );
    let adopted = checkout.adopt(&[]);
    assert_done(&adopted);
    assert!(adopted.contains("leaves out db/00004_seed.go"), "{adopted}");
    assert_eq!(
        origins(&checkout),
        [
            "adopted 2021-01-02T03:04:05.000000Z",
            "adopted 2021-01-05T00:00:00.000000Z"
        ]
    );
    let comment = "SELECT obj_description('goose_db_version'::regclass)";
    assert!(query(&checkout.url, comment)[0].contains("goose must not run"));
    let kinds = "SELECT DISTINCT kind FROM migrator.event";
    assert_eq!(query(&checkout.url, kinds), ["adopt"]);
}

#[test]
fn a_tree_of_goose_moves_on_and_back() {
    adopt_and_move(&fixtures::goose().applied(&fixtures::goose_history()));
}

#[test]
fn a_tree_of_golang_migrate_moves_on_and_back() {
    adopt_and_move(
        &fixtures::golang_migrate().applied(&fixtures::golang_migrate_history(2, false)),
    );
}

#[test]
fn a_tree_of_dbmate_moves_on_and_back() {
    adopt_and_move(&fixtures::dbmate().applied(&fixtures::dbmate_history()));
}

#[test]
fn two_services_may_have_their_own_histories() {
    let checkout = fixtures::dbmate().applied(
        "CREATE SCHEMA other; \
         CREATE TABLE other.schema_migrations (version varchar NOT NULL PRIMARY KEY); \
         INSERT INTO other.schema_migrations VALUES ('20240101000000'); \
         CREATE TABLE note (id bigint PRIMARY KEY, body text NOT NULL);",
    );
    let missing = checkout.adopt(&[]);
    assert!(missing.starts_with("exit: 3\n"), "{missing}");
    assert!(missing.contains("error[M1004]"), "{missing}");
    assert_eq!(checkout.files(), Vec::<String>::new());
    let adopted = checkout.adopt(&["--history-table=other.schema_migrations"]);
    assert_done(&adopted);
    assert!(
        adopted.contains("recorded 1 migration of notes"),
        "{adopted}"
    );
}
