//! Times the proof of trees of 100, 300 and 1,000 migrations with 10 objects each, beside `up` of the
//! same trees on a server of the same kind. Then it times the same trees with a fault in every second
//! down script.
//!
//! `cargo run --release -p migrator-bench --bin verify [SIZE…]`

#![expect(clippy::print_stdout, reason = "the program prints figures")]

use std::error::Error;
use std::time::{Duration, Instant};

use migrator_localpg::Throwaway;
use migrator_model::{Registry, Tree, resolve};
use migrator_runtime::{Client, Migrator, Selection, Settings, Target, connect};
use migrator_verify::{Afterwards, Proved, Scope, Snapshot, Subject, prove};

fn main() -> Result<(), Box<dyn Error>> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    println!(
        "migrations  faults  objects  snapshot ms  up s  verify s  of up  first tenth ms  last tenth ms  last of first"
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
            let sound = migrator_bench::tree(size);
            let up = up(&sound).await?;
            measure(&sound, 0, up).await?;
            measure(&migrator_bench::faulty_tree(size), size / 2, up).await
        })?;
    }
    Ok(())
}

/// Times `up` of a tree.
async fn up(tree: &Tree) -> Result<Duration, Box<dyn Error>> {
    let registry: &'static Registry = Box::leak(Box::new(resolve(tree).registry));
    let server = Throwaway::start()?;
    let mut client = connect(Settings::parse(&server.create_database().await?)?).await?;
    let started = Instant::now();
    let target = Target::all();
    Migrator::new(registry).up(&mut client, target).await?;
    Ok(started.elapsed())
}

/// Times a proof beside the time of `up`.
async fn measure(tree: &Tree, faults: usize, up: Duration) -> Result<(), Box<dyn Error>> {
    let registry: &'static Registry = Box::leak(Box::new(resolve(tree).registry));
    let server = Throwaway::start()?;
    let mut client = connect(Settings::parse(&server.create_database().await?)?).await?;
    let subject = Subject::of(Selection::All);
    let started = Instant::now();
    let mut times = Vec::new();
    let proof = prove(&mut client, registry, &subject, Afterwards::Abandon, |_| {
        times.push(started.elapsed());
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
    let tenth = times.len() / 10;
    let first = milliseconds(times[tenth - 1]) / count(tenth);
    let last = milliseconds(total.saturating_sub(times[times.len() - tenth - 1])) / count(tenth);
    println!(
        "{:>10}  {faults:>6}  {objects:>7}  {:>11.1}  {:>4.1}  {:>8.1}  {:>5.1}  {first:>14.1}  {last:>13.1}  {:>13.2}",
        proved.len(),
        milliseconds(snapshot),
        up.as_secs_f64(),
        total.as_secs_f64(),
        total.as_secs_f64() / up.as_secs_f64(),
        last / first,
    );
    scripts(&proved);
    Ok(())
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
