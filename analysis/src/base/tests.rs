//! Tests which older migrations count as independent of a later one of the base.

use migrator_model::{Severity, Tree, resolve};

use super::{Base, compare};

const FIRST: (&str, &str, &str) = (
    "20240101000000_00000001_first",
    "CREATE SCHEMA s;\nCREATE TABLE s.a (id bigint PRIMARY KEY, n text);\n\
     CREATE TABLE s.b (id bigint REFERENCES s.a (id));\n\
     CREATE VIEW s.v AS SELECT id FROM s.a;\nCREATE VIEW s.w AS SELECT id FROM s.v;\n\
     CREATE TYPE s.mood AS ENUM ('sad');\n\
     CREATE FUNCTION s.f() RETURNS bigint LANGUAGE sql AS 'SELECT count(*) FROM s.a';\n",
    "DROP SCHEMA s CASCADE;\n",
);

fn tree(migrations: &[(&str, &str, &str)]) -> Tree {
    let manifest = "tiers = [\"T\"]\n[services.s]\ntier = \"T\"\ndirectory = \"s\"\n";
    let mut tree = Tree::new("database").with_file("services.toml", manifest);
    for (stem, up, down) in migrations {
        tree = tree.with_file(&format!("migrations/s/{stem}.up.sql"), *up);
        tree = tree.with_file(&format!("migrations/s/{stem}.down.sql"), *down);
    }
    tree
}

/// Whether a new migration is independent of a later one of the base.
fn is_independent(new: &str, later: &str) -> bool {
    let later = (
        "20240103000000_00000003_later",
        later,
        "COMMENT ON TABLE s.y IS 'y';\n",
    );
    let new = (
        "20240102000000_00000002_new",
        new,
        "COMMENT ON TABLE s.x IS 'x';\n",
    );
    let of_base = tree(&[FIRST, later]);
    let tree = tree(&[FIRST, new, later]);
    let resolved = resolve(&tree);
    let base = Base {
        name: "main",
        tree: &of_base,
        registry: &resolve(&of_base).registry,
    };
    let problems = compare(&tree, &resolved, base);
    assert_eq!(problems.len(), 1, "{problems:#?}");
    problems[0].severity == Severity::Warning
}

#[test]
fn migrations_of_different_objects_are_independent() {
    for (new, later) in [
        ("CREATE TABLE s.c ();", "CREATE TABLE s.d ();"),
        // Both refer to a table that neither changes.
        (
            "CREATE TABLE s.c (a bigint REFERENCES s.a (id));",
            "CREATE TABLE s.d (a bigint REFERENCES s.a (id));",
        ),
        (
            "CREATE TABLE s.c (m s.mood);",
            "CREATE TABLE s.d (m s.mood);",
        ),
        (
            "ALTER TABLE s.b ADD COLUMN k int;",
            "ALTER TABLE s.a ADD COLUMN l int;",
        ),
    ] {
        assert!(is_independent(new, later), "{new}\n{later}");
        assert!(is_independent(later, new), "{later}\n{new}");
    }
}

#[test]
fn migrations_that_share_an_object_or_hide_one_are_dependent() {
    for (new, later) in [
        (
            "ALTER TABLE s.a ADD COLUMN k int;",
            "ALTER TABLE s.a ADD COLUMN l int;",
        ),
        (
            "ALTER TABLE s.a ADD COLUMN k int;",
            "CREATE VIEW s.z AS SELECT n FROM s.a;",
        ),
        // Through views and functions of the base.
        ("ALTER TABLE s.a DROP COLUMN n;", "DROP VIEW s.w;"),
        (
            "ALTER TABLE s.a ALTER COLUMN id TYPE int;",
            "DROP FUNCTION s.f();",
        ),
        (
            "ALTER TYPE s.mood ADD VALUE 'ok';",
            "CREATE TABLE s.d (m s.mood);",
        ),
        // Rows.
        (
            "INSERT INTO s.a (id) VALUES (1);",
            "UPDATE s.a SET n = 'x';",
        ),
        (
            "INSERT INTO s.a (id) VALUES (1);",
            "INSERT INTO s.b VALUES (1);",
        ),
        // Names in strings and bodies, and calls without a schema.
        (
            "CREATE TABLE s.c ();",
            "CREATE FUNCTION s.g() RETURNS int LANGUAGE sql AS 'SELECT 1 FROM s.c';",
        ),
        (
            "DROP FUNCTION s.f();",
            "CREATE TABLE s.d (n bigint DEFAULT f());",
        ),
        // Effects that the text does not show.
        ("DO $$ BEGIN EXECUTE 'x'; END $$;", "CREATE TABLE s.d ();"),
        ("CREATE TABLE s.c ();", "SELECT s.f();"),
        ("CREATE TABLE s.c ();", "DROP TABLE s.d CASCADE;"),
        (
            "ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO PUBLIC;",
            "CREATE TABLE s.d ();",
        ),
        ("SET search_path = s;", "CREATE TABLE d ();"),
        ("CREATE ROLE r;", "CREATE TABLE s.d ();"),
        ("TRUNCATE s.b;", "CREATE TABLE s.d ();"),
    ] {
        assert!(!is_independent(new, later), "{new}\n{later}");
        assert!(!is_independent(later, new), "{later}\n{new}");
    }
}
