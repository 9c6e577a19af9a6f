//! Measures the memory of a run with a large script, as a multiple of the script's size.
//!
//! Each case runs in a process of its own, which holds the registry in memory as a program does
//! that embeds it. `peak` is the largest resident memory of the process (`VmHWM`), with the
//! registry; `beside it` is what the run added to the memory before it.
//!
//! `cargo run --release -p migrator-bench --bin large [MEGABYTES] [--json FILE]`

#![expect(clippy::print_stdout, reason = "the program prints figures")]

use std::error::Error;
use std::path::PathBuf;
use std::process::Command;
use std::{env, fs, process};

use migrator_bench::process::peak;
use migrator_bench::seed::{SEEDS, seed};
use migrator_figures::{Report, Table, row};
use migrator_localpg::DevServer;
use migrator_model::{Registry, Tree, resolve};
use migrator_runtime::{Migrator, Selection, Settings, Target, connect};

/// Turns this program into the measured process: a database, a case, the bytes, a direction.
const RUN: &str = "--run";

/// The size of the scripts in megabytes, unless an argument says another.
const MEGABYTES: usize = 100;

/// The cases that are not a seed: they need no memory for a script.
const OTHERS: [&str; 2] = ["20,000 statements", "1,000,000 notices"];

const UNKNOWN: &str = "the system reports no peak memory";

const MANIFEST: &str = "tiers = [\"One\"]\n\n[services.a]\ntier = \"One\"\ndirectory = \"a\"\n";

type Outcome<T> = Result<T, Box<dyn Error>>;

fn main() -> Outcome<()> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let arguments: Vec<String> = env::args().skip(1).collect();
    if let [run, url, case, bytes, direction] = arguments.as_slice()
        && run == RUN
    {
        let registry = registry(case, bytes.parse()?)?;
        return runtime.block_on(measured(url, registry, direction));
    }
    let command = "cargo run --release -p migrator-bench --bin large --";
    let (mut report, arguments) = Report::new(command, arguments);
    let megabytes = arguments
        .first()
        .map_or(Ok(MEGABYTES), |text| text.parse())?;
    let server = Server::start()?;
    report.version("PostgreSQL", &server.version);
    report.set(runtime.block_on(measure(&server, megabytes))?);
    report.save()?;
    print!("{report}");
    Ok(())
}

/// What a measured process prints, in bytes.
struct Figures {
    script: u64,
    peak: u64,
    growth: u64,
}

async fn measure(server: &Server, megabytes: usize) -> Outcome<Table> {
    let heads = [
        "script",
        "run",
        "script MB",
        "peak MB",
        "ratio to the script",
        "beside it, MB",
        "ratio to the script",
    ];
    let mut table = Table::new("large", &heads);
    for case in SEEDS.into_iter().chain(OTHERS) {
        let url = server.create().await?;
        for direction in ["up", "status", "down"] {
            let figures = run(&url, case, megabytes * 1_000_000, direction)?;
            add(&mut table, case, direction, &figures);
        }
    }
    Ok(table)
}

#[expect(clippy::cast_precision_loss, reason = "figures have a few digits")]
fn add(table: &mut Table, case: &str, direction: &str, figures: &Figures) {
    let Figures {
        script,
        peak,
        growth,
    } = *figures;
    let mega = |bytes: u64| bytes as f64 / 1e6;
    let ratio = |bytes: u64| bytes as f64 / script as f64;
    table.push(row![
        case,
        direction,
        mega(script),
        mega(peak),
        ratio(peak),
        mega(growth),
        ratio(growth)
    ]);
}

/// Runs a case in a process of its own.
fn run(url: &str, case: &str, bytes: usize, direction: &str) -> Outcome<Figures> {
    let mut child = Command::new(env::current_exe()?);
    child.args([RUN, url, case, &bytes.to_string(), direction]);
    let output = child.output()?;
    let text = String::from_utf8(output.stdout)?;
    let figures: Result<Vec<u64>, _> = text.split_whitespace().map(str::parse).collect();
    match figures?.as_slice() {
        &[script, peak, growth] => Ok(Figures {
            script,
            peak,
            growth,
        }),
        _ => Err(String::from_utf8_lossy(&output.stderr).into()),
    }
}

/// A registry with one migration.
fn registry(case: &str, bytes: usize) -> Outcome<&'static Registry> {
    let (up, down) = match case {
        "20,000 statements" => (statements(20_000), "DROP TABLE t;\n".to_owned()),
        "1,000,000 notices" => (notices("CREATE TABLE t ()"), notices("DROP TABLE t")),
        name => {
            let seed = seed(name, bytes).ok_or("there is no such case")?;
            (seed.up, seed.down)
        }
    };
    let path = |rest| format!("migrations/a/20240101000000_a1b2c3d4_{rest}");
    let tree = Tree::new("database")
        .with_file("services.toml", MANIFEST)
        .with_file(&path("seed.up.sql"), up)
        .with_file(&path("seed.down.sql"), down);
    let resolved = resolve(&tree);
    match resolved.problems.first() {
        None => Ok(Box::leak(Box::new(resolved.registry))),
        Some(problem) => Err(problem.message.clone().into()),
    }
}

fn statements(number: usize) -> String {
    "CREATE TABLE t (id bigint, name text);\n".to_owned()
        + &"INSERT INTO t VALUES (1, 'some text');\n".repeat(number - 1)
}

fn notices(statement: &str) -> String {
    format!(
        "DO $$ BEGIN FOR i IN 1 .. 1000000 LOOP RAISE NOTICE 'row %', i; END LOOP; END $$;\n\
         {statement};\n"
    )
}

/// Does the work, and prints the length of the scripts, the peak and the growth.
async fn measured(url: &str, registry: &'static Registry, direction: &str) -> Outcome<()> {
    let migration = registry.get(0).ok_or("the registry has a migration")?;
    let script = migration.up().raw.len() + migration.down().raw.len();
    let mut client = connect(Settings::parse(url)?).await?;
    // Sets the peak to the present size (Linux's manual, `proc_pid_clear_refs`).
    fs::write("/proc/self/clear_refs", "5")?;
    let before = peak().ok_or(UNKNOWN)?;
    let mut migrator = Migrator::new(registry);
    match direction {
        "up" => drop(migrator.up(&mut client, Target::all()).await?),
        "down" => drop(migrator.down(&mut client, Target::all()).await?),
        _ => drop(migrator.status(&client, &Selection::All).await?),
    }
    let after = peak().ok_or(UNKNOWN)?;
    println!("{script} {after} {}", after - before);
    Ok(())
}

/// A server that runs as long as the value lives.
struct Server {
    folder: PathBuf,
    url: String,
    version: String,
}

impl Server {
    fn start() -> Outcome<Server> {
        let folder = env::temp_dir().join(format!("migrator-bench-large-{}", process::id()));
        fs::create_dir(&folder)?;
        let server = DevServer::start(&folder)?;
        Ok(Server {
            url: server.url(),
            version: server.version().to_owned(),
            folder,
        })
    }

    /// Makes an empty database in the place of the last one, and returns its URL.
    async fn create(&self) -> Outcome<String> {
        let client = connect(Settings::parse(&self.url)?).await?;
        for sql in ["DROP DATABASE IF EXISTS large", "CREATE DATABASE large"] {
            client.postgres().batch_execute(sql).await?;
        }
        Ok(Settings::parse(&self.url)?.with_database("large").to_url())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Errors are ignored: whatever remains is in the folder for temporary files.
        let _ = DevServer::stop(&self.folder);
        let _ = fs::remove_dir_all(&self.folder);
    }
}
