//! Objects that a script drops, renames or replaces.

use super::{codes, each, found};

#[test]
fn renaming_a_used_table_or_column_is_reported() {
    each(
        &["M0220"],
        &["ALTER TABLE t RENAME a TO z", "ALTER TABLE t RENAME TO z"],
    );
    each(
        &[],
        &[
            "ALTER TABLE t RENAME CONSTRAINT t_pkey TO z",
            "ALTER INDEX t_pkey RENAME TO z",
            "ALTER TABLE t ADD c int; ALTER TABLE t RENAME c TO z",
            "ALTER TABLE t RENAME TO z; CREATE VIEW t AS SELECT * FROM z",
            "CREATE TABLE w (a int); ALTER TABLE w RENAME a TO b; ALTER TABLE w RENAME TO z; ALTER TABLE z RENAME b TO c",
        ],
    );
    let renamed = [
        "ALTER TABLE u RENAME TO z",
        "CREATE INDEX i ON z (id)",
        "CREATE TABLE u (); CREATE INDEX j ON u (id)",
    ];
    assert_eq!(codes(&renamed), ["M0220", "M0216"]);
}

#[test]
fn dropping_a_used_table_or_column_is_reported() {
    each(
        &["M0221"],
        &[
            "ALTER TABLE t DROP COLUMN a",
            "ALTER TABLE t DROP a, DROP b CASCADE",
        ],
    );
    each(
        &["M0222"],
        &[
            "DROP TABLE t",
            "DROP TABLE IF EXISTS nobodys, u CASCADE",
            "DROP TABLE t; CREATE TABLE t ()",
        ],
    );
    each(
        &[],
        &[
            "ALTER TABLE t ADD c int; ALTER TABLE t DROP c",
            "ALTER TABLE t DROP CONSTRAINT t_pkey",
            "CREATE TABLE w (); DROP TABLE w",
            "DROP TABLE IF EXISTS w; CREATE TABLE w ()",
        ],
    );
    assert_eq!(codes(&["CREATE TABLE w ()", "DROP TABLE w"]), ["M0222"]);
}

#[test]
fn a_down_script_drops_without_cascade() {
    for down in [
        "DROP TABLE w CASCADE",
        "DROP SCHEMA s CASCADE",
        "ALTER TABLE t DROP COLUMN c CASCADE",
    ] {
        assert_eq!(found(&[("SELECT 1", down)]), ["M0223"], "{down}");
    }
    for down in [
        "DROP TABLE t",
        "TRUNCATE t CASCADE",
        "ALTER TABLE t DROP a, ADD c int NOT NULL",
    ] {
        assert!(found(&[("SELECT 1", down)]).is_empty(), "{down}");
    }
}

#[test]
fn a_replaced_name_is_not_reported() {
    each(
        &[],
        &[
            "ALTER TABLE t ADD z text; UPDATE t SET z = b; ALTER TABLE t RENAME b TO old;
            ALTER TABLE t RENAME z TO b; ALTER TABLE t DROP old;",
            "ALTER TABLE t RENAME b TO old; ALTER TABLE t ADD b text; UPDATE t SET b = old;
            ALTER TABLE t DROP COLUMN old;",
            "ALTER TABLE t ADD z text; UPDATE t SET z = b; ALTER TABLE t DROP b;
            ALTER TABLE t RENAME z TO b;",
            "CREATE TABLE z (LIKE t); INSERT INTO z SELECT * FROM t; DROP TABLE t CASCADE;
            ALTER TABLE z RENAME TO t;",
            "CREATE TABLE z (LIKE u); ALTER TABLE u RENAME TO old; ALTER TABLE z RENAME TO u;
            INSERT INTO u SELECT * FROM old; DROP TABLE old;",
        ],
    );
    each(
        &["M0221"],
        &[
            "ALTER TABLE t DROP b; ALTER TABLE t ADD b int;",
            "ALTER TABLE t DROP b, ADD b int;",
            "ALTER TABLE t DROP b; ALTER TABLE u ADD b int;",
            "ALTER TABLE u ADD z int; ALTER TABLE t DROP b; ALTER TABLE u RENAME z TO b;",
        ],
    );
    each(&["M0222"], &["DROP TABLE u; CREATE TABLE u (id text);"]);
    each(
        &["M0220", "M0221"],
        &["ALTER TABLE t RENAME b TO old; ALTER TABLE t DROP old;"],
    );
    each(
        &["M0220", "M0222"],
        &["ALTER TABLE u RENAME TO old; DROP TABLE old;"],
    );
    // Outside a transaction services see the time between the statements.
    each(
        &["M0221"],
        &["-- migrator: no-transaction
            ALTER TABLE t ADD z text; ALTER TABLE t DROP b; ALTER TABLE t RENAME z TO b;"],
    );
}
