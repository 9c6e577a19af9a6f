//! Times a full check of trees of 100, 1,000 and 5,000 migrations, as `cargo build` does it:
//! resolve, parse, and all findings of the SQL.
//!
//! `cargo run --release -p migrator-bench --bin check`

#![expect(clippy::print_stdout, reason = "the program prints figures")]

use std::time::{Duration, Instant};

use migrator_model::resolve;

/// The number of runs, of which it prints the median.
const RUNS: usize = 5;

fn main() {
    println!("migrations  resolve ms  analyse ms  both ms  µs a migration  findings");
    for size in [100, 1_000, 5_000] {
        measure(size);
    }
}

fn measure(size: usize) {
    let tree = migrator_bench::tree(size);
    let mut runs = Vec::new();
    for _ in 0..RUNS {
        let started = Instant::now();
        let resolved = resolve(&tree);
        let resolving = started.elapsed();
        let found = migrator_analysis::analyse(&resolved).len() + resolved.problems.len();
        runs.push((started.elapsed(), resolving, found));
    }
    runs.sort();
    let Some((both, resolving, found)) = runs.get(RUNS / 2) else {
        return;
    };
    let milliseconds = |time: Duration| time.as_secs_f64() * 1_000.0;
    println!(
        "{size:>10}  {:>10.1}  {:>10.1}  {:>7.1}  {:>14.1}  {found:>8}",
        milliseconds(*resolving),
        milliseconds(both.saturating_sub(*resolving)),
        milliseconds(*both),
        milliseconds(*both) * 1_000.0 / f64::from(u32::try_from(size).unwrap_or(u32::MAX)),
    );
}
