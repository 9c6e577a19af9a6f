//! Scripts in, findings out: what each rule reports, and what it accepts.

mod columns;
mod constraints;
mod domains;
mod drops;
mod enums;
mod indexes;
mod rows;

use migrator_model::{Tree, resolve};

const MANIFEST: &str = "tiers = [\"One\"]\n\n[services.a]\ntier = \"One\"\ndirectory = \"a\"\n";

/// What the first migration of every tree here makes.
const BASE: &str =
    "CREATE TABLE t (id int PRIMARY KEY, a int, b text, v varchar(10), n numeric(8, 2));
    CREATE TABLE u (id int PRIMARY KEY);
    CREATE TABLE parts (id int) PARTITION BY RANGE (id);
    CREATE MATERIALIZED VIEW m AS SELECT 1 AS x;
    CREATE DOMAIN filled AS int DEFAULT 1;
    CREATE TABLE c (id int REFERENCES t);
    CREATE TABLE k (a int NOT NULL, b bigserial, c int GENERATED ALWAYS AS IDENTITY, d int,
        e int, PRIMARY KEY (d, e), v varchar(10), at timestamp(3));
    CREATE TABLE heir () INHERITS (k);
    CREATE TABLE part PARTITION OF parts DEFAULT;
    CREATE DOMAIN label AS text CHECK (VALUE <> '');
    CREATE DOMAIN moment AS timestamptz;
    CREATE DOMAIN wide AS varchar(20);
    CREATE TYPE mood AS ENUM ('ok', 'sad');
    CREATE TABLE moods (id int, mood mood DEFAULT 'ok', note text);
    CREATE INDEX parts_id ON parts (id);";

/// The codes found in up scripts that run one after the other.
fn codes(ups: &[&str]) -> Vec<String> {
    found(&ups.iter().map(|up| (*up, "SELECT 1")).collect::<Vec<_>>())
}

fn found(scripts: &[(&str, &str)]) -> Vec<String> {
    let mut tree = Tree::new("database")
        .with_file("services.toml", MANIFEST)
        .with_file(&path(0, "up"), BASE)
        .with_file(&path(0, "down"), "SELECT 1");
    for (number, (up, down)) in (1..).zip(scripts) {
        tree = tree
            .with_file(&path(number, "up"), *up)
            .with_file(&path(number, "down"), *down);
    }
    let resolved = resolve(&tree);
    assert_eq!(resolved.problems, []);
    let texts = crate::script::texts(resolved.registry.migrations());
    let pairs = crate::script::parse_all(&texts);
    for script in pairs.iter().flat_map(crate::script::Pair::scripts) {
        assert_eq!(script.sql.errors, [], "{}", script.sql.text);
    }
    let findings = super::find(&pairs, &crate::unread::Unread::default());
    findings
        .iter()
        .map(|finding| finding.code.to_string())
        .collect()
}

fn path(number: usize, direction: &str) -> String {
    format!("migrations/a/2024010100000{number}_0000000{number}_m{number}.{direction}.sql")
}

/// One script each, all with the same findings.
#[track_caller]
fn each(expected: &[&str], scripts: &[&str]) {
    for script in scripts {
        assert_eq!(codes(&[script]), expected, "{script}");
    }
}
