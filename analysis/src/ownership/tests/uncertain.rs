//! References of which the scripts do not show what they mean.

use super::{CORE, one, silent};

#[test]
fn uncertain_references_are_not_reported() {
    let own = |text| silent(&[CORE, ("billing/02", text)]);
    // Names that nobody makes, or only as something else.
    own(
        "SELECT * FROM pg_class, unknown, information_schema.tables; SELECT t FROM f(1); DROP TABLE IF EXISTS t;",
    );
    // The script's own.
    own("CREATE TEMP TABLE shared (id int); INSERT INTO shared VALUES (1); DROP TABLE shared;");
    own("WITH shared AS (SELECT 1) SELECT * FROM shared;");
    own("SET search_path = billing; CREATE TABLE shared (id int); DROP TABLE shared;");
    own("DO $$ BEGIN INSERT INTO core.t VALUES (1); END $$;");
    own("SELECT 'core.t'; CREATE TABLE b (core text); SELECT b.core FROM b;");
    // What several make.
    silent(&[
        CORE,
        (
            "auth/01",
            "CREATE EXTENSION pgcrypto; CREATE TABLE IF NOT EXISTS shared (id int);",
        ),
        (
            "billing/01",
            "CREATE EXTENSION IF NOT EXISTS pgcrypto; DROP TABLE shared; DROP EXTENSION pgcrypto;",
        ),
    ]);
    // Other functions of the same name.
    silent(&[
        (
            "core/01",
            "CREATE FUNCTION f(a int) RETURNS int LANGUAGE sql AS 'SELECT 1';",
        ),
        (
            "billing/01",
            "CREATE OR REPLACE FUNCTION f(a text) RETURNS int LANGUAGE sql AS 'SELECT 1';",
        ),
    ]);
    silent(&[
        (
            "core/01",
            "CREATE FUNCTION s.f(int) RETURNS int LANGUAGE sql AS 'SELECT 1'; CREATE FUNCTION s.f(text) RETURNS int LANGUAGE sql AS 'SELECT 1';",
        ),
        ("core/02", "DROP FUNCTION s.f(int);"),
        ("core/03", "SELECT s.f('x');"),
    ]);
}

#[test]
fn types_of_the_catalog_and_objects_of_bodies_and_extensions_are_not_reported() {
    // Types of the catalog.
    silent(&[
        ("core/01", "CREATE TABLE a (at date);"),
        ("core/02", "CREATE TABLE date (id int);"),
    ]);
    // What bodies and extensions make.
    silent(&[
        ("core/01", "CREATE TABLE t (id int);"),
        ("core/02", "DROP TABLE t;"),
        (
            "core/03",
            "DO $$ BEGIN EXECUTE 'CREATE TABLE t (id int)'; END $$;",
        ),
        ("core/04", "INSERT INTO t VALUES (1);"),
    ]);
    silent(&[
        (
            "core/01",
            "CREATE SCHEMA e; CREATE EXTENSION x SCHEMA e; SELECT e.f(1);",
        ),
        (
            "core/02",
            "CREATE FUNCTION e.f(a text) RETURNS int LANGUAGE sql AS 'SELECT 1';",
        ),
    ]);
}

/// `auth` and `core` are services with schemas of their names; `billing` depends on neither.
const SCHEMAS: [(&str, &str); 3] = [
    (
        "core/01",
        "CREATE SCHEMA core; CREATE TABLE core.tenants (id int);",
    ),
    (
        "auth/02",
        "CREATE SCHEMA auth; CREATE TABLE auth.users (id int); CREATE FUNCTION auth.f(int) RETURNS int LANGUAGE sql AS 'SELECT 1';",
    ),
    (
        "billing/03",
        "CREATE SCHEMA billing; CREATE TABLE billing.users (id int PRIMARY KEY, name text); CREATE TABLE billing.items (id int, user_id int);",
    ),
];

#[test]
fn an_alias_with_the_name_of_a_schema_is_no_reference_to_it() {
    for script in [
        "SELECT auth.id FROM billing.users auth JOIN billing.items core ON core.user_id = auth.id;",
        "SELECT auth.* FROM billing.users AS auth WHERE auth.name IS NOT NULL ORDER BY auth.id;",
        "WITH core AS (SELECT * FROM billing.users) SELECT core.id FROM core;",
        "WITH RECURSIVE auth (id) AS (SELECT 1 UNION ALL SELECT auth.id + 1 FROM auth) SELECT * FROM auth;",
        "WITH users AS (SELECT 1 AS id) SELECT users.id FROM users;",
        "MERGE INTO billing.users auth USING billing.items core ON core.user_id = auth.id \
         WHEN MATCHED THEN UPDATE SET name = 'x' WHEN NOT MATCHED THEN INSERT (id) VALUES (core.user_id);",
        "INSERT INTO billing.users AS core (id) VALUES (1) ON CONFLICT (id) DO UPDATE \
         SET name = excluded.name WHERE core.id > 0 RETURNING core.id;",
        "UPDATE billing.users auth SET name = 'x' FROM billing.items core WHERE core.user_id = auth.id;",
        "UPDATE billing.users SET name = core.id::text FROM billing.items AS core;",
        "DELETE FROM billing.users auth USING billing.items core WHERE core.user_id = auth.id;",
        "CREATE VIEW billing.v AS SELECT auth.id FROM billing.users auth;",
        "CREATE VIEW billing.v AS SELECT core.id, count(*) OVER (PARTITION BY core.id) FROM billing.users core;",
        "SELECT (SELECT auth.id FROM billing.users auth LIMIT 1), core.id FROM LATERAL (SELECT 1 AS id) core;",
        "SELECT auth.id FROM generate_series(1, 3) AS auth (id);",
        "SELECT core FROM billing.users core GROUP BY core.id, core;",
        "ALTER TABLE billing.users ADD COLUMN auth int, ADD CHECK (auth > 0);",
        "CREATE TABLE billing.core (auth int); SELECT core.auth FROM billing.core;",
    ] {
        let [core, auth, billing] = SCHEMAS;
        silent(&[core, auth, billing, ("billing/04", script)]);
    }
}

#[test]
fn a_reference_beside_such_an_alias_is_still_found() {
    for script in [
        "SELECT auth.id FROM auth.users auth;",
        "WITH auth AS (SELECT 1) SELECT * FROM auth, auth.users;",
        "SELECT auth.f(core.id) FROM billing.users core;",
        "MERGE INTO billing.users auth USING auth.users ON true WHEN MATCHED THEN DELETE;",
    ] {
        let [core, auth, billing] = SCHEMAS;
        one(
            &[core, auth, billing, ("billing/04", script)],
            "M0320 billing up:",
        );
    }
}
