//! Times a full check of trees of 100, 1,000 and 5,000 migrations, as `cargo build` does it:
//! resolve, parse, and all findings of the SQL.
//!
//! `cargo run --release -p migrator-bench --bin check [--json FILE]`
//!
//! With the name of a seed, it checks a tree with one script of 25 MB instead. It prints the size
//! of the scripts in MB, the processor time in seconds, and the peak of resident memory in MB and as
//! a multiple of the scripts, which it contains:
//!
//! `cargo run --release -p migrator-bench --bin check -- rows [MEGABYTES]` (or another name of
//! `seed::ALL`)

#![expect(clippy::print_stdout, reason = "the program prints figures")]

use std::error::Error;
use std::time::{Duration, Instant};

use migrator_bench::process::{peak, processor_seconds};
use migrator_bench::seed::{ALL, seed};
use migrator_figures::{Report, Table, row};
use migrator_model::{Tree, resolve};

/// The number of runs, of which it prints the median.
const RUNS: usize = 5;

/// The size of a seed in megabytes, unless an argument says another.
const MEGABYTES: usize = 25;

const MANIFEST: &str = "tiers = [\"One\"]\n\n[services.a]\ntier = \"One\"\ndirectory = \"a\"\n";

fn main() -> Result<(), Box<dyn Error>> {
    let command = "cargo run --release -p migrator-bench --bin check --";
    let (mut report, arguments) = Report::new(command, std::env::args().skip(1));
    let table = match arguments.first() {
        Some(name) => {
            let megabytes = arguments.get(1).and_then(|number| number.parse().ok());
            measure_seed(name, megabytes.unwrap_or(MEGABYTES))?
        }
        None => measure_trees(),
    };
    report.set(table);
    report.save()?;
    print!("{report}");
    Ok(())
}

fn measure_trees() -> Table {
    let heads = [
        "migrations",
        "resolve, ms",
        "analyse, ms",
        "both, ms",
        "µs a migration",
        "findings",
    ];
    let mut table = Table::new("check", &heads);
    for size in [100, 1_000, 5_000] {
        measure(&mut table, size);
    }
    table
}

fn measure(table: &mut Table, size: usize) {
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
    table.push(row![
        size,
        milliseconds(*resolving),
        milliseconds(both.saturating_sub(*resolving)),
        milliseconds(*both),
        milliseconds(*both) * 1_000.0 / f64::from(u32::try_from(size).unwrap_or(u32::MAX)),
        found
    ]);
}

/// Checks a tree with one long script: the processor time and the memory.
#[expect(clippy::cast_precision_loss, reason = "figures have a few digits")]
fn measure_seed(name: &str, megabytes: usize) -> Result<Table, Box<dyn Error>> {
    let bytes = megabytes * 1_000_000;
    let unknown = || format!("unknown seed `{name}`: {}", ALL.join(", "));
    let script = seed(name, bytes).ok_or_else(unknown)?;
    let path = |rest| format!("migrations/a/20240101000000_a1b2c3d4_{rest}");
    let length = script.up.len() + script.down.len();
    let tree = Tree::new("database")
        .with_file("services.toml", MANIFEST)
        .with_file(&path("seed.up.sql"), script.up)
        .with_file(&path("seed.down.sql"), script.down);
    let before = processor_seconds();
    let resolved = resolve(&tree);
    let found = migrator_analysis::analyse(&resolved).len() + resolved.problems.len();
    let spent = before.zip(processor_seconds());
    let spent = spent.map(|(before, after)| after - before);
    let peak = peak().unwrap_or_default();
    let heads = [
        "script",
        "MB",
        "CPU s",
        "peak MB",
        "ratio to the script",
        "findings",
    ];
    let mut table = Table::new("seeds", &heads);
    table.push(row![
        name,
        length as f64 / 1e6,
        spent,
        peak as f64 / 1e6,
        peak as f64 / length as f64,
        found
    ]);
    Ok(table)
}
