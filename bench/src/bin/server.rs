//! Measures the processor time of the server: for the scripts of a run beside the scripts alone, and
//! for a run with nothing to do in histories of 10, 1,000 and 10,000 entries. Three rounds.
//!
//! `cargo run --release -p migrator-bench --bin server [MIGRATIONS [ENTRIES…]] [--json FILE]`
//!
//! Each script creates a table, and two in five also an index. The figure is the processor time of the
//! session that runs the scripts (`/proc/PID/schedstat`), without other sessions and processes. Alone,
//! each script is a message in BEGIN and COMMIT.

#![expect(clippy::print_stdout, reason = "the program prints figures")]

use std::error::Error;
use std::fs;

use migrator_figures::{Report, Table, row};
use migrator_localpg::{Programs, Throwaway};
use migrator_model::{Node, Registry, Tree, resolve};
use migrator_runtime::{Client, Migrator, Settings, Target, connect};

const ROUNDS: usize = 3;

/// The sessions of which a look's figure is the mean.
const LOOKS: usize = 20;

const MANIFEST: &str = "tiers = [\"T\"]\n[services.s]\ntier = \"T\"\ndirectory = \"s\"\n";

type Outcome<T> = Result<T, Box<dyn Error>>;

fn main() -> Outcome<()> {
    let command = "cargo run --release -p migrator-bench --bin server --";
    let (mut report, arguments) = Report::new(command, std::env::args().skip(1));
    report.version("PostgreSQL", &Programs::find(None)?.version);
    let numbers: Result<Vec<usize>, _> = arguments.iter().map(|text| text.parse()).collect();
    let numbers = numbers?;
    let migrations = numbers.first().copied().unwrap_or(1_000);
    let entries = match numbers.get(1..) {
        Some(entries @ [_, ..]) => entries.to_vec(),
        _ => vec![10, 1_000, 10_000],
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let server = Throwaway::start()?;
    let table = runtime.block_on(steps(&server, migrations))?;
    report.set(table);
    let table = runtime.block_on(looks(&server, &entries))?;
    report.set(table);
    report.save()?;
    print!("{report}");
    Ok(())
}

/// The scripts of a run beside the scripts alone.
async fn steps(server: &Throwaway, migrations: usize) -> Outcome<Table> {
    let scripts = scripts(migrations);
    let registry = registry(&scripts);
    let heads = [
        "round",
        "migrations",
        "scripts alone, CPU s",
        "run, CPU s",
        "ratio",
    ];
    let mut table = Table::new("step", &heads);
    for round in 1..=ROUNDS {
        let client = session(&server.create_database().await?).await?;
        let before = processor(&client).await?;
        for script in &scripts {
            let message = format!("BEGIN;{script}COMMIT;");
            client.postgres().batch_execute(&message).await?;
        }
        let alone = processor(&client).await? - before;
        client.close().await;
        let mut client = session(&server.create_database().await?).await?;
        let before = processor(&client).await?;
        Migrator::new(registry)
            .up(&mut client, Target::all())
            .await?;
        let run = processor(&client).await? - before;
        client.close().await;
        table.push(row![round, migrations, alone, run, run / alone]);
    }
    Ok(table)
}

/// Runs with nothing to do, each in a new session.
async fn looks(server: &Throwaway, entries: &[usize]) -> Outcome<Table> {
    let mut heads = vec!["round".to_owned()];
    heads.extend(
        entries
            .iter()
            .map(|number| format!("{number} entries, CPU ms")),
    );
    let mut table = Table::new("nothing to do", &heads);
    let mut histories = Vec::new();
    for &number in entries {
        let registry = registry(&scripts(number));
        let url = server.create_database().await?;
        let mut client = session(&url).await?;
        Migrator::new(registry)
            .up(&mut client, Target::all())
            .await?;
        client.close().await;
        histories.push((url, registry));
    }
    for round in 1..=ROUNDS {
        let mut figures = row![round];
        for (url, registry) in &histories {
            let mut sum = 0.0;
            for _ in 0..LOOKS {
                let mut client = session(url).await?;
                let before = processor(&client).await?;
                Migrator::new(registry)
                    .up(&mut client, Target::all())
                    .await?;
                sum += processor(&client).await? - before;
                client.close().await;
            }
            let looks = f64::from(u32::try_from(LOOKS)?);
            figures.extend(row![sum / looks * 1_000.0]);
        }
        table.push(figures);
    }
    Ok(table)
}

async fn session(url: &str) -> Outcome<Client> {
    Ok(connect(Settings::parse(url)?).await?)
}

/// The processor seconds of the server's process of a session so far.
async fn processor(client: &Client) -> Outcome<f64> {
    let row = client
        .postgres()
        .query_one("SELECT pg_backend_pid()", &[])
        .await?;
    let process: i32 = row.try_get(0)?;
    let text = fs::read_to_string(format!("/proc/{process}/schedstat"))?;
    let nanoseconds = text.split_whitespace().next().ok_or("an empty schedstat")?;
    let nanoseconds: f64 = nanoseconds.parse()?;
    Ok(nanoseconds / 1e9)
}

fn scripts(number: usize) -> Vec<String> {
    let script = |number| {
        let index = match number % 5 {
            0 | 1 => format!("CREATE INDEX t{number}_name_idx ON t{number} (name);\n"),
            _ => String::new(),
        };
        format!("CREATE TABLE t{number} (id bigint PRIMARY KEY, name text NOT NULL);\n{index}")
    };
    (0..number).map(script).collect()
}

fn registry(scripts: &[String]) -> &'static Registry {
    let mut tree = Tree::new("database").with_file("services.toml", MANIFEST);
    tree.nodes.insert("migrations/s".to_owned(), Node::Folder);
    for (number, script) in scripts.iter().enumerate() {
        let (hour, minute, second) = (number / 3600, number / 60 % 60, number % 60);
        let stem = format!("migrations/s/20240101{hour:02}{minute:02}{second:02}_{number:08x}_t");
        tree = tree
            .with_file(&format!("{stem}.up.sql"), script.as_str())
            .with_file(
                &format!("{stem}.down.sql"),
                format!("DROP TABLE t{number};\n"),
            );
    }
    Box::leak(Box::new(resolve(&tree).registry))
}
