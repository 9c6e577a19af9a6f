//! Times how long a test waits for its migrated database: two hundred tests, each a process.
//!
//! usage: handout [TEST-THREADS]; the default is the number of cores. The server is that of
//! `DATABASE_URL`, or a temporary one.

#![expect(
    clippy::expect_used,
    clippy::print_stdout,
    reason = "a program for its author: it prints a table, and stops where it cannot go on"
)]

use std::path::Path;
use std::process::Command;
use std::{env, fs, process};

/// The tests of `migrator-runtime` to run, by a part of their names.
const TESTS: [&str; 7] = [
    "run",
    "--package=migrator-runtime",
    "--test=testing",
    "handout::",
    "--cargo-quiet",
    "--status-level=none",
    "--final-status-level=none",
];

fn main() {
    let parallel = env::args().nth(1).unwrap_or_else(|| "num-cpus".to_owned());
    let folder = env::temp_dir().join(format!("migrator-handout-{}", process::id()));
    for run in ["first run", "next run"] {
        fs::create_dir(&folder).expect("the folder for the times can be made");
        let status = Command::new("cargo")
            .arg("nextest")
            .args(TESTS)
            .arg(format!("--test-threads={parallel}"))
            .env("MIGRATOR_TESTING_TIMES", &folder)
            .status()
            .expect("cargo-nextest runs");
        assert!(status.success(), "the tests pass");
        let times = times(&folder);
        fs::remove_dir_all(&folder).expect("the folder for the times can be removed");
        println!("{run}: {}", summary(&times, &parallel));
    }
}

/// The times, sorted, in milliseconds.
fn times(folder: &Path) -> Vec<f64> {
    let entries = fs::read_dir(folder).expect("the tests wrote their times");
    let mut times: Vec<f64> = entries
        .map(|entry| {
            let path = entry.expect("an entry can be read").path();
            let micros = fs::read_to_string(path).expect("a time can be read");
            micros.parse::<f64>().expect("a time is a number") / 1000.0
        })
        .collect();
    times.sort_by(f64::total_cmp);
    times
}

fn summary(times: &[f64], parallel: &str) -> String {
    let at = |percent: usize| times[(times.len() - 1) * percent / 100];
    format!(
        "{} databases, {parallel} at once: median {:.1} ms, 95 % within {:.1} ms, slowest {:.1} ms",
        times.len(),
        at(50),
        at(95),
        at(100)
    )
}
