//! Two scripts in, findings out.

use migrator_model::{Code, Tree, resolve};

/// What is found in `earlier => up | down`; without what is before the arrow, the
/// migration is the only one.
fn comparison(line: &str) -> Vec<String> {
    let (earlier, scripts) = line.split_once(" => ").unwrap_or(("SELECT 1;", line));
    let (up, down) = scripts.split_once(" | ").expect("a line has two scripts");
    let before = "migrations/shop/20240101110000_00000001_make_things";
    let base = "migrations/shop/20240101120000_a1b2c3d4_change_things";
    let manifest = "tiers = [\"One\"]\n[services.shop]\ntier = \"One\"\ndirectory = \"shop\"\n";
    let tree = Tree::new("database")
        .with_file("services.toml", manifest)
        .with_file(&format!("{before}.up.sql"), earlier)
        .with_file(&format!("{before}.down.sql"), "SELECT 1;")
        .with_file(&format!("{base}.up.sql"), up)
        .with_file(&format!("{base}.down.sql"), down);
    let resolved = resolve(&tree);
    assert_eq!(resolved.problems, [], "{up}\n{down}");
    let ours = [
        Code::M0227,
        Code::M0228,
        Code::M0229,
        Code::M0230,
        Code::M0233,
        Code::M0234,
    ];
    let found = crate::analyse(&resolved).into_iter();
    let found = found.filter(|d| d.path().is_some_and(|path| !path.contains("00000001")));
    let text = |d: migrator_model::Problem| {
        assert_ne!(d.code, Code::M0208, "{d}");
        format!("{} {}; {}", d.code, d.message, d.help)
    };
    found
        .filter(|d| ours.contains(&d.code) || d.code == Code::M0208)
        .map(text)
        .collect()
}

/// `up | down`, one pair per line, without a finding.
const GOOD: &str = include_str!("good.txt");

/// `up | down | finding`, a paragraph each.
const BAD: &str = include_str!("bad.txt");

#[test]
fn a_reversed_outcome_is_not_reported() {
    let mut failures = Vec::new();
    for line in GOOD.lines().filter(|line| !line.is_empty()) {
        let found = comparison(line);
        if !found.is_empty() {
            failures.push(format!("{line}\n    {}", found.join("\n    ")));
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

#[test]
fn each_outcome_that_is_not_reversed_is_reported_once() {
    let mut written = String::new();
    for paragraph in BAD.split_terminator("\n\n") {
        let line = paragraph
            .trim_start()
            .lines()
            .next()
            .expect("a paragraph has a line");
        let found = comparison(line).join("\n");
        written.extend([line, "\n", &found, "\n\n"]);
    }
    if std::env::var_os("UPDATE_EXPECT").is_some() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/src/undo/bad.txt");
        std::fs::write(path, &written).expect("the expectation can be written");
    } else {
        assert_eq!(written, BAD);
    }
}
