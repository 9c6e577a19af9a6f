//! Times how long it takes to embed migrations and to start: migrator beside diesel.
//!
//! `cargo run --release -p migrator-bench --bin embed -- [ROUNDS [SIZE…]]`
//!
//! For each size it writes crates with the same scripts, builds them in turns from compiled
//! dependencies, and measures processor time. `clean` builds the whole crate with its build
//! script; `edit` builds it after one script was edited. The cost of a migration is the slope
//! from the smallest size. Nothing is downloaded.

#![expect(clippy::print_stdout, reason = "the program prints figures")]

mod builds;
mod leaf;

use std::collections::BTreeMap;
use std::error::Error;
use std::fs;
use std::path::Path;

use builds::{Profile, Work, Workspace};
use leaf::Kind;

/// The measured times by profile, work, size and kind.
type Times = BTreeMap<(Profile, Work, usize, Kind), Vec<f64>>;

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let rounds = arguments.next().map_or(Ok(3), |text| text.parse())?;
    let mut sizes = vec![10];
    sizes.extend(
        arguments
            .map(|text| text.parse())
            .collect::<Result<Vec<usize>, _>>()?,
    );
    if sizes.len() == 1 {
        sizes.extend([100, 1_000, 5_000]);
    }
    let folder = std::env::temp_dir().join(format!("migrator-embed-{}", std::process::id()));
    let outcome = measure(&folder, &sizes, rounds);
    fs::remove_dir_all(&folder)?;
    outcome
}

fn measure(folder: &Path, sizes: &[usize], rounds: usize) -> Result<(), Box<dyn Error>> {
    let workspace = Workspace::create(folder, sizes)?;
    for profile in Profile::ALL {
        let mut times = Times::new();
        workspace.warm(profile)?;
        for round in 0..rounds {
            for leaf in workspace.leaves() {
                for work in Work::ALL {
                    let took = workspace.time(leaf, profile, work, round)?;
                    let key = (profile, work, leaf.size, leaf.kind);
                    times.entry(key).or_default().push(took);
                }
            }
        }
        print(profile, sizes, &mut times);
        for leaf in workspace.leaves() {
            let bytes = fs::metadata(workspace.program(leaf, profile))?.len();
            println!(
                "{:>8} {:>7} {:>8} {:>10} bytes",
                profile.name(),
                leaf.size,
                leaf.kind.name(),
                bytes
            );
        }
    }
    Ok(())
}

fn print(profile: Profile, sizes: &[usize], times: &mut Times) {
    let smallest = sizes.first().copied().unwrap_or_default();
    for work in Work::ALL {
        println!(
            "\n{:>8} {:>6} {:>9} {:>10} {:>10} {:>13} {:>10}",
            profile.name(),
            "size",
            work.name(),
            work.unit(),
            "of diesel",
            "a migration",
            "of diesel"
        );
        for &size in sizes {
            let mut medians = |size, kind| {
                let all = times.get_mut(&(profile, work, size, kind)).map(|all| {
                    all.sort_by(f64::total_cmp);
                    all.get(all.len() / 2).copied().unwrap_or_default()
                });
                all.unwrap_or_default()
            };
            let more = f64::from(u32::try_from(size - smallest).unwrap_or(u32::MAX));
            let mut slope = |kind| (medians(size, kind) - medians(smallest, kind)) / more;
            let slopes = Kind::ALL.map(&mut slope);
            let of_diesel = slopes.first().copied().unwrap_or_default();
            let diesel = medians(size, Kind::Diesel);
            for (kind, slope) in Kind::ALL.into_iter().zip(slopes) {
                let median = medians(size, kind);
                print!(
                    "{:>8} {size:>6} {:>9} {median:>10.3} {:>10.2}",
                    "",
                    kind.name(),
                    median / diesel
                );
                match size == smallest {
                    true => println!(),
                    false => println!(" {:>13.4} {:>10.2}", slope * Work::PER, slope / of_diesel),
                }
            }
        }
    }
}
