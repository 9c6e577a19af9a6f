//! SQL that Postgres accepts, although it looks wrong.

use super::findings;

#[test]
fn names_in_double_quotes_that_can_be_columns_are_not_reported() {
    for script in [
        "INSERT INTO t SELECT \"a\" FROM u;",
        "INSERT INTO t (\"a\") VALUES (1) ON CONFLICT DO UPDATE SET \"a\" = excluded.\"a\";",
        "INSERT INTO t VALUES ((SELECT \"a\" FROM u));",
        "CREATE TABLE t (\"a\" text DEFAULT 'x');",
    ] {
        assert!(
            findings(script).is_empty(),
            "{script}: {:?}",
            findings(script)
        );
    }
}

#[test]
fn sql_that_postgres_accepts_is_not_reported() {
    for script in [
        "CREATE SCHEMA s CREATE TABLE w (id int); SELECT 1;",
        "CREATE SCHEMA s CREATE TABLE w (id int) CREATE VIEW v AS SELECT 1; CREATE TABLE t ();",
        "CREATE TABLE a (id int); CREATE TABLE b (id int)",
        "SELECT 1 AS \"select\"\n, 2;",
        "CREATE TABLE a (\"user\" text, \"order\" int);",
    ] {
        assert!(
            findings(script).is_empty(),
            "{script}: {:?}",
            findings(script)
        );
    }
}
