//! Times the proof of trees of 100, 300 and 1,000 migrations, and the share of the catalog's
//! snapshots. Then it times the same trees with a fault in every second down script.
//!
//! `cargo run --release -p migrator-bench --bin verify [SIZE…]`

#![expect(clippy::print_stdout, reason = "the program prints figures")]

use std::error::Error;
use std::time::{Duration, Instant};

use migrator_localpg::Throwaway;
use migrator_model::{Registry, Tree, resolve};
use migrator_runtime::{Client, Selection, Settings, connect};
use migrator_verify::{Afterwards, Proved, Scope, Snapshot, Subject, prove};

fn main() -> Result<(), Box<dyn Error>> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    println!(
        "migrations  faults  objects  snapshot ms  total s  ms a migration  of the last tenth  of sound"
    );
    let mut sizes = Vec::new();
    for argument in std::env::args().skip(1) {
        sizes.push(argument.parse()?);
    }
    if sizes.is_empty() {
        sizes = vec![100, 300, 1_000];
    }
    for size in sizes {
        runtime.block_on(async {
            let sound = measure(&migrator_bench::tree(size), 0, None).await?;
            measure(&migrator_bench::faulty_tree(size), size / 2, Some(sound)).await
        })?;
    }
    Ok(())
}

/// Times a proof; `sound` is the time for the same tree without faults.
async fn measure(
    tree: &Tree,
    faults: usize,
    sound: Option<Duration>,
) -> Result<Duration, Box<dyn Error>> {
    let registry: &'static Registry = Box::leak(Box::new(resolve(tree).registry));
    let server = Throwaway::start()?;
    let mut client = connect(Settings::parse(&server.create_database().await?)?).await?;
    let subject = Subject::of(Selection::All);
    let started = Instant::now();
    let mut told = Vec::new();
    let proof = prove(&mut client, registry, &subject, Afterwards::Abandon, |_| {
        told.push(started.elapsed());
    })
    .await;
    let total = started.elapsed();
    proof.ended?;
    let proved = proof.proved;
    let unsound: Vec<&Proved<'_>> = proved
        .iter()
        .filter(|one| !one.verdict.is_sound())
        .collect();
    if let Some(first) = unsound.first().filter(|_| unsound.len() != faults) {
        let (found, verdict) = (unsound.len(), &first.verdict);
        return Err(format!("{found} faults; {}: {verdict:?}", first.migration).into());
    }
    let (objects, snapshot) = snapshot(&client).await?;
    let tenth = told.len() / 10;
    let last = total.saturating_sub(told[told.len() - tenth - 1]);
    let ratio = sound.map_or(String::new(), |sound| {
        format!("{:.2}", total.as_secs_f64() / sound.as_secs_f64())
    });
    println!(
        "{:>10}  {faults:>6}  {objects:>7}  {:>10.1}  {:>7.1}  {:>14.1}  {:>17.1}  {ratio:>8}",
        proved.len(),
        milliseconds(snapshot),
        total.as_secs_f64(),
        milliseconds(total) / count(proved.len()),
        milliseconds(last) / count(tenth),
    );
    scripts(&proved);
    Ok(total)
}

/// The median time of five snapshots with every migration applied.
async fn snapshot(client: &Client) -> Result<(usize, Duration), Box<dyn Error>> {
    let mut runs = Vec::new();
    for _ in 0..5 {
        let started = Instant::now();
        let snapshot = Snapshot::take(client.postgres(), &Scope::default()).await?;
        runs.push((started.elapsed(), snapshot.objects().count()));
    }
    runs.sort();
    let (took, objects) = runs[runs.len() / 2];
    Ok((objects, took))
}

fn scripts(proved: &[Proved<'_>]) {
    let times = proved
        .iter()
        .flat_map(|one| [one.up, one.down, one.again])
        .flatten();
    let sum: Duration = times.sum();
    println!(
        "            of which {:.1} s in the scripts",
        sum.as_secs_f64()
    );
}

fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1_000.0
}

fn count(number: usize) -> f64 {
    f64::from(u32::try_from(number).unwrap_or(u32::MAX))
}
