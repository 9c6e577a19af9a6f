//! Every long source file gives a reason for its length.

use std::path::Path;

use crate::source::in_folder;

/// The crates whose sources and tests are checked, and the root package's tests.
const CHECKED: &[&str] = &[
    "adopt",
    "analysis",
    "bench",
    "bench/figures",
    "cli",
    "connect",
    "localpg",
    "macros",
    "model",
    "plan",
    "runtime",
    "verify",
    ".",
];

/// A file with more lines gives the reason in its module docs.
const LINES: usize = 400;

/// The words before the reason in the docs.
const REASON: &str = "//! This file is long because ";

/// The last line at which the reason may begin.
const HEAD: usize = 20;

#[test]
fn a_long_file_gives_a_reason_for_its_length() {
    let files = CHECKED
        .iter()
        .flat_map(|name| [format!("{name}/src"), format!("{name}/tests")])
        .filter(|folder| Path::new(env!("CARGO_MANIFEST_DIR")).join(folder).exists())
        .flat_map(|folder| in_folder(&folder));
    let long = files.filter(|file| {
        let mut head = file.text.lines().take(HEAD);
        file.text.lines().count() > LINES && !head.any(|line| line.starts_with(REASON))
    });
    let long: Vec<String> = long
        .map(|file| format!("{}: {} lines", file.path, file.text.lines().count()))
        .collect();
    assert!(
        long.is_empty(),
        "over {LINES} lines without a reason:\n{}",
        long.join("\n")
    );
}
