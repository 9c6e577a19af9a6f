//! Scripts in, effects out.

use std::fmt::Write as _;

use migrator_model::{Registry, Tree, resolve};

use super::{Effects, down_effects, effects};

const MANIFEST: &str = "tiers = [\"One\"]\n\n[services.a]\ntier = \"One\"\ndirectory = \"a\"\n";

/// What the first migration of every tree here makes.
const BASE: &str = "CREATE TABLE u (id int PRIMARY KEY);
    CREATE TABLE t (id int PRIMARY KEY, a int, b text, c text NOT NULL, v varchar(10),
        other int REFERENCES u);
    CREATE INDEX t_a ON t (a);
    CREATE VIEW w AS SELECT 1 AS x;
    CREATE MATERIALIZED VIEW m AS SELECT 1 AS x;
    CREATE DOMAIN label AS text CHECK (VALUE <> '');
    CREATE TABLE parts (id int) PARTITION BY RANGE (id);
    ALTER TABLE t ADD CONSTRAINT a_set CHECK (a IS NOT NULL) NOT VALID;";

/// The effects of the last of several up scripts.
fn of(ups: &[&str]) -> String {
    let pairs: Vec<_> = ups.iter().map(|up| (*up, "SELECT 1")).collect();
    let registry = registry(&pairs);
    let mut all = effects(&registry);
    assert_eq!(all.len(), ups.len() + 1);
    shown(&all.remove(ups.len()))
}

/// A tree with the base and these pairs of scripts, up and down.
fn registry(pairs: &[(&str, &str)]) -> Registry {
    let mut tree = Tree::new("database").with_file("services.toml", MANIFEST);
    let pairs = std::iter::once(&(BASE, "SELECT 1")).chain(pairs);
    for (number, (up, down)) in pairs.enumerate() {
        let path = |direction| {
            format!("migrations/a/202401010000{number:02}_0000000{number}_m.{direction}.sql")
        };
        tree = tree
            .with_file(&path("up"), *up)
            .with_file(&path("down"), *down);
    }
    let resolved = resolve(&tree);
    assert_eq!(resolved.problems, []);
    resolved.registry
}

#[test]
fn down_scripts_run_on_the_schema_of_the_applied_migrations() {
    let registry = registry(&[
        (
            "ALTER TABLE t ADD COLUMN d int;",
            "ALTER TABLE t DROP COLUMN d;",
        ),
        (
            "CREATE TABLE s (id int REFERENCES u);",
            "DROP TABLE s; CREATE TABLE old (); DROP TABLE old;",
        ),
        ("CREATE TABLE pending ();", "DROP TABLE pending;"),
    ]);
    let all: Vec<_> = registry.migrations().collect();
    let [base, first, second, pending] = all[..] else {
        panic!("it has four migrations");
    };
    let applied = [base, first, second];
    let found = down_effects(applied, &[second, pending, first]);
    let found: Vec<String> = found.iter().map(shown).collect();
    let keyed = "old: new, Nothing\n\
                 s: ACCESS EXCLUSIVE, Nothing, drops the table\n\
                 u: ACCESS EXCLUSIVE, Nothing";
    let column = "t: ACCESS EXCLUSIVE, Nothing, drops `d`";
    assert_eq!(found, [keyed, column]);
}

/// One line for each table or unknown statement.
fn shown(effects: &Effects<'_>) -> String {
    let mut text = String::new();
    for one in &effects.tables {
        let lock = one.lock.map_or("-", migrator_model::LockMode::as_str);
        let new = if one.is_new { "new" } else { lock };
        write!(text, "{}: {new}, {:?}", one.table, one.work).expect("a string takes it");
        for what in &one.destroys {
            write!(text, ", {what}").expect("a string takes it");
        }
        text.push('\n');
    }
    for one in &effects.unknown {
        writeln!(text, "line {}: {}", one.line, one.words).expect("a string takes it");
    }
    text.trim_end().to_owned()
}

fn assert_effects(cases: &[(&str, &str)]) {
    for (up, expected) in cases {
        assert_eq!(of(&[up]), *expected, "{up}");
    }
}

#[test]
fn an_action_of_alter_table_has_the_lock_of_the_documentation() {
    assert_effects(&[
        (
            "ALTER TABLE t ADD COLUMN d int;",
            "t: ACCESS EXCLUSIVE, Nothing",
        ),
        ("ALTER TABLE t RENAME TO s;", "t: ACCESS EXCLUSIVE, Nothing"),
        (
            "ALTER TABLE t ALTER a SET STATISTICS 9;",
            "t: SHARE UPDATE EXCLUSIVE, Nothing",
        ),
        (
            "ALTER TABLE t ALTER a SET DEFAULT 9;",
            "t: ACCESS EXCLUSIVE, Nothing",
        ),
        (
            "ALTER TABLE t SET (fillfactor = 70);",
            "t: SHARE UPDATE EXCLUSIVE, Nothing",
        ),
        (
            "ALTER TABLE t RESET (autovacuum_enabled);",
            "t: SHARE UPDATE EXCLUSIVE, Nothing",
        ),
        (
            "ALTER TABLE t SET (user_catalog_table = true);",
            "t: ACCESS EXCLUSIVE, Nothing",
        ),
        (
            "ALTER TABLE t DISABLE TRIGGER ALL;",
            "t: SHARE ROW EXCLUSIVE, Nothing",
        ),
        (
            "ALTER TABLE t VALIDATE CONSTRAINT a_set;",
            "t: SHARE UPDATE EXCLUSIVE, Scan",
        ),
        (
            "ALTER TABLE t VALIDATE CONSTRAINT other;",
            "t: SHARE UPDATE EXCLUSIVE, Unknown",
        ),
        (
            "ALTER TABLE t SET UNLOGGED;",
            "t: ACCESS EXCLUSIVE, Unknown",
        ),
        (
            "ALTER TABLE t ADD CONSTRAINT k FOREIGN KEY (a) REFERENCES u NOT VALID;",
            "t: SHARE ROW EXCLUSIVE, Nothing\nu: SHARE ROW EXCLUSIVE, Nothing",
        ),
        (
            "ALTER TABLE t ADD COLUMN d int REFERENCES u;",
            "t: ACCESS EXCLUSIVE, Nothing\nu: SHARE ROW EXCLUSIVE, Nothing",
        ),
        (
            "ALTER TABLE parts ATTACH PARTITION u DEFAULT;",
            "parts: SHARE UPDATE EXCLUSIVE, Unknown\nu: ACCESS EXCLUSIVE, Unknown",
        ),
    ]);
}

#[test]
fn a_new_column_rewrites_the_table_only_if_that_is_certain() {
    let works = [
        ("d int DEFAULT 1", "Nothing"),
        ("d int NOT NULL DEFAULT 1", "Nothing"),
        ("d timestamptz DEFAULT now()", "Nothing"),
        ("d uuid DEFAULT gen_random_uuid()", "Rewrite"),
        ("d bigserial", "Rewrite"),
        ("d int GENERATED ALWAYS AS (a + 1) STORED", "Rewrite"),
        ("d label", "Rewrite"),
        ("d int DEFAULT own()", "Unknown"),
        ("d somebodys_type", "Unknown"),
        ("d int GENERATED ALWAYS AS (a + 1) VIRTUAL", "Unknown"),
        ("d int CHECK (d > 0)", "Scan"),
        ("d int UNIQUE", "Scan"),
        ("IF NOT EXISTS a int NOT NULL", "Nothing"),
    ];
    for (column, work) in works {
        let up = format!("ALTER TABLE t ADD COLUMN {column};");
        assert_eq!(of(&[&up]), format!("t: ACCESS EXCLUSIVE, {work}"), "{up}");
    }
}

#[test]
fn a_change_of_a_column_or_constraint_scans_or_rewrites_if_that_is_certain() {
    let works = [
        ("ALTER a TYPE bigint", "Rewrite"),
        ("ALTER v TYPE varchar(20)", "Nothing"),
        ("ALTER v TYPE text", "Nothing"),
        ("ALTER v TYPE varchar(5)", "Unknown"),
        ("ALTER a TYPE bigint USING a + 1", "Unknown"),
        ("ALTER unseen TYPE bigint", "Unknown"),
        ("ALTER a SET NOT NULL", "Scan"),
        ("ALTER c SET NOT NULL", "Nothing"),
        ("ALTER unseen SET NOT NULL", "Unknown"),
        ("ADD CHECK (a > 0)", "Scan"),
        ("ADD CHECK (a > 0) NOT VALID", "Nothing"),
        ("ADD UNIQUE (a)", "Scan"),
        ("ADD CONSTRAINT k UNIQUE USING INDEX t_a", "Nothing"),
        ("ADD CONSTRAINT k PRIMARY KEY USING INDEX t_a", "Unknown"),
        (
            "ADD CHECK (a > 0) NOT VALID, ALTER a TYPE bigint",
            "Rewrite",
        ),
    ];
    for (action, work) in works {
        let up = format!("ALTER TABLE t {action};");
        assert_eq!(of(&[&up]), format!("t: ACCESS EXCLUSIVE, {work}"), "{up}");
    }
}

#[test]
fn an_index_a_trigger_or_a_comment_has_its_lock() {
    assert_effects(&[
        ("CREATE INDEX ON t (b);", "t: SHARE, Scan"),
        (
            "CREATE INDEX CONCURRENTLY t_b ON t (b);",
            "t: SHARE UPDATE EXCLUSIVE, Scan",
        ),
        ("CREATE INDEX ON ONLY parts (id);", "parts: SHARE, Nothing"),
        ("DROP INDEX t_a;", "t: ACCESS EXCLUSIVE, Nothing"),
        (
            "DROP INDEX CONCURRENTLY t_a;",
            "t: SHARE UPDATE EXCLUSIVE, Nothing",
        ),
        ("\nDROP INDEX unseen;", "line 2: DROP INDEX"),
        (
            "CREATE TRIGGER g AFTER INSERT ON t EXECUTE FUNCTION f();",
            "t: SHARE ROW EXCLUSIVE, Nothing",
        ),
        ("DROP TRIGGER g ON t;", "t: ACCESS EXCLUSIVE, Nothing"),
        ("CREATE POLICY p ON t;", "t: ACCESS EXCLUSIVE, Nothing"),
        (
            "CREATE RULE r AS ON INSERT TO t DO NOTHING;",
            "t: ACCESS EXCLUSIVE, Nothing",
        ),
        (
            "CREATE STATISTICS s ON a, b FROM t;",
            "t: SHARE UPDATE EXCLUSIVE, Nothing",
        ),
        (
            "COMMENT ON TABLE t IS 'x';",
            "t: SHARE UPDATE EXCLUSIVE, Nothing",
        ),
        (
            "COMMENT ON COLUMN t.a IS 'x';",
            "t: SHARE UPDATE EXCLUSIVE, Nothing",
        ),
        ("COMMENT ON INDEX t_a IS 'x';", ""),
        (
            "LOCK TABLE t IN SHARE ROW EXCLUSIVE MODE;",
            "t: SHARE ROW EXCLUSIVE, Nothing",
        ),
        (
            "LOCK t, u;",
            "t: ACCESS EXCLUSIVE, Nothing\nu: ACCESS EXCLUSIVE, Nothing",
        ),
    ]);
}

#[test]
fn a_query_and_a_change_of_rows_have_weak_locks() {
    assert_effects(&[
        ("SELECT count(*) FROM t;", "t: ACCESS SHARE, Reads"),
        ("SELECT a FROM t FOR UPDATE;", "t: ROW SHARE, Reads"),
        (
            "WITH x AS (SELECT * FROM t) INSERT INTO u SELECT id FROM x;",
            "t: ACCESS SHARE, Reads\nu: ROW EXCLUSIVE, Changes",
        ),
        (
            "UPDATE t SET a = 1 WHERE b = '';",
            "t: ROW EXCLUSIVE, Changes",
        ),
        (
            "DELETE FROM t WHERE a = 1;",
            "t: ROW EXCLUSIVE, Changes, deletes rows",
        ),
        (
            "DELETE FROM ONLY t AS x;",
            "t: ROW EXCLUSIVE, Changes, deletes all rows",
        ),
        (
            "CREATE VIEW n AS SELECT * FROM t JOIN u USING (id);",
            "n: new, Nothing\nt: ACCESS SHARE, Reads\nu: ACCESS SHARE, Reads",
        ),
        (
            "CREATE OR REPLACE VIEW w AS SELECT 2 AS x;",
            "w: ACCESS EXCLUSIVE, Nothing",
        ),
        (
            "CREATE OR REPLACE VIEW n AS SELECT 2 AS x;",
            "n: -, Nothing",
        ),
        (
            "REFRESH MATERIALIZED VIEW m;",
            "m: ACCESS EXCLUSIVE, Rewrite",
        ),
        (
            "REFRESH MATERIALIZED VIEW CONCURRENTLY m;",
            "m: EXCLUSIVE, Changes",
        ),
    ]);
}

#[test]
fn what_destroys_data_is_told() {
    assert_effects(&[
        (
            "ALTER TABLE t DROP COLUMN b;",
            "t: ACCESS EXCLUSIVE, Nothing, drops `b`",
        ),
        (
            "ALTER TABLE t DROP COLUMN IF EXISTS zz;",
            "t: ACCESS EXCLUSIVE, Nothing",
        ),
        (
            "DROP TABLE t;",
            "t: ACCESS EXCLUSIVE, Nothing, drops the table\nu: ACCESS EXCLUSIVE, Nothing",
        ),
        (
            "DROP TABLE u CASCADE;",
            "t: ACCESS EXCLUSIVE, Nothing\nu: ACCESS EXCLUSIVE, Nothing, drops the table\n\
             line 1: DROP TABLE",
        ),
        (
            "ALTER TABLE t DROP COLUMN other;",
            "t: ACCESS EXCLUSIVE, Nothing, drops `other`\nu: ACCESS EXCLUSIVE, Nothing",
        ),
        (
            "ALTER TABLE t DROP CONSTRAINT t_other_fkey; DROP TABLE t;",
            "t: ACCESS EXCLUSIVE, Nothing, drops the table\nu: ACCESS EXCLUSIVE, Nothing",
        ),
        (
            "CREATE TABLE IF NOT EXISTS t (id int REFERENCES u); ALTER TABLE t DROP COLUMN b;",
            "t: ACCESS EXCLUSIVE, Nothing, drops `b`",
        ),
        (
            "TRUNCATE t;",
            "t: ACCESS EXCLUSIVE, Nothing, removes all rows",
        ),
        ("DROP SCHEMA s CASCADE;", "line 1: DROP SCHEMA"),
    ]);
}

#[test]
fn a_table_that_the_migration_creates_is_new() {
    assert_effects(&[
        (
            "CREATE TABLE n (id int REFERENCES t); CREATE INDEX ON n (id); INSERT INTO n VALUES (1);
             ALTER TABLE n ADD COLUMN x int, DROP COLUMN x; TRUNCATE n; DROP TABLE n;",
            "n: new, Nothing\nt: ACCESS EXCLUSIVE, Nothing",
        ),
        ("CREATE TABLE n (id int REFERENCES n);", "n: new, Nothing"),
        ("CREATE TABLE n (LIKE t);", "n: new, Nothing\nt: ACCESS SHARE, Nothing"),
        (
            "CREATE TABLE n PARTITION OF parts DEFAULT;",
            "n: new, Nothing\nparts: ACCESS EXCLUSIVE, Unknown",
        ),
        (
            "CREATE TABLE n () INHERITS (t);",
            "n: new, Nothing\nt: SHARE UPDATE EXCLUSIVE, Nothing",
        ),
    ]);
    // In the next migration, the table is in use.
    let next = of(&["CREATE TABLE n (id int);", "ALTER TABLE n DROP COLUMN id;"]);
    assert_eq!(next, "n: ACCESS EXCLUSIVE, Nothing, drops `id`");
}

#[test]
fn a_statement_that_may_do_more_is_told() {
    assert_effects(&[
        ("SELECT 1;\nDO $$ BEGIN NULL; END $$;", "line 2: DO"),
        ("SELECT own();", "line 1: SELECT"),
        ("CREATE EXTENSION citext;", "line 1: CREATE EXTENSION"),
        ("ALTER DOMAIN label SET NOT NULL;", "line 1: ALTER DOMAIN"),
        ("ALTER TYPE mood ADD VALUE 'x';", ""),
        ("REINDEX TABLE t;", "line 1: REINDEX TABLE"),
        (
            "CREATE SCHEMA s CREATE TABLE x (a int);",
            "line 1: CREATE SCHEMA",
        ),
        (
            "CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1';",
            "",
        ),
    ]);
    assert!(of(&["ALTER TABLE t ADD;"]).contains("line 1: a syntax error"));
}
