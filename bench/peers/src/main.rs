//! Times migrator beside other migration libraries and commands on one durable local server, each
//! with the same SQL. It also times the server alone.
//!
//! `cargo run --release --manifest-path bench/peers/Cargo.toml -- [MIGRATIONS [DELAY_MS [ROUNDS [NAMES]]]]`
//!
//! Each of MIGRATIONS and DELAY_MS is a number or a list, such as `100,1000 0,20`: each number of
//! migrations is measured with each delay. With a delay, a proxy delays each direction and counts
//! round trips; without one, there is no proxy. NAMES, such as `migrator,diesel,psql`, limits the
//! programs to those whose name contains one of them.
//!
//! - `--limit SECONDS` ends each run of a program after this time. The figure is then "over" this time,
//!   and the program gets its migrations without a delay and without the disk, so that looking for
//!   something to do can be measured.
//! - `--json FILE` saves the figures. After an interruption, the same command measures only what the
//!   file does not have.
//!
//! In each round the programs run in turns. Each round looks 15 times whether there is something to
//! do, in new sessions, and takes the median. `scripts/get-peers.sh` installs dbmate and pgmt; a
//! missing command is skipped.

mod cell;
mod commands;
mod contenders;
mod proxy;
mod scripts;
mod server;
mod tables;

use std::time::Duration;

use cell::{Cell, Plan};
use contenders::{Contender, Outcome};
use migrator_figures::Report;
use server::Server;
use tokio::signal::unix::{SignalKind, signal};

const COMMAND: &str = "cargo run --release --manifest-path bench/peers/Cargo.toml --";

#[tokio::main]
async fn main() -> Outcome<()> {
    let (mut report, arguments) = Report::new(COMMAND, std::env::args().skip(1));
    let (migrations, delays, plan) = parse(arguments)?;
    let server = Server::start()?;
    let mut terminated = signal(SignalKind::terminate())?;
    // The server stops when it is dropped, and so after a signal too.
    tokio::select! {
        outcome = measure(&server, &mut report, &migrations, &delays, &plan) => outcome,
        _ = tokio::signal::ctrl_c() => Err("interrupted".into()),
        _ = terminated.recv() => Err("terminated".into()),
    }
}

async fn measure(
    server: &Server,
    report: &mut Report,
    migrations: &[usize],
    delays: &[u64],
    plan: &Plan,
) -> Outcome<()> {
    let mut cells = saved(report)?;
    versions(report, server, plan);
    for &number in migrations {
        let mut tree = cell::Tree::new(number);
        for &delay in delays {
            let is_measured = |cell: &Cell| cell.migrations == number && cell.delay == delay;
            if !cells.iter().any(is_measured) {
                cells.push(cell::measure(server, &mut tree, delay, plan).await?);
                tables::set(report, &cells);
                report.save()?;
            }
        }
        tree.drop_prepared(server).await?;
    }
    tables::set(report, &cells);
    print!("{report}");
    Ok(())
}

fn parse(arguments: Vec<String>) -> Outcome<(Vec<usize>, Vec<u64>, Plan)> {
    let mut limit = None;
    let mut others = Vec::new();
    let mut arguments = arguments.into_iter();
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--limit" => {
                let seconds = arguments
                    .next()
                    .ok_or("`--limit` needs a number of seconds")?;
                limit = Some(Duration::from_secs(seconds.parse()?));
            }
            _ => others.push(argument),
        }
    }
    let mut others = others.into_iter();
    let mut next = |default: &str| others.next().unwrap_or_else(|| default.to_owned());
    let migrations = list(&next("1000"))?;
    let delays = list(&next("0"))?;
    let rounds = next("3").parse()?;
    let names = next("");
    let names: Vec<&str> = names.split(',').collect();
    let is_named = |contender: &Contender| {
        names.iter().any(|name| match name.strip_prefix('=') {
            Some(exact) => contender.name() == exact,
            None => contender.name().contains(name),
        })
    };
    let named = Contender::ALL.into_iter().filter(is_named);
    let (present, missing): (Vec<_>, Vec<_>) = named.partition(|one| one.is_installed());
    for contender in missing {
        eprintln!(
            "warning: skipping {}, which is not installed",
            contender.name()
        );
    }
    Ok((
        migrations,
        delays,
        Plan {
            contenders: present,
            rounds,
            limit,
        },
    ))
}

fn list<T: std::str::FromStr>(text: &str) -> Result<Vec<T>, T::Err> {
    text.split(',').map(str::parse).collect()
}

/// The cells that an interrupted run of the same command saved, on the same machine and commit.
fn saved(report: &Report) -> Outcome<Vec<Cell>> {
    let Some(saved) = report.saved()? else {
        return Ok(Vec::new());
    };
    let is_same = saved.command == report.command && saved.circumstances == report.circumstances;
    match saved.table(tables::MEASURED) {
        Some(table) if is_same => tables::cells(table).ok_or_else(|| "the file is damaged".into()),
        Some(_) | None => Ok(Vec::new()),
    }
}

/// Records the versions of the server and of the programs.
fn versions(report: &mut Report, server: &Server, plan: &Plan) {
    report.version("PostgreSQL", server.version());
    let lock = include_str!("../Cargo.lock");
    for contender in &plan.contenders {
        if let Some(name) = contender.package() {
            report.locked(name, lock);
        }
        if let Some((name, version)) = contender.command().and_then(commands::version) {
            report.version(name, &version);
        }
    }
}
