//! Measures the release program of a tree: its size, its start and its memory. The trees have no
//! migration, and 1,000 or another number of migrations.
//!
//! `cargo run --release -p migrator-bench --bin size [MIGRATIONS] [--json FILE]`
//!
//! It writes a crate for each tree, with the profile of this workspace, and builds it in
//! `target/size`; nothing is downloaded. The start is the median time of `--version`. The peak is the
//! most resident memory (`VmHWM`), and `own` the memory at the end that is not the program's file
//! (`RssAnon`). `up` applies all migrations on a temporary server, and runs again with nothing to do.

#![expect(clippy::print_stdout, reason = "the program prints figures")]

use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use migrator_figures::{Report, Table, row};
use migrator_localpg::Throwaway;
use migrator_model::{Node, Tree};

/// How often `--version` is timed.
const STARTS: usize = 21;

/// Where a measured program writes its memory.
const MEMORY: &str = "MIGRATOR_BENCH_MEMORY";

/// The root of the checkout.
const CHECKOUT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/..");

type Outcome<T> = Result<T, Box<dyn Error>>;

fn main() -> Outcome<()> {
    let command = "cargo run --release -p migrator-bench --bin size --";
    let (mut report, arguments) = Report::new(command, std::env::args().skip(1));
    let migrations = arguments.first().map_or(Ok(1_000), |text| text.parse())?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let heads = [
        "migrations",
        "program MB",
        "start ms",
        "`up` peak MB",
        "own MB",
        "nothing to do, peak MB",
        "own MB",
    ];
    let mut table = Table::new("size", &heads);
    let server = Throwaway::start()?;
    let folder = tempfile::tempdir()?;
    write_workspace(folder.path(), &[0, migrations])?;
    for size in [0, migrations] {
        let program = build(folder.path(), size)?;
        let url = runtime.block_on(server.create_database())?;
        let memory = folder.path().join("memory");
        let (up, own) = up(&program, &url, &memory)?;
        let (again, own_again) = self::up(&program, &url, &memory)?;
        let bytes = fs::metadata(&program)?.len();
        let start = start(&program)?;
        table.push(row![
            size,
            megabytes(bytes),
            start,
            up,
            own,
            again,
            own_again
        ]);
    }
    report.set(table);
    report.save()?;
    print!("{report}");
    Ok(())
}

fn name(size: usize) -> String {
    format!("size-{size}")
}

/// Writes a workspace with a crate for each tree.
fn write_workspace(folder: &Path, sizes: &[usize]) -> Outcome<()> {
    let own = fs::read_to_string(Path::new(CHECKOUT).join("Cargo.toml"))?;
    let profile = own
        .split_once("[profile.release]")
        .ok_or("the workspace has a profile")?;
    let (profile, _) = profile
        .1
        .split_once("[package]")
        .ok_or("a package follows")?;
    let members: Vec<String> = sizes
        .iter()
        .map(|&size| format!("{:?}", name(size)))
        .collect();
    let members = members.join(", ");
    let manifest = format!(
        "[workspace]\nresolver = \"3\"\nmembers = [{members}]\n\n[profile.release]{profile}"
    );
    fs::write(folder.join("Cargo.toml"), manifest)?;
    fs::copy(
        Path::new(CHECKOUT).join("Cargo.lock"),
        folder.join("Cargo.lock"),
    )?;
    for &size in sizes {
        write_crate(
            &folder.join(name(size)),
            &name(size),
            &migrator_bench::tree(size),
        )?;
    }
    Ok(())
}

fn write_crate(folder: &Path, name: &str, tree: &Tree) -> Outcome<()> {
    let root = fs::canonicalize(CHECKOUT)?;
    let dependency = |name| format!("migrator-{name}.path = '{}'\n", root.join(name).display());
    let manifest = format!(
        "[package]\nname = {name:?}\nedition = \"2024\"\n\n[dependencies]\n{}{}",
        dependency("cli"),
        dependency("runtime")
    );
    let main = format!(
        "static REGISTRY: migrator_runtime::Registry = migrator_runtime::embed_migrations!();\n\
         fn main() -> std::process::ExitCode {{\n    \
             let code = migrator_cli::run(&REGISTRY);\n    \
             if let Some(path) = std::env::var_os({MEMORY:?}) {{\n        \
                 let _ = std::fs::copy(\"/proc/self/status\", path);\n    \
             }}\n    \
             code\n\
         }}\n"
    );
    fs::create_dir_all(folder.join("src"))?;
    fs::write(folder.join("Cargo.toml"), manifest)?;
    fs::write(folder.join("src/main.rs"), main)?;
    let database = folder.join("database");
    for service in 0..10 {
        fs::create_dir_all(database.join(format!("migrations/s{service}")))?;
    }
    for (path, node) in &tree.nodes {
        if let Node::File(bytes) = node {
            fs::write(database.join(path), bytes)?;
        }
    }
    Ok(())
}

/// Builds the program of a tree, and returns its path.
fn build(folder: &Path, size: usize) -> Outcome<PathBuf> {
    let target = std::env::var_os("CARGO_TARGET_DIR").map(PathBuf::from);
    let target = target.unwrap_or_else(|| Path::new(CHECKOUT).join("target"));
    let target = std::path::absolute(target)?.join("size");
    let mut command = Command::new(env!("CARGO"));
    command
        .args([
            "build",
            "--release",
            "--offline",
            "--quiet",
            "-p",
            &name(size),
        ])
        .current_dir(folder)
        .env("CARGO_TARGET_DIR", &target);
    match command.status()?.success() {
        true => Ok(target.join("release").join(name(size))),
        false => Err(format!("cannot build `{}`", name(size)).into()),
    }
}

/// The median time of `--version` in milliseconds.
fn start(program: &Path) -> Outcome<f64> {
    let mut times = Vec::new();
    for _ in 0..STARTS {
        let started = Instant::now();
        Command::new(program).arg("--version").output()?;
        times.push(started.elapsed().as_secs_f64() * 1_000.0);
    }
    times.sort_by(f64::total_cmp);
    Ok(times[STARTS / 2])
}

/// Runs `up`, and returns the peak memory of the process and its own memory in MB.
fn up(program: &Path, url: &str, memory: &Path) -> Outcome<(f64, f64)> {
    let mut command = Command::new(program);
    command
        .args(["up", "--service=all", "--quiet"])
        .env("DATABASE_URL", url)
        .env(MEMORY, memory);
    let output = command.output()?;
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into());
    }
    let status = fs::read_to_string(memory)?;
    let line = |name: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(name));
        let kib = line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok());
        kib.map(|kib| megabytes(kib * 1_024))
            .ok_or_else(|| format!("the system does not report {name}"))
    };
    Ok((line("VmHWM:")?, line("RssAnon:")?))
}

#[expect(clippy::cast_precision_loss, reason = "figures have a few digits")]
fn megabytes(bytes: u64) -> f64 {
    bytes as f64 / 1e6
}
