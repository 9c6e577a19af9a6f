//! Times migrator, diesel, sqlx and refinery on one durable local server, each with the same SQL
//! over one connection. It also times the server alone.
//!
//! `cargo run --release --manifest-path bench/peers/Cargo.toml -- [MIGRATIONS [DELAY_MS [RUNS [NAMES]]]]`
//!
//! A proxy adds the delay in each direction. Each figure is the median of the runs, which
//! alternate between the programs. Each run looks 15 times whether there is something to do, in
//! new sessions, and also alternates between the programs. NAMES, such as `migrator,diesel,psql`, limits the programs to
//! those whose name contains one of them.

mod contenders;
mod proxy;
mod scripts;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use contenders::{Contender, Outcome, Work};
use migrator_localpg::DevServer;
use migrator_model::Registry;
use proxy::Proxy;
use scripts::{Scripts, registry, scripts};

/// How often each run looks whether there is something to do.
const LOOKS: usize = 15;

/// The parts that are timed, in this order on one database.
const PARTS: [(&str, Work); 3] = [
    ("up", Work::Up),
    ("nothing to do", Work::Up),
    ("down", Work::Down),
];

#[tokio::main]
async fn main() -> Outcome<()> {
    let mut arguments = std::env::args().skip(1);
    let number = arguments.next().map_or(Ok(1_000), |text| text.parse())?;
    let delay = arguments.next().map_or(Ok(0), |text| text.parse())?;
    let runs = arguments.next().map_or(Ok(3), |text| text.parse())?;
    let names = arguments.next().unwrap_or_default();
    let names: Vec<&str> = names.split(',').collect();
    let is_named = |contender: &Contender| names.iter().any(|name| contender.name().contains(name));
    let contenders = Contender::ALL.into_iter().filter(is_named).collect();
    let folder = tempfile::Builder::new().prefix("peers").tempdir()?;
    let server = DevServer::start(folder.path())?;
    let delay = Duration::from_millis(delay);
    let outcome = compare(&server, number, delay, runs, contenders).await;
    DevServer::stop(folder.path())?;
    outcome
}

async fn compare(
    server: &DevServer,
    number: usize,
    delay: Duration,
    runs: usize,
    contenders: Vec<Contender>,
) -> Outcome<()> {
    let scripts = scripts(number);
    let services = Contender::ALL.map(Contender::services);
    let registries = services.map(|services| (services, registry(&scripts, services)));
    let proxy = Proxy::start(socket(server)?, delay).await?;
    let mut bench = Bench {
        admin: server.url(),
        proxy,
        scripts,
        registries: registries.into(),
        times: BTreeMap::new(),
    };
    for _ in 0..runs {
        for &contender in &contenders {
            bench.create(contender).await?;
            bench.run(contender, 0).await?;
        }
        for _ in 0..LOOKS {
            for &contender in contenders.iter().filter(|one| one.has_history()) {
                bench.run(contender, 1).await?;
            }
        }
        for &contender in &contenders {
            bench.run(contender, 2).await?;
        }
    }
    println!(
        "{number} migrations, {} ms each way, PostgreSQL {}, median of {runs}",
        delay.as_millis(),
        server.version()
    );
    bench.print();
    Ok(())
}

/// The folder of the server's socket, which is the host in its URL.
fn socket(server: &DevServer) -> Outcome<PathBuf> {
    let url = server.url();
    let config: tokio_postgres::Config = url.parse()?;
    let host = config.get_hosts().first().ok_or("the URL has a host")?;
    let tokio_postgres::config::Host::Unix(folder) = host else {
        return Err("the host is a folder".into());
    };
    let port = config.get_ports().first().copied().unwrap_or(5432);
    Ok(folder.join(format!(".s.PGSQL.{port}")))
}

struct Bench {
    admin: String,
    proxy: Proxy,
    scripts: Vec<Scripts>,
    /// The registry for each number of services.
    registries: BTreeMap<usize, &'static Registry>,
    /// The times and round trips for each part and program.
    times: BTreeMap<(usize, usize), Vec<(Duration, usize)>>,
}

impl Bench {
    /// Creates the database of a program.
    async fn create(&self, contender: Contender) -> Outcome<()> {
        let (admin, connection) =
            tokio_postgres::connect(&self.admin, tokio_postgres::NoTls).await?;
        tokio::spawn(connection);
        let name = database(contender);
        admin
            .batch_execute(&format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)"))
            .await?;
        admin
            .batch_execute(&format!("CREATE DATABASE {name}"))
            .await?;
        Ok(admin.batch_execute("CHECKPOINT").await?)
    }

    /// Times a part of a program's work.
    async fn run(&mut self, contender: Contender, part: usize) -> Outcome<()> {
        let (_, work) = PARTS[part];
        if !contender.can(work) {
            return Ok(());
        }
        let url = format!(
            "postgresql://postgres@127.0.0.1:{}/{}?sslmode=disable",
            self.proxy.port,
            database(contender)
        );
        let registry = self.registries[&contender.services()];
        self.proxy.round_trips();
        let took = contender.run(&url, registry, &self.scripts, work).await?;
        self.times
            .entry((part, place(contender)))
            .or_default()
            .push((took, self.proxy.round_trips()));
        Ok(())
    }

    fn print(&mut self) {
        for times in self.times.values_mut() {
            times.sort();
        }
        for (part, (name, _)) in PARTS.iter().enumerate() {
            let median = |place: usize| {
                self.times
                    .get(&(part, place))
                    .map(|times| times[times.len() / 2])
            };
            let peers = Contender::ALL
                .iter()
                .enumerate()
                .filter(|(_, c)| c.is_peer());
            let fastest = peers
                .filter_map(|(place, _)| median(place))
                .map(|(took, _)| took)
                .min();
            println!(
                "{name:>14}  {:>20}  {:>9}  {:>11}  round trips",
                "", "ms", "of fastest"
            );
            for (place, contender) in Contender::ALL.iter().enumerate() {
                let Some((took, round_trips)) = median(place) else {
                    continue;
                };
                let ratio =
                    fastest.map_or(0.0, |fastest| took.as_secs_f64() / fastest.as_secs_f64());
                println!(
                    "{:>14}  {:>20}  {:>9.1}  {ratio:>11.3}  {round_trips}",
                    "",
                    contender.name(),
                    took.as_secs_f64() * 1_000.0
                );
            }
        }
    }
}

fn place(contender: Contender) -> usize {
    let place = Contender::ALL.iter().position(|other| *other == contender);
    place.unwrap_or_default()
}

fn database(contender: Contender) -> String {
    format!("bench_{}", place(contender))
}
