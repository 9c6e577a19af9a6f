//! Visits to current databases beside plain connections to the same server.

use std::time::{Duration, Instant};

use futures_util::{StreamExt, TryStreamExt, stream};
use migrator_figures::{Table, row};
use migrator_runtime::Fleet;
use tokio_postgres::NoTls;

use crate::processor::Processor;
use crate::server::{Server, settings, up};
use crate::{MIGRATIONS, Outcome, PENDING, memory, registry};

/// What makes the connections.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Way {
    /// `pgbench -C` with one thread, which opens one connection after the other, to one database.
    Pgbench,
    /// `pgbench -C` with a thread for each client.
    PgbenchThreads,
    /// This program with tokio-postgres alone, to one database.
    PlainToOne,
    /// The same, one connection to each database.
    Plain,
    /// A fleet that visits one database again and again.
    FleetToOne,
    /// A fleet with nothing to do, one visit to each database.
    Fleet,
}

const WAYS: [Way; 6] = [
    Way::Pgbench,
    Way::PgbenchThreads,
    Way::PlainToOne,
    Way::FleetToOne,
    Way::Plain,
    Way::Fleet,
];

impl Way {
    fn name(self) -> &'static str {
        match self {
            Way::Pgbench => "pgbench -C, one thread",
            Way::PgbenchThreads => "pgbench -C, 8 threads",
            Way::PlainToOne => "plain, one database",
            Way::Plain => "plain, each database",
            Way::FleetToOne => "fleet, one database",
            Way::Fleet => "fleet, each database",
        }
    }
}

/// A number of connections, and what they took.
struct Figure {
    way: Way,
    connections: usize,
    time: Duration,
    processor: Processor,
}

impl Figure {
    fn each(&self, seconds: f64) -> f64 {
        seconds * 1_000.0 / float(self.connections)
    }

    fn rate(&self) -> f64 {
        float(self.connections) / self.time.as_secs_f64()
    }
}

/// Compares the ways three times, then measures the memory and pending migrations.
pub(crate) async fn compare(server: &Server, databases: usize) -> Outcome<Vec<Table>> {
    let template = vec!["template_of_tenants".to_owned()];
    server.create_named(&template).await?;
    let fleet = Fleet::new(registry(MIGRATIONS));
    up(&fleet, server.url(), &template, MIGRATIONS).await?;
    let names = server
        .create(databases, template.first().map(String::as_str))
        .await?;
    // The first session in a database writes the file from which later sessions start.
    measure(Way::Plain, server, &fleet, &names).await?;
    let heads = [
        "round",
        "connections",
        "a second",
        "server CPU ms each",
        "client CPU ms each",
        "ratio of the fleet to this",
    ];
    let mut table = Table::new("connections", &heads);
    for round in 1..=3 {
        let mut figures = Vec::new();
        for way in WAYS {
            figures.push(measure(way, server, &fleet, &names).await?);
        }
        add(&mut table, round, &figures);
    }
    let memory = memory(server, databases)?;
    let pending = pending(server, &names).await?;
    let sessions = sessions(server, &names).await?;
    Ok(vec![table, memory, pending, sessions])
}

fn add(table: &mut Table, round: usize, figures: &[Figure]) {
    let fleet = figures.iter().find(|figure| figure.way == Way::Fleet);
    for figure in figures {
        table.push(row![
            round,
            figure.way.name(),
            figure.rate(),
            figure.each(figure.processor.server),
            figure.each(figure.processor.client),
            fleet.map(|fleet| fleet.rate() / figure.rate())
        ]);
    }
}

fn memory(server: &Server, databases: usize) -> Outcome<Table> {
    let mut table = Table::new("memory", &["databases", "peak memory kB"]);
    for number in [databases.div_ceil(10), databases] {
        table.push(row![number, memory::peak(server, number)?]);
    }
    Ok(table)
}

/// Times a fleet whose databases have pending migrations.
async fn pending(server: &Server, names: &[String]) -> Outcome<Table> {
    let more = Fleet::new(registry(MIGRATIONS + PENDING));
    let before = Processor::now(server.postmaster)?;
    let time = up(&more, server.url(), names, PENDING).await?;
    let processor = Processor::now(server.postmaster)?.since(before);
    let heads = [
        "databases",
        "pending migrations",
        "s",
        "databases a second",
        "server CPU s",
        "client CPU s",
    ];
    let mut table = Table::new("pending", &heads);
    table.push(row![
        names.len(),
        PENDING,
        time.as_secs_f64(),
        float(names.len()) / time.as_secs_f64(),
        processor.server,
        processor.client
    ]);
    Ok(table)
}

/// Counts the connections that fleets have open at a time. The proxy takes time, so no figure of time
/// comes from these runs.
async fn sessions(server: &Server, names: &[String]) -> Outcome<Table> {
    let (proxy, url) = server.proxy()?;
    let more = Fleet::new(registry(MIGRATIONS + 2 * PENDING));
    let heads = [
        "databases",
        "at a time",
        "pending migrations",
        "connections at a time",
    ];
    let mut table = Table::new("sessions", &heads);
    for pending in [PENDING, 0] {
        proxy.begin(None);
        up(&more, &url, names, pending).await?;
        table.push(row![names.len(), Fleet::JOBS.get(), pending, proxy.peak()]);
    }
    Ok(table)
}

async fn measure(way: Way, server: &Server, fleet: &Fleet, names: &[String]) -> Outcome<Figure> {
    let connections = names.len();
    let one = vec![names.first().cloned().unwrap_or_default(); connections];
    let before = Processor::now(server.postmaster)?;
    let started = Instant::now();
    match way {
        Way::Pgbench => pgbench(server, connections, 1)?,
        Way::PgbenchThreads => pgbench(server, connections, Fleet::JOBS.get())?,
        Way::PlainToOne => plain(server, &one).await?,
        Way::Plain => plain(server, names).await?,
        Way::FleetToOne => drop(up(fleet, server.url(), &one, 0).await?),
        Way::Fleet => drop(up(fleet, server.url(), names, 0).await?),
    }
    Ok(Figure {
        way,
        connections,
        time: started.elapsed(),
        processor: Processor::now(server.postmaster)?.since(before),
    })
}

/// Makes connections with as many clients as a fleet has jobs.
fn pgbench(server: &Server, connections: usize, threads: usize) -> Outcome<()> {
    let mut command = server.pgbench(Fleet::JOBS.get(), connections)?;
    let output = command.arg(format!("--jobs={threads}")).output()?;
    match output.status.success() {
        true => Ok(()),
        false => Err(String::from_utf8_lossy(&output.stderr).into()),
    }
}

/// Sends one query to each database, as many at a time as a fleet.
async fn plain(server: &Server, names: &[String]) -> Outcome<()> {
    let visits = stream::iter(names).map(|name| async move {
        let url = settings(server.url(), name)?.to_url();
        let (client, connection) = tokio_postgres::connect(&url, NoTls).await?;
        let driver = tokio::spawn(connection);
        client.simple_query("SELECT 1").await?;
        drop(client);
        driver.await??;
        Ok(())
    });
    let visits = visits.buffer_unordered(Fleet::JOBS.get());
    visits.try_collect::<()>().await
}

fn float(number: usize) -> f64 {
    f64::from(u32::try_from(number).unwrap_or(u32::MAX))
}
