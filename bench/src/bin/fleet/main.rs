//! Times fleets.
//!
//! `[DATABASES]` (default 200) times a fleet, 1 to 16 databases at a time: with 20 migrations in each,
//! and with nothing to do.
//!
//! `connections [DATABASES]` (default 2,000) compares, three times, visits to current databases with
//! connections of `pgbench -C` and with plain connections, each with one trivial query, on the same
//! server. Then it prints the peak memory of a process that visits a tenth of the databases, and all of
//! them. It times 3 pending migrations in each database, and counts the connections that are open at a
//! time.
//!
//! The server waits for its disk, and is in the folder for temporary files. It needs 10 MB for each
//! database, and 2 GB; the program checks this first. An interrupted program removes the server.
//! `cargo run --release -p migrator-bench --bin fleet [DATABASES | connections [DATABASES]] [--json FILE]`

#![expect(clippy::print_stdout, reason = "the program prints figures")]

mod connections;
mod jobs;
mod memory;
mod processor;
mod server;

use std::env;
use std::error::Error;

use migrator_figures::{Report, Table};
use migrator_model::{Registry, resolve};
use server::Server;
use tokio::signal::unix::{SignalKind, signal};

/// The migrations of a database.
const MIGRATIONS: usize = 20;

/// Those that are pending in `connections`.
const PENDING: usize = 3;

/// The mode that compares visits with connections.
const CONNECTIONS: &str = "connections";

type Outcome<T> = Result<T, Box<dyn Error>>;

fn main() -> Outcome<()> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let arguments: Vec<String> = env::args().skip(1).collect();
    if let [memory::VISITOR, url, number] =
        arguments.iter().map(String::as_str).collect::<Vec<_>>()[..]
    {
        return runtime.block_on(memory::visit(url, number.parse()?));
    }
    let command = "cargo run --release -p migrator-bench --bin fleet --";
    let (mut report, arguments) = Report::new(command, arguments);
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let tables = runtime.block_on(async {
        let mut terminated = signal(SignalKind::terminate())?;
        let mut interrupted = signal(SignalKind::interrupt())?;
        let server = Server::start()?;
        report.version("PostgreSQL", server.version());
        // The server is removed when it is dropped, and so after a signal too.
        tokio::select! {
            tables = measure(&server, &arguments) => tables,
            _ = interrupted.recv() => Err("interrupted".into()),
            _ = terminated.recv() => Err("terminated".into()),
        }
    })?;
    for table in tables {
        report.set(table);
    }
    report.save()?;
    print!("{report}");
    Ok(())
}

async fn measure(server: &Server, arguments: &[&str]) -> Outcome<Vec<Table>> {
    match arguments {
        [CONNECTIONS] => connections::compare(server, 2_000).await,
        [CONNECTIONS, number] => connections::compare(server, number.parse()?).await,
        [databases] => Ok(vec![jobs::measure(server, databases.parse()?).await?]),
        _ => Ok(vec![jobs::measure(server, 200).await?]),
    }
}

/// A tree with this number of migrations.
fn registry(migrations: usize) -> &'static Registry {
    let tree = migrator_bench::tree(migrations);
    Box::leak(Box::new(resolve(&tree).registry))
}
