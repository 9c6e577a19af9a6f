//! Times a full check of trees of 100, 1,000 and 5,000 migrations, as `cargo build` does it:
//! resolve, parse, and all findings of the SQL.
//!
//! `cargo run --release -p migrator-bench --bin check`
//!
//! With the name of a seed, it checks a tree with one script of 25 MB instead, and prints the time
//! and the peak of resident memory, in which the script itself is contained:
//!
//! `cargo run --release -p migrator-bench --bin check -- rows` (or another name of `seed::ALL`)

#![expect(clippy::print_stdout, reason = "the program prints figures")]

use std::time::{Duration, Instant};

use migrator_bench::seed::{ALL, seed};
use migrator_model::{Tree, resolve};

/// The number of runs, of which it prints the median.
const RUNS: usize = 5;

/// The size of a seed in bytes.
const SEED: usize = 25_000_000;

const MANIFEST: &str = "tiers = [\"One\"]\n\n[services.a]\ntier = \"One\"\ndirectory = \"a\"\n";

fn main() {
    if let Some(name) = std::env::args().nth(1) {
        return measure_seed(&name);
    }
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

fn measure_seed(name: &str) {
    let Some(script) = seed(name, SEED) else {
        println!("unknown seed `{name}`: {}", ALL.join(", "));
        return;
    };
    let path = |rest| format!("migrations/a/20240101000000_a1b2c3d4_{rest}");
    let tree = Tree::new("database")
        .with_file("services.toml", MANIFEST)
        .with_file(&path("seed.up.sql"), script)
        .with_file(&path("seed.down.sql"), "DROP TABLE t;\n");
    let started = Instant::now();
    let resolved = resolve(&tree);
    let found = migrator_analysis::analyse(&resolved).len() + resolved.problems.len();
    println!(
        "{name}: {SEED} bytes, {:.0} ms, peak {}, {found} findings",
        started.elapsed().as_secs_f64() * 1_000.0,
        peak().unwrap_or_default(),
    );
}

/// The peak of resident memory.
fn peak() -> Option<String> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))?;
    Some(line.trim().to_owned())
}
