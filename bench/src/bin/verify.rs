//! Times the proof of trees of 100, 300 and 1,000 migrations with 10 objects each, beside `up` of the
//! same trees on a server of the same kind: with one server at once, with one for each core, and with
//! a fault in every second down script. Then it times the proof of 3 new migrations on top of them, on
//! data that an earlier proof kept (`--since`).
//!
//! `cargo run --release -p migrator-bench --bin verify [SIZE…] [--json FILE]`

#![expect(clippy::print_stdout, reason = "the program prints figures")]

use std::error::Error;
use std::num::NonZeroUsize;
use std::thread;
use std::time::{Duration, Instant};

use migrator_bench::process::{peak, processor_seconds_of_children};
use migrator_figures::{Report, Table, Value, row};
use migrator_localpg::{Programs, Throwaway};
use migrator_model::{Registry, Tree, resolve};
use migrator_runtime::{Migrator, Selection, Settings, Stop, Target, connect};
use migrator_verify::{
    Counts, Jobs, Place, Preparation, Proof, ProofEvent, Scope, Snapshot, SnapshotReader, Subject,
    prefix_digest, prepare, prove_in_ranges,
};

/// The migrations that `--since` verifies.
const NEW: usize = 3;

/// The heads of the table of `--since`.
const SINCE: [&str; 4] = [
    "new migrations",
    "earlier migrations",
    "first time, s",
    "second time, s",
];

fn main() -> Result<(), Box<dyn Error>> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let command = "cargo run --release -p migrator-bench --bin verify --";
    let (mut report, arguments) = Report::new(command, std::env::args().skip(1));
    report.version("PostgreSQL", &Programs::find(None)?.version);
    let mut sizes = Vec::new();
    for argument in arguments {
        sizes.push(argument.parse()?);
    }
    if sizes.is_empty() {
        sizes = vec![100, 300, 1_000];
    }
    let mut tables = [
        Table::new("verify", &Row::HEADS),
        Table::new("since", &SINCE),
        Table::new("snapshot", &["objects", "whole snapshot, ms"]),
    ];
    for size in sizes {
        runtime.block_on(rows(size, &mut tables))?;
    }
    for table in tables {
        report.set(table);
    }
    report.save()?;
    print!("{report}");
    Ok(())
}

/// A line of the table.
struct Row {
    migrations: usize,
    faults: usize,
    jobs: usize,
    up: Cost,
    verify: Cost,
    /// The sum of the times of all scripts.
    scripts: Duration,
    counts: Counts,
    /// The time of a migration of the first and of the last tenth, if one server was used at once.
    tenths: Option<[Duration; 2]>,
}

impl Row {
    const HEADS: [&'static str; 16] = [
        "migrations",
        "faults",
        "jobs",
        "`up`, s",
        "`verify`, s",
        "ratio",
        "`up`, server's processor s",
        "`verify`, server's processor s",
        "ratio",
        "scripts, s",
        "ms a migration, first tenth",
        "last tenth",
        "ratio",
        "whole snapshots, of all",
        "rebuilt",
        "memory MB",
    ];

    fn cells(&self) -> Vec<Value> {
        let (up, verify) = (self.up.took.as_secs_f64(), self.verify.took.as_secs_f64());
        let tenths = self.tenths.map(|both| both.map(milliseconds));
        let Counts {
            whole,
            following,
            rebuilt,
            ..
        } = self.counts;
        row![
            self.migrations,
            self.faults,
            self.jobs,
            up,
            verify,
            verify / up,
            self.up.processor,
            self.verify.processor,
            self.verify.processor / self.up.processor,
            self.scripts.as_secs_f64(),
            tenths.map(|[first, _]| first),
            tenths.map(|[_, last]| last),
            tenths.map(|[first, last]| last / first),
            format!("{whole} / {}", whole + following),
            rebuilt,
            peak_memory()
        ]
    }
}

/// What something took, with its servers from start to end.
#[derive(Clone, Copy)]
struct Cost {
    took: Duration,
    /// The seconds of processor time that the servers used. They do not depend on other load.
    processor: f64,
}

/// The seconds of processor time of the servers that have ended.
fn servers() -> f64 {
    processor_seconds_of_children().unwrap_or_default()
}

/// The rows for a size.
async fn rows(size: usize, tables: &mut [Table; 3]) -> Result<(), Box<dyn Error>> {
    let [verify, new, whole] = tables;
    let (sound, faulty) = (
        migrator_bench::tree(size),
        migrator_bench::faulty_tree(size),
    );
    let cores = thread::available_parallelism()?;
    let up = up(&sound).await?;
    verify.push(measure(&sound, 0, up, NonZeroUsize::MIN).await?.cells());
    verify.push(measure(&sound, 0, up, cores).await?.cells());
    verify.push(measure(&faulty, size / 2, up, cores).await?.cells());
    let [first, second] = since(&migrator_bench::tree(size + NEW)).await?;
    let [first, second] = [first, second].map(|time| time.as_secs_f64());
    new.push(row![NEW, size, first, second]);
    let (objects, snapshot) = snapshot(&sound).await?;
    whole.push(row![objects, milliseconds(snapshot)]);
    Ok(())
}

/// The median time of five snapshots with every migration applied.
async fn snapshot(tree: &Tree) -> Result<(usize, Duration), Box<dyn Error>> {
    let server = Throwaway::start()?;
    let mut client = connect(Settings::parse(&server.create_database().await?)?).await?;
    let target = Target::all();
    Migrator::new(registry(tree))
        .up(&mut client, target)
        .await?;
    let mut reader = SnapshotReader::new(Scope::default());
    let mut runs = Vec::new();
    for _ in 0..5 {
        let started = Instant::now();
        let snapshot = reader.take(client.postgres()).await?;
        runs.push((started.elapsed(), snapshot.objects().count()));
    }
    runs.sort();
    let (took, objects) = runs[runs.len() / 2];
    Ok((objects, took))
}

/// Times `up` of a tree.
async fn up(tree: &Tree) -> Result<Cost, Box<dyn Error>> {
    let registry = registry(tree);
    let before = servers();
    let server = Throwaway::start()?;
    let mut client = connect(Settings::parse(&server.create_database().await?)?).await?;
    let started = Instant::now();
    let target = Target::all();
    Migrator::new(registry).up(&mut client, target).await?;
    let took = started.elapsed();
    client.close().await;
    drop(server);
    Ok(Cost {
        took,
        processor: servers() - before,
    })
}

/// Times a proof, with the start of its servers.
async fn measure(
    tree: &Tree,
    faults: usize,
    up: Cost,
    jobs: NonZeroUsize,
) -> Result<Row, Box<dyn Error>> {
    let registry = registry(tree);
    let subject = Subject::of(Selection::All);
    let (started, before) = (Instant::now(), servers());
    let mut times = Vec::new();
    let tell = |event: ProofEvent<'_, '_>| {
        if let ProofEvent::Proved(_) = event {
            times.push(started.elapsed());
        }
    };
    let open = async || place(Throwaway::start()?, None).await;
    let (stop, at_once) = (Stop::new(), Jobs::at_once(jobs));
    let proof = prove_in_ranges(&stop, registry, &subject, at_once, open, tell).await?;
    let verify = started.elapsed();
    let counts = proof.counts;
    let scripts = checked(proof, faults)?;
    let is_alone = jobs == NonZeroUsize::MIN;
    let tenth = u32::try_from(times.len() / 10)?.max(1);
    let time = |place: usize| times.get(place).copied().unwrap_or_default();
    let before_last = time(times.len() - usize::try_from(tenth)? - 1);
    let first = time(usize::try_from(tenth)? - 1) / tenth;
    let last = verify.saturating_sub(before_last) / tenth;
    Ok(Row {
        migrations: times.len(),
        faults,
        jobs: jobs.get(),
        up,
        verify: Cost {
            took: verify,
            processor: servers() - before,
        },
        scripts,
        counts,
        tenths: is_alone.then_some([first, last]),
    })
}

/// Checks the number of faults, and returns the time of all scripts.
fn checked(proof: Proof<'_>, faults: usize) -> Result<Duration, Box<dyn Error>> {
    proof.ended?;
    let mut unsound = proof.proved.iter().filter(|one| !one.verdict.is_sound());
    if let Some(first) = unsound.next() {
        let (found, verdict) = (unsound.count() + 1, &first.verdict);
        if found != faults {
            return Err(format!("{found} faults; {}: {verdict:?}", first.migration).into());
        }
    }
    if let Some(missed) = proof.missed.first() {
        return Err(format!("a snapshot missed `{missed}`").into());
    }
    let times = proof
        .proved
        .iter()
        .flat_map(|one| [one.up, one.down, one.again]);
    Ok(times.flatten().sum())
}

/// Times two proofs of the last migrations of a tree, of which the first keeps the data with the
/// earlier ones.
async fn since(tree: &Tree) -> Result<[Duration; 2], Box<dyn Error>> {
    let registry = registry(tree);
    let all = registry.migrations().map(|migration| migration.version);
    let mut versions: Vec<_> = all.collect();
    versions.sort();
    let since = versions
        .len()
        .checked_sub(NEW)
        .and_then(|at| versions.get(at));
    let subject = Subject::of(Selection::All).since(since.copied());
    // The digest ends differently in each run of this program, so nothing is found at first.
    let key = prefix_digest(registry, &subject).ok_or("there is no prefix")?;
    let key = format!("{key}-{}", std::process::id());
    let started = Instant::now();
    let server = Throwaway::start()?;
    let client = connect(Settings::parse(&server.url("postgres"))?).await?;
    client
        .postgres()
        .batch_execute("CREATE DATABASE prepared")
        .await?;
    client.close().await;
    let mut client = connect(Settings::parse(&server.url("prepared"))?).await?;
    let prepared = prepare(&Stop::new(), &mut client, registry, &subject).await?;
    client.close().await;
    if prepared == Preparation::Failed {
        return Err("a script of the prefix failed".into());
    }
    server.keep(&key)?;
    let mut times = [Duration::ZERO; 2];
    let mut started = started;
    for time in &mut times {
        let open = async || {
            let kept = Throwaway::start_kept(Programs::find(None)?, &key)?;
            let server = kept.ok_or("nothing is kept")?;
            let settings = Settings::parse(&server.url("postgres"))?;
            let client = connect(settings).await?;
            let empty = Snapshot::take(client.postgres(), &Scope::default()).await?;
            place(server, Some(empty)).await
        };
        let jobs = Jobs::at_once(NonZeroUsize::MIN);
        let stop = Stop::new();
        let proof = prove_in_ranges(&stop, registry, &subject, jobs, open, |_| {}).await?;
        checked(proof, 0)?;
        *time = started.elapsed();
        started = Instant::now();
    }
    Ok(times)
}

/// A session on the prepared database of a server, or on a new one.
async fn place(
    server: Throwaway,
    empty: Option<Snapshot>,
) -> Result<Place<Throwaway>, Box<dyn Error>> {
    let url = match empty {
        Some(_) => server.url("prepared"),
        None => server.create_database().await?,
    };
    Ok(Place {
        client: connect(Settings::parse(&url)?).await?,
        empty,
        server,
    })
}

fn registry(tree: &Tree) -> &'static Registry {
    Box::leak(Box::new(resolve(tree).registry))
}

/// The most memory that this process has used so far, without the servers, in MB.
fn peak_memory() -> u64 {
    peak().unwrap_or_default() / 1_000_000
}

fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1_000.0
}
