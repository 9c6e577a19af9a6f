//! No input makes the analysis panic, abort or hang: random texts, random
//! tokens, real scripts with random cuts, and deep nesting.
//!
//! `PROPTEST_CASES=100000 cargo test --release -p migrator-analysis --test fuzz`
//! tries longer.

use migrator_analysis::analyse;
use migrator_analysis::parse::{on_large_stack, parse};
use migrator_model::{Tree, resolve};
use proptest::prelude::*;

/// Words and marks that SQL is made of, and some that it is not.
const TOKENS: &[&str] = &[
    "CREATE",
    "TABLE",
    "ALTER",
    "DROP",
    "INDEX",
    "CONCURRENTLY",
    "ON",
    "VIEW",
    "AS",
    "SELECT",
    "FROM",
    "WHERE",
    "WITH",
    "RECURSIVE",
    "INSERT",
    "INTO",
    "VALUES",
    "UPDATE",
    "SET",
    "DELETE",
    "FUNCTION",
    "RETURNS",
    "LANGUAGE",
    "sql",
    "BEGIN",
    "ATOMIC",
    "END",
    "CASE",
    "WHEN",
    "THEN",
    "NOT",
    "NULL",
    "DEFAULT",
    "CHECK",
    "REFERENCES",
    "PRIMARY",
    "KEY",
    "CONSTRAINT",
    "ADD",
    "COLUMN",
    "RENAME",
    "TO",
    "TYPE",
    "SCHEMA",
    "TRIGGER",
    "POLICY",
    "COPY",
    "stdin",
    "CASCADE",
    "IF",
    "EXISTS",
    "OR",
    "REPLACE",
    "GRANT",
    "COMMENT",
    "IS",
    "UNION",
    "ALL",
    "PARTITION",
    "OF",
    "a",
    "b.c",
    "\"q\"",
    "\"",
    "'s'",
    "'",
    "E'\\''",
    "$$",
    "$t$",
    "1",
    "1.5e3",
    "$1",
    "(",
    ")",
    "[",
    "]",
    ",",
    ";",
    ".",
    "..",
    "::",
    ":",
    "=",
    "<>",
    "-",
    "--",
    "/*",
    "*/",
    "*",
    "\\",
    "@",
    "#",
    "?",
    "|",
    "\n",
    "\r\n",
    "\u{feff}",
    "é",
    "\u{0}",
];

fn tokens() -> impl Strategy<Value = String> {
    prop::collection::vec(prop::sample::select(TOKENS), 0..60).prop_map(|tokens| tokens.join(" "))
}

/// A script of the platform's own with a piece cut out or doubled.
fn cut_script() -> impl Strategy<Value = String> {
    const SCRIPT: &str = include_str!("fuzz.sql");
    let offsets = 0..=SCRIPT.len();
    (offsets.clone(), offsets, any::<bool>()).prop_map(|(one, other, double)| {
        let floor = |at| SCRIPT.floor_char_boundary(at);
        let (start, end) = (floor(one.min(other)), floor(one.max(other)));
        let (head, piece, tail) = (&SCRIPT[..start], &SCRIPT[start..end], &SCRIPT[end..]);
        match double {
            true => format!("{head}{piece}{piece}{tail}"),
            false => format!("{head}{tail}"),
        }
    })
}

/// What nests, by what opens and what closes it.
const NESTS: &[(&str, &str)] = &[
    ("(", ")"),
    ("((", "))"),
    ("[", "]"),
    ("NOT ", ""),
    ("- ", ""),
    ("+", ""),
    ("CASE WHEN ", ""),
    ("(SELECT ", ")"),
    ("EXPLAIN ", ""),
    ("SELECT 1 UNION ", ""),
    ("a.", ""),
    ("f(", ")"),
    ("WITH a AS (", ")"),
    ("CREATE SCHEMA s ", ""),
    ("BEGIN ATOMIC ", ""),
    ("x::", ""),
    ("ARRAY[", "]"),
    ("ROW(", ")"),
    ("1 + ", ""),
    ("a AND ", ""),
    ("a JOIN ", ""),
];

fn nested() -> impl Strategy<Value = String> {
    (prop::sample::select(NESTS), 0_usize..3_000).prop_map(|((open, close), depth)| {
        format!("SELECT {}1{};", open.repeat(depth), close.repeat(depth))
    })
}

/// Everything that is done with a script, by itself and in a tree.
fn try_all(text: &str) {
    let ended = on_large_stack(|| parse(text).statements().count());
    assert!(ended.is_ok(), "{ended:?}");
    let stem = "migrations/a/20240101000000_0a1b2c3d_one";
    let next = "migrations/a/20240101000001_1a1b2c3d_two";
    let manifest = "tiers = [\"T\"]\n[services.a]\ntier = \"T\"\ndirectory = \"a\"\n";
    let tree = Tree::new("database")
        .with_file("services.toml", manifest)
        .with_file(&format!("{stem}.up.sql"), text)
        .with_file(&format!("{stem}.down.sql"), "DROP TABLE a;")
        .with_file(&format!("{next}.up.sql"), "CREATE TABLE a.b ();")
        .with_file(&format!("{next}.down.sql"), text);
    for problem in analyse(&resolve(&tree)) {
        assert_eq!(problem.to_string().lines().count(), 1, "{problem}");
    }
}

proptest! {
    #[test]
    fn random_texts_end_well(text in "\\PC{0,200}") {
        try_all(&text);
    }

    #[test]
    fn random_tokens_end_well(text in tokens()) {
        try_all(&text);
    }

    #[test]
    fn cut_scripts_end_well(text in cut_script()) {
        try_all(&text);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn deep_nesting_ends_well(text in nested()) {
        try_all(&text);
    }
}
