//! No source file is long without a reason.

use crate::source::of_crate;

/// The crates without such a file.
const CHECKED: &[&str] = &[
    "analysis", "cli", "connect", "localpg", "macros", "model", "plan", "verify",
];

/// A longer file says in its module's docs why it is one.
const LINES: usize = 400;

/// What such a file's docs say, followed by the reason.
const REASON: &str = "//! This file is long because ";

/// How far down the reason may stand.
const HEAD: usize = 20;

#[test]
fn a_long_file_says_why_it_is_one() {
    let files = CHECKED.iter().flat_map(|name| of_crate(name));
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
