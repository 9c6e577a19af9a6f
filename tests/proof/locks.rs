//! The locks that the analysis claims are those that `verify` measures.

use std::collections::BTreeMap;
use std::fs;
use std::process::Command;

use serde_json::Value;

use super::{document, tree, verify};
use crate::support::migrator;

const BASE: &str = "CREATE SCHEMA shop;
CREATE TABLE shop.kinds (id int PRIMARY KEY);
CREATE TABLE shop.orders (id int PRIMARY KEY, note text, code text NOT NULL, kind int REFERENCES shop.kinds);
CREATE TABLE shop.parts (id int) PARTITION BY RANGE (id);
CREATE TABLE shop.part (id int);
CREATE TABLE shop.lines (a int, b int);
CREATE TABLE shop.spare (a int);
CREATE TABLE shop.root (a int);
CREATE TABLE shop.keyed (a int, FOREIGN KEY (a) REFERENCES shop.kinds);
CREATE VIEW shop.notes AS SELECT 1 AS id;
CREATE MATERIALIZED VIEW shop.sums AS SELECT 1 AS id;
CREATE UNIQUE INDEX sums_id ON shop.sums (id);
CREATE INDEX orders_note ON shop.orders (note);
CREATE FUNCTION shop.f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
ALTER TABLE shop.orders ADD CONSTRAINT positive CHECK (id > 0) NOT VALID;
";

/// Statements in the order in which they run.
const STATEMENTS: [&str; 55] = [
    "ALTER TABLE shop.orders ADD COLUMN total int",
    "ALTER TABLE shop.orders ADD COLUMN other int REFERENCES shop.kinds",
    "ALTER TABLE shop.orders DROP COLUMN total",
    "ALTER TABLE shop.orders ALTER id TYPE bigint",
    "ALTER TABLE shop.orders ALTER note SET NOT NULL",
    "ALTER TABLE shop.orders ALTER note SET DEFAULT 'x'",
    "ALTER TABLE shop.orders ALTER note SET STATISTICS 9",
    "ALTER TABLE shop.orders ALTER note SET (n_distinct = 5)",
    "ALTER TABLE shop.orders ALTER note SET STORAGE EXTERNAL",
    "ALTER TABLE shop.orders SET (fillfactor = 70, autovacuum_enabled = false)",
    "ALTER TABLE shop.orders SET (toast.autovacuum_enabled = false)",
    "ALTER TABLE shop.orders RESET (fillfactor)",
    "ALTER TABLE shop.orders SET (user_catalog_table = true)",
    "ALTER TABLE shop.orders VALIDATE CONSTRAINT positive",
    "ALTER TABLE shop.orders DROP CONSTRAINT positive",
    "ALTER TABLE shop.orders ADD CONSTRAINT few CHECK (id < 9) NOT VALID",
    "ALTER TABLE shop.orders ADD UNIQUE (note)",
    "ALTER TABLE shop.lines ADD FOREIGN KEY (a) REFERENCES shop.kinds",
    "ALTER TABLE shop.lines DROP CONSTRAINT lines_a_fkey",
    "ALTER TABLE shop.orders DROP COLUMN other",
    "DROP TABLE shop.keyed",
    "ALTER TABLE shop.orders DISABLE TRIGGER USER",
    "ALTER TABLE shop.orders ENABLE ROW LEVEL SECURITY",
    "ALTER TABLE shop.orders REPLICA IDENTITY FULL",
    "ALTER TABLE shop.lines CLUSTER ON lines_a",
    "ALTER TABLE shop.lines SET WITHOUT CLUSTER",
    "ALTER TABLE shop.lines SET UNLOGGED",
    "ALTER TABLE shop.parts ATTACH PARTITION shop.part FOR VALUES FROM (1) TO (5)",
    "ALTER TABLE shop.parts DETACH PARTITION shop.part",
    "CREATE TABLE shop.more PARTITION OF shop.parts FOR VALUES FROM (5) TO (9)",
    "CREATE TABLE shop.heir () INHERITS (shop.root)",
    "CREATE TABLE shop.like (LIKE shop.lines)",
    "CREATE TABLE shop.refer (id int REFERENCES shop.kinds)",
    "CREATE INDEX ON shop.lines (b)",
    "DROP INDEX shop.orders_note",
    "CREATE TRIGGER t AFTER INSERT ON shop.lines EXECUTE FUNCTION shop.f()",
    "ALTER TRIGGER t ON shop.lines RENAME TO u",
    "DROP TRIGGER u ON shop.lines",
    "CREATE RULE r AS ON INSERT TO shop.lines DO NOTHING",
    "DROP RULE r ON shop.lines",
    "CREATE POLICY p ON shop.lines",
    "ALTER POLICY p ON shop.lines USING (true)",
    "DROP POLICY p ON shop.lines",
    "CREATE STATISTICS shop.s ON a, b FROM shop.lines",
    "COMMENT ON TABLE shop.lines IS 'x'",
    "COMMENT ON COLUMN shop.lines.a IS 'x'",
    "CREATE OR REPLACE VIEW shop.notes AS SELECT 2 AS id",
    "REFRESH MATERIALIZED VIEW shop.sums",
    "REFRESH MATERIALIZED VIEW CONCURRENTLY shop.sums",
    "INSERT INTO shop.spare SELECT a FROM shop.lines",
    "SELECT a FROM shop.lines FOR UPDATE",
    "LOCK TABLE shop.lines IN SHARE MODE",
    "TRUNCATE shop.spare",
    "DROP TABLE shop.spare",
    "ALTER TABLE shop.lines RENAME TO rows",
];

fn git(folder: &std::path::Path, arguments: &[&str]) {
    let mut command = Command::new("git");
    command.current_dir(folder).args(arguments);
    for (name, value) in [
        ("GIT_CONFIG_GLOBAL", "/dev/null"),
        ("GIT_CONFIG_NOSYSTEM", "1"),
        ("GIT_AUTHOR_NAME", "a"),
        ("GIT_AUTHOR_EMAIL", "a@localhost"),
        ("GIT_COMMITTER_NAME", "a"),
        ("GIT_COMMITTER_EMAIL", "a@localhost"),
    ] {
        command.env(name, value);
    }
    assert!(command.status().expect("git runs").success());
}

/// The lock of each table in a list of objects.
fn locks(list: &Value, name: &str, lock: &str) -> BTreeMap<String, String> {
    let list = list.as_array().expect("a list").iter();
    let locks = list.filter_map(|one| {
        let table = one[name].as_str()?.rsplit(' ').next()?.to_owned();
        Some((table, one[lock].as_str()?.to_owned()))
    });
    locks.collect()
}

#[test]
fn the_claimed_locks_are_those_that_a_server_takes() {
    let down = "-- migrator: irreversible because nothing of this test is reverted\n";
    let base = BASE.to_owned() + "CREATE INDEX lines_a ON shop.lines (a);\n";
    let mut scripts = vec![("20240101000000_00000000_base".to_owned(), base)];
    for (number, statement) in (1..).zip(STATEMENTS) {
        let stem = format!("202401010000{number:02}_{number:08x}_step");
        scripts.push((stem, format!("{statement};\n")));
    }
    let files: Vec<(&str, &str, &str)> = scripts
        .iter()
        .map(|(stem, up)| (stem.as_str(), up.as_str(), down))
        .collect();
    let folder = tree(&files);
    let at = folder.path();
    git(at, &["init", "--quiet"]);
    git(at, &["commit", "--quiet", "--allow-empty", "--message=x"]);
    let proof = document(&mut verify(at, &["--output=json"]));
    let mut check = migrator(&["check", "--base=HEAD", "--output=json"]);
    let claims = document(check.current_dir(at));
    let steps = (0..).zip(STATEMENTS).map(|(index, statement)| {
        let measured = &proof["migrations"][index + 1];
        assert_eq!(measured["verdict"], "irreversible", "{statement}");
        let claimed = &claims["base"]["new"][index + 1];
        let measured = locks(&measured["locks"], "object", "mode");
        let claimed = locks(&claimed["tables"], "table", "lock");
        (statement, claimed, measured)
    });
    let wrong: Vec<String> = steps
        .filter(|(_, claimed, measured)| claimed != measured)
        .map(|(statement, claimed, measured)| format!("{statement}\n  {claimed:?}\n  {measured:?}"))
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    // The comment has the measured locks, and the verdicts.
    let file = at.join("verified.json");
    fs::write(&file, proof.to_string()).expect("it is written");
    let mut check = migrator(&[
        "check",
        "--base=HEAD",
        "--output=markdown",
        "--verified=verified.json",
    ]);
    let comment = crate::support::output(check.current_dir(at));
    assert_eq!(
        comment.matches("verified: irreversible |").count(),
        STATEMENTS.len() + 1
    );
}
