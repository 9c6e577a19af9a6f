//! Times a fleet of 200 databases, 1 to 16 at a time: with 20 migrations in each, and with nothing
//! to do. Then it prints the peak memory of a process that visits 20, 200 and 2,000 current
//! databases.
//!
//! `connections [NUMBER]` compares, three times, visits to current databases with the connections of
//! `pgbench -C`, each with one trivial query, on the same server.
//!
//! The server waits for its disk.
//! `cargo run --release -p migrator-bench --bin fleet [DATABASES | connections [NUMBER]]`

#![expect(clippy::print_stdout, reason = "the program prints figures")]

use std::error::Error;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;
use std::{env, fs, process};

use futures_util::stream;
use migrator_localpg::{DevServer, Programs};
use migrator_model::{Registry, resolve};
use migrator_runtime::{
    Client, Fleet, FleetTotals, Member, MemberOutcome, Report, Settings, Target, connect,
};

const MIGRATIONS: usize = 20;

const JOBS: [usize; 5] = [1, 2, 4, 8, 16];

/// Turns this program into the measured process: a database, and how often to visit it.
const PEAK: &str = "--peak";

/// Compares visits with the connections of pgbench.
const CONNECTIONS: &str = "connections";

/// How many databases the visits of `connections` alternate between.
const ALTERNATING: usize = 20;

type Outcome<T> = Result<T, Box<dyn Error>>;

fn main() -> Outcome<()> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let arguments: Vec<String> = env::args().skip(1).collect();
    match arguments.as_slice() {
        [peak, url, number] if peak == PEAK => runtime.block_on(go_through(url, number.parse()?)),
        [word] if word == CONNECTIONS => runtime.block_on(connections(2_000)),
        [word, number] if word == CONNECTIONS => runtime.block_on(connections(number.parse()?)),
        [databases] => runtime.block_on(measure(databases.parse()?)),
        _ => runtime.block_on(measure(200)),
    }
}

async fn measure(databases: usize) -> Outcome<()> {
    let server = Server::start()?;
    let registry: &'static Registry = Box::leak(Box::new(
        resolve(&migrator_bench::tree(MIGRATIONS)).registry,
    ));
    println!("{databases} databases");
    println!("at a time  {MIGRATIONS} migrations s  a database ms  nothing to do s  a database ms");
    for jobs in JOBS {
        let names = server.create(databases).await?;
        let fleet = Fleet::new(registry).jobs(NonZeroUsize::new(jobs).unwrap_or(NonZeroUsize::MIN));
        let up = run(&fleet, &server, &names, MIGRATIONS).await?;
        let again = run(&fleet, &server, &names, 0).await?;
        println!(
            "{jobs:>9}  {:>15.1}  {:>13.1}  {:>15.2}  {:>13.1}",
            up.as_secs_f64(),
            each(up, databases),
            again.as_secs_f64(),
            each(again, databases)
        );
        server.drop(&names).await?;
    }
    println!("databases  peak memory kB");
    let names = server.create(1).await?;
    let fleet = Fleet::new(registry);
    run(&fleet, &server, &names, MIGRATIONS).await?;
    for number in [20, 200, 2_000] {
        let url = server.settings(names.first().ok_or("one was made")?)?;
        let program = env::current_exe()?;
        let mut child = Command::new(program);
        child.args([PEAK, &url.to_url(), &number.to_string()]);
        let output = child.output()?;
        let output = String::from_utf8(output.stdout)?;
        println!("{number:>9}  {:>14}", output.trim());
    }
    Ok(())
}

/// Prints the connections per second of pgbench and of a fleet, and their ratio.
async fn connections(number: usize) -> Outcome<()> {
    let server = Server::start()?;
    let registry: &'static Registry = Box::leak(Box::new(
        resolve(&migrator_bench::tree(MIGRATIONS)).registry,
    ));
    let names = server.create(ALTERNATING).await?;
    let fleet = Fleet::new(registry);
    run(&fleet, &server, &names, MIGRATIONS).await?;
    let visits: Vec<String> = names.iter().cloned().cycle().take(number).collect();
    println!("pgbench -C /s  fleet /s  ratio");
    for _ in 0..3 {
        let peer = pgbench(&server, number)?;
        let own = 1_000.0 / each(run(&fleet, &server, &visits, 0).await?, number);
        println!("{peer:>13.0}  {own:>8.0}  {:>5.2}", own / peer);
    }
    Ok(())
}

/// The connections per second that pgbench makes with as many clients as a fleet has jobs.
fn pgbench(server: &Server, number: usize) -> Outcome<f64> {
    let program = Programs::find_tool(None, "pgbench", server.major);
    let mut command = Command::new(program.ok_or("pgbench is not installed")?);
    let script = server.folder.join("one.sql");
    fs::write(&script, "SELECT 1;\n")?;
    let clients = Fleet::JOBS.get();
    command
        .args(["--no-vacuum", "--connect"])
        .arg(format!("--client={clients}"))
        .arg(format!("--transactions={}", number.div_ceil(clients)))
        .arg("--file")
        .arg(&script)
        .arg(&server.url);
    let output = command.output()?;
    let said = String::from_utf8(output.stdout)?;
    let rate = said.lines().find_map(|line| line.strip_prefix("tps = "));
    let rate = rate.and_then(|rate| rate.split_whitespace().next());
    let missing = || {
        format!(
            "pgbench failed: {}",
            String::from_utf8_lossy(&output.stderr)
        )
    };
    Ok(rate.ok_or_else(missing)?.parse()?)
}

/// Migrates the databases; each one applies `steps` migrations.
async fn run(fleet: &Fleet, server: &Server, names: &[String], steps: usize) -> Outcome<Duration> {
    let members = names.iter().map(|name| Member {
        key: (),
        settings: server.settings(name),
        wave: 0,
    });
    let mut wrong = None;
    let totals = fleet
        .up(stream::iter(members), &Target::all(), |result| {
            let is_right = matches!(
                &result.outcome,
                MemberOutcome::Done(Report { done, .. }) if done.len() == steps
            );
            if !is_right {
                wrong = Some(format!("{:?}: {:?}", result.target, result.outcome));
            }
        })
        .await?;
    match wrong {
        Some(wrong) => Err(wrong.into()),
        None => Ok(totals.elapsed),
    }
}

/// Visits one database `number` times, and prints the peak memory of the process.
async fn go_through(url: &str, number: usize) -> Outcome<()> {
    let registry: &'static Registry = Box::leak(Box::new(
        resolve(&migrator_bench::tree(MIGRATIONS)).registry,
    ));
    let members = (0..number).map(|key| Member {
        key,
        settings: Settings::parse(url),
        wave: 0,
    });
    let fleet = Fleet::new(registry);
    let FleetTotals { done, .. } = fleet
        .up(stream::iter(members), &Target::all(), drop)
        .await?;
    if done != number {
        return Err(format!("{done} of {number} databases are current").into());
    }
    let status = fs::read_to_string("/proc/self/status")?;
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let peak = peak.and_then(|peak| peak.split_whitespace().next());
    println!("{}", peak.ok_or("the system reports no peak memory")?);
    Ok(())
}

/// A server that waits for its disk; it runs as long as the value lives.
struct Server {
    folder: PathBuf,
    url: String,
    major: u32,
}

impl Server {
    fn start() -> Outcome<Server> {
        let folder = env::temp_dir().join(format!("migrator-bench-fleet-{}", process::id()));
        fs::create_dir(&folder)?;
        let server = DevServer::start(&folder)?;
        let major = server.version().split('.').next().unwrap_or_default();
        Ok(Server {
            url: server.url(),
            major: major.parse()?,
            folder,
        })
    }

    fn settings(&self, name: &str) -> Result<Settings, migrator_runtime::connect::ConnectError> {
        Ok(Settings::parse(&self.url)?.with_database(name))
    }

    async fn create(&self, databases: usize) -> Outcome<Vec<String>> {
        let names: Vec<String> = (0..databases).map(|n| format!("tenant_{n}")).collect();
        self.each("CREATE DATABASE", &names).await?;
        Ok(names)
    }

    /// Drops the databases, and then forces a checkpoint, so that it does not slow the next run.
    async fn drop(&self, names: &[String]) -> Outcome<()> {
        self.each("DROP DATABASE", names).await
    }

    async fn each(&self, statement: &str, names: &[String]) -> Outcome<()> {
        let client: Client = connect(Settings::parse(&self.url)?).await?;
        for name in names {
            let statement = format!("{statement} {name}");
            client.postgres().batch_execute(&statement).await?;
        }
        client.postgres().batch_execute("CHECKPOINT").await?;
        Ok(())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Errors are ignored: whatever remains is in the folder for temporary files.
        let _ = DevServer::stop(&self.folder);
        let _ = fs::remove_dir_all(&self.folder);
    }
}

fn each(time: Duration, databases: usize) -> f64 {
    time.as_secs_f64() * 1_000.0 / f64::from(u32::try_from(databases).unwrap_or(u32::MAX))
}
