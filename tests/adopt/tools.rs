//! What is recorded: the origin, the time and the comment; and the table that is named.

use super::support::{execute, query};
use super::{Checkout, assert_done, fixtures};

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
