//! Each promise of docs/reliability.md stands once, and its tests exist.

use std::collections::BTreeSet;
use std::path::Path;

use crate::source::in_folder;

const PAGE: &str = include_str!("../../docs/reliability.md");

/// The folders with tests.
const FOLDERS: &[&str] = &[
    "adopt", "analysis", "bench", "cli", "connect", "examples", "localpg", "macros", "model",
    "plan", "runtime", "tests", "verify",
];

/// The cells of each row.
fn rows() -> impl Iterator<Item = Vec<&'static str>> {
    let lines = PAGE.lines().filter_map(|line| line.strip_prefix("| "));
    lines
        .filter(|line| !line.starts_with("---"))
        .map(|line| line.trim_end_matches([' ', '|']).split(" | ").collect())
}

/// The names of all functions.
fn functions() -> BTreeSet<String> {
    let files = FOLDERS.iter().flat_map(|folder| in_folder(folder));
    let mut all = BTreeSet::new();
    for file in files {
        let parts = file.text.split("fn ").skip(1);
        all.extend(parts.filter_map(|part| {
            let end = part.find(|c: char| !c.is_ascii_alphanumeric() && c != '_')?;
            Some(part[..end].to_owned())
        }));
    }
    all
}

#[test]
fn each_promise_stands_once() {
    let mut seen = BTreeSet::new();
    let doubled = rows().filter(|row| row[0] != "promise" && !seen.insert(row[0]));
    let doubled: Vec<&str> = doubled.map(|row| row[0]).collect();
    assert!(doubled.is_empty(), "{doubled:#?}");
}

#[test]
fn the_tests_of_each_promise_exist() {
    let functions = functions();
    let top = Path::new(env!("CARGO_MANIFEST_DIR"));
    let is_there = |name: &str| {
        // A part of a long name stands after `…`.
        let end = name.rsplit("::").next().unwrap_or(name);
        let end = end.trim_start_matches('…');
        match name.contains('/') {
            true => top.join(name).exists(),
            false => functions.iter().any(|function| function.ends_with(end)),
        }
    };
    let is_name = |name: &&str| name.contains('/') || name.matches('_').count() > 2;
    let cells = rows().filter_map(|row| row.last().copied());
    let names: Vec<&str> = cells
        .flat_map(|cell| cell.split('`').skip(1).step_by(2))
        .collect();
    let names: Vec<&str> = names.into_iter().filter(is_name).collect();
    assert!(names.len() > 100, "{names:?}");
    let missing: Vec<&&str> = names.iter().filter(|name| !is_there(name)).collect();
    assert!(missing.is_empty(), "{missing:#?}");
}
