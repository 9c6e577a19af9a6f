//! Objects that a service changes, drops, renames or creates later.

use super::{CORE, found, one, silent};

#[test]
fn a_reference_to_a_later_object_is_reported() {
    one(
        &[
            ("core/01", "CREATE VIEW v AS TABLE t;"),
            ("core/02", "CREATE TABLE t ();"),
        ],
        "M0321 core up: relation `t` does not exist yet: `database/migrations/core/20240102",
    );
    let found = found(&[
        ("core/01", "CREATE VIEW v AS TABLE t;"),
        ("late/02", "CREATE TABLE t ();"),
    ]);
    assert!(
        found[0].ends_with(
            "(add `-- migrator: requires late/20240102000000`, so that this migration waits)"
        ),
        "{found:?}"
    );
    one(
        &[
            ("core/01", "CREATE TABLE s.t ();"),
            ("late/02", "CREATE SCHEMA s;"),
        ],
        "M0321 core up: schema `s`",
    );
}

#[test]
fn a_reference_to_a_dropped_or_renamed_object_is_reported() {
    let make = (
        "core/01",
        "CREATE SCHEMA a; CREATE TABLE a.t (); CREATE TABLE a.u ();",
    );
    for (end, rest) in [
        (
            "DROP TABLE a.t;",
            "drops it (use the object that replaces it)",
        ),
        (
            "DROP SCHEMA a CASCADE;",
            "drops it (use the object that replaces it)",
        ),
        (
            "ALTER TABLE a.t RENAME TO v;",
            "renames it to `a.v` (write `a.v`)",
        ),
        (
            "ALTER TABLE a.t SET SCHEMA public;",
            "renames it to `t` (write `t`)",
        ),
        (
            "ALTER SCHEMA a RENAME TO b;",
            "renames it to `b.t` (write `b.t`)",
        ),
    ] {
        let scripts = [
            make,
            ("core/02", end),
            ("core/03", "INSERT INTO a.t VALUES (1);"),
        ];
        one(
            &scripts,
            "M0322 core up: relation `a.t` does not exist any more",
        );
        assert!(found(&scripts)[0].ends_with(rest), "{:?}", found(&scripts));
        silent(&[
            make,
            ("core/02", end),
            ("core/03", "DROP TABLE IF EXISTS a.t;"),
        ]);
    }
    silent(&[
        make,
        ("core/02", "ALTER TABLE a.t RENAME TO v;"),
        ("core/03", "TABLE a.v;"),
    ]);
    silent(&[
        make,
        ("core/02", "ALTER SCHEMA a RENAME TO b;"),
        ("core/03", "TABLE b.t;"),
    ]);
    silent(&[
        make,
        ("core/02", "DROP TABLE a.t;"),
        ("core/03", "CREATE TABLE a.t ();"),
        ("core/04", "TABLE a.t;"),
    ]);
}

#[test]
fn a_change_of_another_services_object_is_reported_once() {
    for statement in [
        "ALTER TABLE core.t ADD c int;\n--\nALTER TABLE core.t DROP c;",
        "DROP TABLE core.t;\n--\nCREATE TABLE core.t (id int);",
        "ALTER TABLE core.t RENAME TO u;\n--\nALTER TABLE core.u RENAME TO t;",
        "ALTER TABLE core.t SET SCHEMA public;",
        "ALTER TYPE core.mood ADD VALUE 'b';",
        "DROP FUNCTION core.f(int);",
        "CREATE OR REPLACE FUNCTION core.f(a int) RETURNS int LANGUAGE sql AS 'SELECT 2';",
        "CREATE TABLE core.mine (id int); CREATE TABLE core.mine_too (id int);\n--\nDROP TABLE core.mine, core.mine_too;",
        "CREATE INDEX t_by_id ON core.t (id);\n--\nDROP INDEX core.t_by_id;",
        "CREATE TRIGGER g BEFORE UPDATE ON core.t FOR EACH ROW EXECUTE FUNCTION core.f();\n--\nDROP TRIGGER g ON core.t;",
        "CREATE TABLE mine (); ALTER TABLE mine SET SCHEMA core;\n--\nDROP TABLE core.mine;",
        "ALTER SCHEMA core RENAME TO heart;",
        "DROP SCHEMA core CASCADE;",
        "DROP TABLE IF EXISTS shared;",
        "SELECT 1;\n--\nDROP TABLE core.t;",
    ] {
        one(&[CORE, ("auth/02", statement)], "M0323 auth");
    }
    silent(&[
        CORE,
        (
            "auth/02",
            "-- migrator: allow M0323 because core agreed\nALTER TABLE core.t ADD c int;",
        ),
    ]);
}

#[test]
fn an_allowed_object_belongs_to_the_service_that_creates_it() {
    let scripts = [
        CORE,
        (
            "auth/02",
            "-- migrator: allow M0323 because core agreed\n\
             CREATE VIEW core.mine AS SELECT 1 AS a;",
        ),
        (
            "auth/03",
            "CREATE OR REPLACE VIEW core.mine AS SELECT 2 AS a;",
        ),
        (
            "auth/04",
            "DROP VIEW core.mine;\n--\nCREATE VIEW core.mine AS SELECT 2 AS a;",
        ),
    ];
    silent(&scripts);
}
